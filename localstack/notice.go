package localstack

import (
	"crypto/sha1" //nolint:gosec // RFC 9562 makes UUIDs of version 5 with it; nothing is secret.
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// The event types of the samples, as they stand on the topic.
const (
	statusChanged = "IMPRISONMENT_STATUS-CHANGED"
	movementAdded = "EXTERNAL_MOVEMENT_RECORD-INSERTED"
	sentenceDates = "SENTENCE_DATES-CHANGED"
	releaseDate   = "CONFIRMED_RELEASE_DATE-CHANGED"
	bookingNumber = "BOOKING_NUMBER-CHANGED"
)

var nomisEventTypes = map[string]string{
	statusChanged: "OFF_IMP_STAT_OASYS",
	movementAdded: "M1_RESULT",
	sentenceDates: "S2_RESULT",
	releaseDate:   "CONFIRMED_RELEASE_DATE-CHANGED",
	bookingNumber: "BOOK_UPD_OASYS",
}

// firstEvent is when the first event of the samples happened.
var firstEvent = time.Date(2026, time.November, 20, 14, 4, 24, 125_533_000, time.UTC)

// event is the payload of one prison event; NOMIS writes local time without an
// offset.
func event(eventType string, bookingID int64, at time.Time, more map[string]any) string {
	fields := map[string]any{
		"eventType":      eventType,
		"eventDatetime":  at.Format("2006-01-02T15:04:05.999999"),
		"bookingId":      bookingID,
		"nomisEventType": nomisEventTypes[eventType],
	}
	for name, value := range more {
		fields[name] = value
	}
	return mustJSON(fields)
}

// envelope wraps a payload as SNS does. The key alone decides the MessageId.
func envelope(key, eventType, payload string) Notice {
	type attribute struct {
		Type  string `json:"Type"`
		Value string `json:"Value"`
	}
	attributes := map[string]attribute{
		"id":          {"String", uuid("event " + key)},
		"contentType": {"String", "text/plain;charset=UTF-8"},
		"timestamp":   {"Number.java.lang.Long", "1795183509169"},
	}
	if eventType != "" {
		attributes["eventType"] = attribute{"String", eventType}
	}
	return Notice{Body: []byte(mustJSON(map[string]any{
		"Type":              "Notification",
		"MessageId":         uuid("notice " + key),
		"TopicArn":          "arn:aws:sns:eu-west-2:000000000000:offender_events",
		"Message":           payload,
		"Timestamp":         "2026-11-20T14:05:09.169Z",
		"SignatureVersion":  "1",
		"Signature":         "not-checked",
		"SigningCertURL":    "https://example.invalid/cert.pem",
		"UnsubscribeURL":    "https://example.invalid/unsubscribe",
		"MessageAttributes": attributes,
	}))}
}

// tell makes the story of one notice about one booking.
func tell(name, eventType string, b Booking, promise Promise, offenders ...Offender) story {
	var more map[string]any
	switch eventType {
	case statusChanged:
		more = map[string]any{"imprisonmentStatusSeq": 0}
	case movementAdded:
		more = map[string]any{"movementSeq": 1}
	}
	promise.BookingID = b.BookingID
	return story{
		Sample: Sample{
			Name:    name,
			Notices: []Notice{envelope(name, eventType, event(eventType, b.BookingID, firstEvent, more))},
			Promise: promise,
		},
		bookings:  []Booking{b},
		offenders: offenders,
	}
}

// butFor is the story with something that goes wrong.
func (s story) butFor(faults ...Fault) story {
	s.faults = append(s.faults, faults...)
	return s
}

// sending is the story with other notices.
func (s story) sending(notices ...Notice) story {
	s.Notices = notices
	return s
}

// uuid is the UUID of version 5 of a name, so that it is the same on every run.
func uuid(name string) string {
	sum := sha1.Sum([]byte("localstack " + name)) //nolint:gosec // See the import.
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	s := hex.EncodeToString(id)
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		// Only maps of plain values come here.
		panic(err)
	}
	return string(text)
}
