package ptpu_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ptpu"
)

// malformedText is all that is ever said of a payload: which field is wrong and
// how, in our own words.
var malformedText = regexp.MustCompile(`^malformed notice: (larger than 262144 bytes|not UTF-8|not a JSON object|not JSON|no event type|` +
	`eventType is of the wrong kind|booking id is not positive|` +
	`no (booking id|movement sequence)|(booking id|movement sequence|imprisonment status sequence) is not a whole number)$`)

// rowInstant is how the rows keep an instant.
const rowInstant = "2006-01-02T15:04:05.000000000Z"

func FuzzParsePayload(f *testing.F) {
	for i, payload := range samplePayloads(f) {
		f.Add(payload, uint8(i%len(forms)))
	}
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{"eventType":null}`, `{"eventType":{}}`, "{\"eventType\":\"\xff\"}",
		`{"eventType":"BOOKING_NUMBER-CHANGED","bookingId":"0012","bookingId":-1}`,
		`{"eventType":"EXTERNAL_MOVEMENT_RECORD-INSERTED","bookingId":9223372036854775807,"movementSeq":"-9223372036854775808"}`,
		`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1,"eventDatetime":"9999-12-31T23:59:59-01:00"}`,
		`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1,"eventDatetime":"0000-01-01T00:00:00+23:59"}`,
		`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1,"eventDatetime":"1847-11-30T23:58:45.999999999"}`,
		`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1,"eventDatetime":["2026-11-20T14:04:24"]}`,
	} {
		f.Add([]byte(seed), uint8(len(forms)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, form uint8) {
		p, err := ptpu.ParsePayload(raw)
		if again, errAgain := ptpu.ParsePayload(raw); again != p || (errAgain == nil) != (err == nil) {
			t.Errorf("read twice, %q is %+v (%v) and %+v (%v)", raw, p, err, again, errAgain)
		}
		if err != nil {
			if !errors.Is(err, ptpu.ErrMalformed) || p != (ptpu.Payload{}) || !malformedText.MatchString(err.Error()) {
				t.Errorf("%q is %+v with error %q, want nothing but a malformed notice, in words of our own", raw, p, err)
			}
			return
		}
		wantSound(t, raw, p)
		wantSamePayload(t, p, canonical(t, p))
		if field, ok := forms[form]; ok {
			wantSamePayload(t, p, withAnotherField(raw, field()))
		}
	})
}

// wantSound holds an accepted payload to what the rules rest on.
func wantSound(t *testing.T, raw []byte, p ptpu.Payload) {
	t.Helper()
	switch {
	case p.EventType == "":
		t.Errorf("%q has no event type", raw)
	case !p.EventType.Known() && p != (ptpu.Payload{EventType: p.EventType}):
		t.Errorf("%q is %+v, want nothing but the type of an event that is none of ours", raw, p)
	case p.EventType.Known() && p.BookingID <= 0:
		t.Errorf("%q is about booking %s, want a positive id", raw, p.BookingID)
	case p.MovementSeq != 0 && p.EventType != ptpu.ExternalMovementInserted:
		t.Errorf("%q has a movement sequence, want one of movements only", raw)
	}
	if p.EventTime.IsZero() {
		return
	}
	kept, err := time.Parse(rowInstant, p.EventTime.Format(rowInstant))
	if err != nil || !kept.Equal(p.EventTime) || p.EventTime.Location() != time.UTC {
		t.Errorf("%q happened at %s, which no row can keep: %s, %v", raw, p.EventTime, kept, err)
	}
}

// canonical writes the payload with nothing but what ptpu reads.
func canonical(t *testing.T, p ptpu.Payload) []byte {
	t.Helper()
	fields := map[string]any{"eventType": p.EventType, "bookingId": p.BookingID, "imprisonmentStatusSeq": p.StatusSeq}
	if p.EventType == ptpu.ExternalMovementInserted {
		fields["movementSeq"] = p.MovementSeq
	}
	if !p.EventTime.IsZero() {
		fields["eventDatetime"] = p.EventTime.Format(time.RFC3339Nano)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// forms are what a payload may hold besides what ptpu reads. They are made here
// and not by the fuzzer, which would spend its time on shortening them.
var forms = map[uint8]func() string{
	0: func() string { return `{"eventType":{},"bookingId":[],"movementSeq":{"":null}}` },
	1: func() string { return strings.Repeat("[", 9_990) + strings.Repeat("]", 9_990) },
	2: func() string { return strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) },
	3: func() string { return `"` + strings.Repeat("x", ptpu.MaxPayload/2) + `"` },
	4: func() string { return `"` + strings.Repeat("x", ptpu.MaxPayload) + `"` },
}

// withAnotherField gives the payload a field more, in front.
func withAnotherField(raw []byte, value string) []byte {
	_, rest, _ := bytes.Cut(raw, []byte("{"))
	return bytes.Join([][]byte{[]byte(`{"ofNoConcern":` + value + `,`), rest}, nil)
}

// wantSamePayload wants the same read from another text. One that is too large,
// or nested too deeply, is malformed instead.
func wantSamePayload(t *testing.T, want ptpu.Payload, raw []byte) {
	t.Helper()
	got, err := ptpu.ParsePayload(raw)
	if len(raw) > ptpu.MaxPayload || !json.Valid(raw) {
		if !errors.Is(err, ptpu.ErrMalformed) || !malformedText.MatchString(err.Error()) {
			t.Errorf("%d bytes beginning with %.40q are %+v, %v, want a malformed notice", len(raw), raw, got, err)
		}
		return
	}
	if err != nil || got != want {
		t.Errorf("%d bytes beginning with %.200q are %+v, %v, want %+v", len(raw), raw, got, err, want)
	}
}

// samplePayloads are the payloads inside the samples' SNS envelopes.
func samplePayloads(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "notices", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("samples: %v, %v", files, err)
	}
	var payloads [][]byte
	for _, file := range files {
		var envelope struct{ Message string }
		raw, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(raw, &envelope)
		}
		if err != nil {
			f.Fatal(err)
		}
		payloads = append(payloads, []byte(envelope.Message))
	}
	return payloads
}
