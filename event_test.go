package ptpu_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ptpu"
)

func TestPayloadOfEverySample(t *testing.T) {
	for file, want := range map[string]ptpu.Payload{
		"imprisonment-status-changed": {
			EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1300101,
			EventTime: time.Date(2026, 11, 20, 14, 4, 24, 125533000, time.UTC),
		},
		"imprisonment-status-changed-sequence-two": {
			EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1300101, StatusSeq: 2,
			EventTime: time.Date(2026, 11, 20, 14, 4, 24, 125000000, time.UTC),
		},
		"imprisonment-status-changed-without-sequence": {
			EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1300102,
			EventTime: time.Date(2026, 11, 20, 14, 4, 24, 0, time.UTC),
		},
		"external-movement-record-inserted": {
			EventType: ptpu.ExternalMovementInserted, BookingID: 1300103, MovementSeq: 1,
			EventTime: time.Date(2026, 11, 20, 13, 33, 23, 790725000, time.UTC),
		},
		"sentence-dates-changed": {
			EventType: ptpu.SentenceDatesChanged, BookingID: 1300105,
			EventTime: time.Date(2026, 11, 20, 11, 24, 32, 935401000, time.UTC),
		},
		"confirmed-release-date-changed": {
			EventType: ptpu.ConfirmedReleaseDateChanged, BookingID: 1300105,
			EventTime: time.Date(2026, 11, 20, 11, 24, 32, 935401000, time.UTC),
		},
		"booking-number-changed": {
			EventType: ptpu.BookingNumberChanged, BookingID: 1300104,
			EventTime: time.Date(2026, 11, 20, 10, 48, 26, 606784000, time.UTC),
		},
		"some-other-event": {EventType: "SOME_OTHER-EVENT"},
	} {
		got, err := ptpu.ParsePayload(samplePayload(t, file))
		if err != nil || got != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", file, got, err, want)
		}
	}
}

// samplePayload is the payload inside a sample's SNS envelope.
func samplePayload(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "notices", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Message string }
	if err := json.Unmarshal(raw, &envelope); err != nil {
		t.Fatal(err)
	}
	return []byte(envelope.Message)
}

func TestPayloadThatCanNeverBeValidated(t *testing.T) {
	for name, c := range map[string]struct{ raw, says string }{
		"not JSON":              {`hello`, "not a JSON object"},
		"half an object":        {`{"eventType":`, "not JSON"},
		"a list":                {`[1]`, "not a JSON object"},
		"nothing":               {``, "not a JSON object"},
		"no event type":         {`{"bookingId":1}`, "no event type"},
		"an empty event type":   {`{"eventType":" ","bookingId":1}`, "no event type"},
		"no booking id":         {`{"eventType":"SENTENCE_DATES-CHANGED"}`, "no booking id"},
		"a null booking id":     {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":null}`, "no booking id"},
		"a word for an id":      {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":"twelve"}`, "not a whole number"},
		"a fraction for an id":  {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1.5}`, "whole number"},
		"an id too large":       {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":92233720368547758080}`, "whole number"},
		"a negative id":         {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":-5}`, "not positive"},
		"zero":                  {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":0}`, "not positive"},
		"an object for an id":   {`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":{}}`, "not a whole number"},
		"no movement sequence":  {`{"eventType":"EXTERNAL_MOVEMENT_RECORD-INSERTED","bookingId":1}`, "no movement sequence"},
		"a word for a sequence": {`{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":1,"imprisonmentStatusSeq":"x"}`, "not a whole number"},
		"not UTF-8":             {"{\"eventType\":\"\xff\"}", "not UTF-8"},
		"larger than the limit": {`{"eventType":"X","pad":"` + strings.Repeat("x", ptpu.MaxPayload) + `"}`, "larger than"},
		"deeply nested":         {strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ptpu.ParsePayload([]byte(c.raw))
			if !errors.Is(err, ptpu.ErrMalformed) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %+v, %v; want a malformed notice that says %q", p, err, c.says)
			}
		})
	}
}

func TestPayloadIsReadGenerously(t *testing.T) {
	summer := time.Date(2026, 7, 1, 11, 0, 0, 123456789, time.UTC)
	for name, c := range map[string]struct {
		raw  string
		want ptpu.Payload
	}{
		"a quoted id, as the predecessor took it": {
			`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":"12"}`,
			ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 12},
		},
		"London's time without an offset, in summer, to the nanosecond": {
			`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":12,"eventDatetime":"2026-07-01T12:00:00.123456789"}`,
			ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 12, EventTime: summer},
		},
		"Z": {
			`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":12,"eventDatetime":"2026-07-01T11:00:00.123456789Z"}`,
			ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 12, EventTime: summer},
		},
		"an offset": {
			`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":12,"eventDatetime":"2026-07-01T13:00:00.123456789+02:00"}`,
			ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 12, EventTime: summer},
		},
		"a time that is none": {
			`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":12,"eventDatetime":"yesterday"}`,
			ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 12},
		},
		"unknown fields": {
			`{"eventType":"BOOKING_NUMBER-CHANGED","bookingId":12,"previousBookingNumber":{"a":[1]}}`,
			ptpu.Payload{EventType: ptpu.BookingNumberChanged, BookingID: 12},
		},
		"another service's event, whatever else it holds": {
			`{"eventType":"SOME_OTHER-EVENT","bookingId":"not a number"}`,
			ptpu.Payload{EventType: "SOME_OTHER-EVENT"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ptpu.ParsePayload([]byte(c.raw)); err != nil || got != c.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestTheEventTypes(t *testing.T) {
	for _, eventType := range ptpu.EventTypes() {
		if !eventType.Known() {
			t.Errorf("%s is not known", eventType)
		}
		if got, want := eventType.Retried(), eventType == ptpu.ImprisonmentStatusChanged; got != want {
			t.Errorf("%s: retried %t, want %t", eventType, got, want)
		}
	}
	if other := ptpu.EventType("SOME_OTHER-EVENT"); other.Known() {
		t.Errorf("%s is known", other)
	}
}
