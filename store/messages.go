package store

import (
	"time"

	"ptpu"
	"ptpu/table"
)

func messageKey(booking ptpu.BookingID, id ptpu.MessageID) table.Key {
	return table.Key{Partition: booking.String(), Sort: messageKind + string(id)}
}

// itemOf writes a message as a row. The attribute names are those that staff,
// reports and the predecessor's tables use; ptpu's own stand below them. The
// row expires only once the message is processed: what waits is never removed.
func itemOf(m ptpu.Message) table.Item {
	a := table.Attributes{
		"id":          string(m.ID),
		"bookingId":   int64(m.BookingID),
		"eventType":   string(m.EventType),
		"message":     m.Payload,
		"createdDate": instant(m.Created),
		"retryCount":  int64(m.Retries),
		"deleteBy":    m.DeleteBy.Unix(),
		"reportable":  m.Reportable,
		"status":      string(m.State),
	}
	putInstant(a, "processedDate", m.Processed)
	put(a, "offenderNo", string(m.OffenderNo))
	put(a, "bookingNo", string(m.BookNumber))
	put(a, "locationId", string(m.LocationID))
	put(a, "locationDescription", m.LocationDescription)
	if m.Recall != nil {
		a["recall"] = *m.Recall
	}
	put(a, "legalStatus", m.LegalStatus)
	put(a, "matchingCrns", ptpu.JoinCRNs(m.MatchingCRNs))

	putInstant(a, "firstSeen", m.FirstSeen)
	putInstant(a, "due", m.Due)
	putInstant(a, "eventTime", m.EventTime)
	put(a, "movementSeq", m.MovementSeq)
	put(a, "statusSeq", m.StatusSeq)
	put(a, "reason", string(m.Reason))
	put(a, "attempts", int64(m.Attempts))
	put(a, "stumbles", int64(m.Stumbles))
	put(a, "supersededBy", string(m.SupersededBy))
	put(a, "traceParent", string(m.Trace))

	item := table.Item{
		Key:        messageKey(m.BookingID, m.ID),
		Index:      dueAt(m.BookingID, m.Wakes()),
		Attributes: a,
	}
	item.Index[createdIndex] = createdAt(m)
	if !m.Open() {
		item.Expires = m.DeleteBy
	}
	return item
}

// messageOf reads what itemOf writes.
func messageOf(item table.Item) (ptpu.Message, error) {
	f := fields{attributes: item.Attributes}
	m := ptpu.Message{
		ID:                  ptpu.MessageID(f.text("id")),
		BookingID:           ptpu.BookingID(f.number("bookingId")),
		EventType:           ptpu.EventType(f.text("eventType")),
		Payload:             f.text("message"),
		MovementSeq:         f.number("movementSeq"),
		StatusSeq:           f.number("statusSeq"),
		EventTime:           f.instant("eventTime"),
		State:               ptpu.State(f.text("status")),
		Reason:              ptpu.Reason(f.text("reason")),
		Created:             f.instant("createdDate"),
		FirstSeen:           f.instant("firstSeen"),
		Due:                 f.instant("due"),
		DeleteBy:            time.Unix(f.number("deleteBy"), 0).UTC(),
		Processed:           f.instant("processedDate"),
		Retries:             f.count("retryCount"),
		Attempts:            f.count("attempts"),
		Stumbles:            f.count("stumbles"),
		SupersededBy:        ptpu.MessageID(f.text("supersededBy")),
		Trace:               ptpu.TraceParent(f.text("traceParent")),
		OffenderNo:          ptpu.OffenderNo(f.text("offenderNo")),
		BookNumber:          ptpu.BookNumber(f.text("bookingNo")),
		LocationID:          ptpu.PrisonCode(f.text("locationId")),
		LocationDescription: f.text("locationDescription"),
		Recall:              f.flag("recall"),
		LegalStatus:         f.text("legalStatus"),
		MatchingCRNs:        ptpu.SplitCRNs(f.text("matchingCrns")),
		Version:             item.Version,
	}
	if reportable := f.flag("reportable"); reportable != nil {
		m.Reportable = *reportable
	}
	if f.err != nil {
		return ptpu.Message{}, rowError(item.Key, f.err)
	}
	return m, nil
}
