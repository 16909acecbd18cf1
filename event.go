package ptpu

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// EventType is the type of a prison event.
type EventType string

// The event types that ptpu acts on.
const (
	ImprisonmentStatusChanged   EventType = "IMPRISONMENT_STATUS-CHANGED"
	ExternalMovementInserted    EventType = "EXTERNAL_MOVEMENT_RECORD-INSERTED"
	SentenceDatesChanged        EventType = "SENTENCE_DATES-CHANGED"
	ConfirmedReleaseDateChanged EventType = "CONFIRMED_RELEASE_DATE-CHANGED"
	BookingNumberChanged        EventType = "BOOKING_NUMBER-CHANGED"
)

// eventTypes is in priority order: within a batch the status goes first,
// because it is what links the person that the others write about.
var eventTypes = []EventType{
	ImprisonmentStatusChanged,
	ExternalMovementInserted,
	SentenceDatesChanged,
	ConfirmedReleaseDateChanged,
	BookingNumberChanged,
}

// EventTypes lists the event types that ptpu acts on, in priority order.
func EventTypes() []EventType { return slices.Clone(eventTypes) }

// Known reports whether ptpu acts on this event type.
func (t EventType) Known() bool { return slices.Contains(eventTypes, t) }

// Retried reports whether a business miss is tried again by tier. The other
// types have one business attempt: a later event or the next status attempt
// brings the same facts.
func (t EventType) Retried() bool { return t == ImprisonmentStatusChanged }

// MaxPayload is the largest notice that is looked into, in bytes: what SQS and
// SNS carry. A larger one can never be validated.
const MaxPayload = 256 * 1024

// Payload is what a prison event says, as far as ptpu uses it.
type Payload struct {
	EventType EventType
	BookingID BookingID
	// MovementSeq numbers the booking's movements, upwards. StatusSeq numbers
	// its imprisonment statuses from the newest; absent is 0.
	MovementSeq int64
	StatusSeq   int64
	// EventTime is when it happened in NOMIS; zero when the payload does not say.
	EventTime time.Time
}

// ParsePayload reads a prison event. A type that ptpu does not act on is no
// error: nothing but the type is read of it. An error wraps ErrMalformed and
// says what is wrong without repeating the payload.
func ParsePayload(raw []byte) (Payload, error) {
	var fields struct {
		EventDatetime         any             `json:"eventDatetime"`
		BookingID             json.RawMessage `json:"bookingId"`
		MovementSeq           json.RawMessage `json:"movementSeq"`
		ImprisonmentStatusSeq json.RawMessage `json:"imprisonmentStatusSeq"`
	}
	switch {
	case len(raw) > MaxPayload:
		return Payload{}, malformed("larger than %d bytes", MaxPayload)
	case !utf8.Valid(raw):
		return Payload{}, malformed("not UTF-8")
	}
	var typed struct {
		EventType string `json:"eventType"`
	}
	if err := decodeObject(raw, &typed); err != nil {
		return Payload{}, err
	}
	p := Payload{EventType: EventType(strings.TrimSpace(typed.EventType))}
	if p.EventType == "" {
		return Payload{}, malformed("no event type")
	}
	if !p.EventType.Known() {
		return p, nil
	}
	if err := decodeObject(raw, &fields); err != nil {
		return Payload{}, err
	}
	id, err := parseNumber("booking id", fields.BookingID)
	if err != nil {
		return Payload{}, err
	}
	if id <= 0 {
		return Payload{}, malformed("booking id is not positive")
	}
	p.BookingID = BookingID(id)
	if p.EventType == ExternalMovementInserted {
		if p.MovementSeq, err = parseNumber("movement sequence", fields.MovementSeq); err != nil {
			return Payload{}, err
		}
	}
	if given(fields.ImprisonmentStatusSeq) {
		if p.StatusSeq, err = parseNumber("imprisonment status sequence", fields.ImprisonmentStatusSeq); err != nil {
			return Payload{}, err
		}
	}
	if text, ok := fields.EventDatetime.(string); ok {
		p.EventTime = parseEventTime(text)
	}
	return p, nil
}

func decodeObject(raw []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return malformed("not a JSON object")
	}
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(raw, into); {
	case errors.As(err, &wrong):
		return malformed("%s is of the wrong kind", wrong.Field)
	case err != nil:
		return malformed("not JSON")
	}
	return nil
}

func given(field json.RawMessage) bool { return len(field) > 0 && string(field) != "null" }

// parseNumber reads a whole number, bare or quoted: the predecessor took both.
func parseNumber(what string, field json.RawMessage) (int64, error) {
	if !given(field) {
		return 0, malformed("no %s", what)
	}
	text := string(field)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, malformed("%s is not a whole number", what)
	}
	return v, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// eventTimeLayouts are tried in turn: NOMIS writes London's local time without
// an offset, other publishers add one. A fraction is accepted by all.
var eventTimeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05Z0700"}

// parseEventTime gives the zero time for what it cannot read: the time only
// orders events of one booking, and the time of arrival then serves instead. A
// time whose offset takes it out of the years 1 to 9999 is one of those: no row
// that held it could be read again.
func parseEventTime(s string) time.Time {
	for _, layout := range eventTimeLayouts {
		if t, err := time.ParseInLocation(layout, s, London); err == nil {
			if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
				return time.Time{}
			}
			return t
		}
	}
	return time.Time{}
}
