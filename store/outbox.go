package store

import (
	"strings"

	"ptpu"
	"ptpu/table"
)

// announcementItem writes an owed domain event as a row. Its key is the change
// itself, so that the same event is owed once.
func announcementItem(a ptpu.Announcement) table.Item {
	attributes := table.Attributes{"messageId": string(a.MessageID)}
	putJSON(attributes, "change", a.Change)
	putInstant(attributes, "since", a.Since)
	putInstant(attributes, "due", a.Due)
	put(attributes, "traceParent", string(a.Trace))
	put(attributes, "tries", int64(a.Tries))
	return table.Item{
		Key:        table.Key{Partition: a.BookingID.String(), Sort: outboxKind + changeKey(a.Change)},
		Index:      dueAt(a.BookingID, a.Due),
		Attributes: attributes,
	}
}

func announcementOf(item table.Item) (ptpu.Announcement, error) {
	f := fields{attributes: item.Attributes}
	a := ptpu.Announcement{
		MessageID: ptpu.MessageID(f.text("messageId")),
		Since:     f.instant("since"),
		Trace:     ptpu.TraceParent(f.text("traceParent")),
		Due:       f.instant("due"),
		Tries:     f.count("tries"),
	}
	f.json("change", &a.Change)
	a.BookingID = f.booking(item.Key)
	if f.err != nil {
		return ptpu.Announcement{}, rowError(item.Key, f.err)
	}
	return a, nil
}

// openWriteItem writes an identifier write without an answer as a row.
func openWriteItem(o ptpu.OpenWrite) table.Item {
	attributes := table.Attributes{"messageId": string(o.MessageID)}
	putJSON(attributes, "write", o.Write)
	put(attributes, "attempt", int64(o.Attempt))
	putInstant(attributes, "until", o.Until)
	putInstant(attributes, "due", o.Due)
	return table.Item{
		Key:        table.Key{Partition: o.BookingID.String(), Sort: unfinishedKind + changeKey(o.Write.Change(o.Write.CRN))},
		Index:      dueAt(o.BookingID, o.Due),
		Attributes: attributes,
	}
}

func openWriteOf(item table.Item) (ptpu.OpenWrite, error) {
	f := fields{attributes: item.Attributes}
	o := ptpu.OpenWrite{
		MessageID: ptpu.MessageID(f.text("messageId")),
		Attempt:   f.count("attempt"),
		Until:     f.instant("until"),
		Due:       f.instant("due"),
	}
	f.json("write", &o.Write)
	o.BookingID = f.booking(item.Key)
	if f.err != nil {
		return ptpu.OpenWrite{}, rowError(item.Key, f.err)
	}
	return o, nil
}

// changeKey names an identifier change within a booking.
func changeKey(c ptpu.IdentifierChange) string {
	return strings.Join([]string{string(c.CRN), string(c.Previous), string(c.OffenderNo), string(c.BookNumber)}, "#")
}
