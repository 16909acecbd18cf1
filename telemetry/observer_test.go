package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/telemetry"
)

type fields = map[string]any

func TestAnObserverNeedsALogger(t *testing.T) {
	if _, err := telemetry.NewObserver(telemetry.Config{}); err == nil {
		t.Error("got no error, want one that asks for a logger")
	}
}

func TestOneLineForEachAttempt(t *testing.T) {
	miss := attempt(ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.TooManyMatches, facts(&known)), nil)
	miss.After.Attempts, miss.After.Retries = 4, 3
	miss.After.MatchingCRNs = known.Candidates
	miss.After.Due = time.Date(2026, 3, 1, 14, 0, 0, 999, time.UTC)
	done := attempt(ptpu.ExternalMovementInserted, ptpu.NoLongerMatters(ptpu.MovementNotFound, ptpu.Facts{}), nil)
	failed := attempt(ptpu.SentenceDatesChanged, ptpu.Outcome{}, fmt.Errorf("reading booking 1200835: %w", outage))
	failed.After.State, failed.After.Reason = ptpu.Failed, "reading booking 1200835"
	for name, c := range map[string]struct {
		attempt ptpu.Attempt
		want    fields // besides time, trace id and how long it took
		events  []string
	}{
		"a business miss": {
			miss,
			fields{
				"level": "INFO", "msg": "attempt", "bookingId": 1200835.0, "messageId": "m1", "eventType": "IMPRISONMENT_STATUS-CHANGED",
				"state": "TOO_MANY_MATCHES", "attempt": 4.0, "retryCount": 3.0, "crns": "X100001, X100002", "due": "2026-03-01T14:00:00Z",
			},
			[]string{"P2POffenderMatch"},
		},
		"done": {
			done,
			fields{
				"level": "INFO", "msg": "attempt", "bookingId": 1200835.0, "messageId": "m1", "eventType": "EXTERNAL_MOVEMENT_RECORD-INSERTED",
				"state": "NO_LONGER_VALID", "reason": "Movement not found", "attempt": 1.0, "retryCount": 0.0, "crns": "",
			},
			[]string{"P2PExternalMovement", "P2PTransferIgnored"},
		},
		"failed": {
			failed,
			fields{
				"level": "WARN", "msg": "attempt", "bookingId": 1200835.0, "messageId": "m1", "eventType": "SENTENCE_DATES-CHANGED",
				"state": "ERROR", "reason": "reading booking 1200835", "attempt": 1.0, "retryCount": 0.0, "crns": "",
				"class": "transient", "error": "reading booking 1200835: community-api PUT /secure/{crn}: unavailable (status 503)",
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "a business miss" {
				c.attempt.After.Due = time.Time{}
			}
			var out bytes.Buffer
			o := newObserver(t, newLogger(t, &out, "info", "json"))
			ctx, trace := o.Attempting(t.Context(), c.attempt.Before)
			traceID := trace.TraceID()
			o.Attempted(ctx, c.attempt)
			line, others := split(t, &out, "attempt")
			if line["traceId"] != traceID {
				t.Errorf("got trace id %v, want %q", line["traceId"], traceID)
			}
			if _, ok := line["took"]; !ok {
				t.Error("the line does not say how long the attempt took")
			}
			for _, varies := range []string{"time", "traceId", "took"} {
				delete(line, varies)
			}
			if diff := cmp.Diff(c.want, line); diff != "" {
				t.Errorf("line: want -, got +:\n%s", diff)
			}
			wantEvents(t, others, traceID, c.events...)
		})
	}
}

func TestAnEventIsToldWithItsProperties(t *testing.T) {
	var out bytes.Buffer
	o := newObserver(t, newLogger(t, &out, "info", "json"))
	ctx, trace := o.Attempting(t.Context(), ptpu.Message{})
	traceID := trace.TraceID()
	o.Changed(ctx, 1200835, ptpu.IdentifierChange{CRN: "X100004", OffenderNo: "A1111BC", Previous: "A9999BC", BookNumber: "41001A"})
	got := lines(t, &out)
	if len(got) != 1 || got[0]["msg"] != "P2PBookingNumberChanged" || got[0]["traceId"] != traceID {
		t.Fatalf("got %v, want one P2PBookingNumberChanged of trace %s", got, traceID)
	}
	want := fields{"bookingId": "1200835", "offenderNo": "A1111BC", "oldOffenderNo": "A9999BC", "crn": "X100004"}
	if diff := cmp.Diff(any(want), got[0]["event"]); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestOneLineForEachNotice(t *testing.T) {
	payload := ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: 1200835}
	for _, c := range []struct {
		ruling ptpu.Ruling
		want   fields // besides what stands on every line
	}{
		{ptpu.Ruling{Decision: ptpu.Stored}, fields{"level": "INFO", "decision": "stored"}},
		{ptpu.Ruling{Decision: ptpu.Duplicate}, fields{"level": "INFO", "decision": "duplicate"}},
		{
			ptpu.Ruling{Decision: ptpu.Ignored, Reason: ptpu.NotActiveBooking},
			fields{"level": "INFO", "decision": "ignored", "reason": "Not an active booking"},
		},
		{
			ptpu.Ruling{Decision: ptpu.HandedBack, Err: outage},
			fields{"level": "WARN", "decision": "handed back", "error": "community-api PUT /secure/{crn}: unavailable (status 503)"},
		},
		{
			ptpu.Ruling{Decision: ptpu.DeadLettered, Err: errors.New("malformed notice: no booking id")},
			fields{"level": "WARN", "decision": "dead-lettered", "error": "malformed notice: no booking id"},
		},
		{
			ptpu.Ruling{Decision: ptpu.Interrupted, Err: context.Canceled},
			fields{"level": "INFO", "decision": "interrupted", "error": "context canceled"},
		},
	} {
		t.Run(string(c.ruling.Decision), func(t *testing.T) {
			c.ruling.ID, c.ruling.Payload, c.ruling.Receives = "m1", payload, 2
			var out bytes.Buffer
			o := newObserver(t, newLogger(t, &out, "info", "json"))
			ctx, trace := o.Receiving(t.Context(), "")
			traceID := trace.TraceID()
			o.Ruled(ctx, c.ruling)
			line, others := split(t, &out, "notice")
			delete(line, "time")
			maps.Copy(c.want, fields{
				"msg": "notice", "traceId": traceID, "messageId": "m1", "bookingId": 1200835.0, "eventType": "SENTENCE_DATES-CHANGED", "receives": 2.0,
			})
			if diff := cmp.Diff(c.want, line); diff != "" {
				t.Errorf("line: want -, got +:\n%s", diff)
			}
			wantEvents(t, others, traceID)
		})
	}
}

func TestNoTwoNoticesOrAttemptsShareATrace(t *testing.T) {
	o := newObserver(t, newLogger(t, &bytes.Buffer{}, "info", "json"))
	seen := map[string]bool{}
	for range 10 {
		_, received := o.Receiving(t.Context(), "")
		_, attempted := o.Attempting(t.Context(), ptpu.Message{})
		seen[received.TraceID()], seen[attempted.TraceID()] = true, true
	}
	if len(seen) != 20 || seen[""] {
		t.Errorf("got %d ids for 20 traces: %v", len(seen), seen)
	}
}

func TestANoticeJoinsTheTraceThatItCameWith(t *testing.T) {
	o := newObserver(t, newLogger(t, &bytes.Buffer{}, "info", "json"))
	came := ptpu.TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if _, trace := o.Receiving(t.Context(), came); trace.TraceID() != came.TraceID() || trace == came {
		t.Errorf("it came with %s and goes on as %s; want a span of its own in the same trace", came, trace)
	}
	if _, trace := o.Receiving(t.Context(), "nonsense"); trace.TraceID() == "" {
		t.Error("nonsense left the notice without a trace")
	}
}

func TestOneLineForEverythingElseThatHappens(t *testing.T) {
	m := attempt(ptpu.ImprisonmentStatusChanged, ptpu.Outcome{}, nil).Before
	m.State, m.Retries = ptpu.NoMatch, 12
	about := fields{"messageId": "m1", "bookingId": 1200835.0, "eventType": "IMPRISONMENT_STATUS-CHANGED"}
	owed := ptpu.Announcement{BookingID: 1200835, MessageID: "m1", Change: ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"}}
	change := fields{"messageId": "m1", "bookingId": 1200835.0, "crn": "X100001", "offenderNo": "A1111BC"}
	for _, c := range []struct {
		line   string
		tell   func(context.Context, *telemetry.Observer)
		common fields
		want   fields
		events []string
	}{
		{
			"superseded", func(ctx context.Context, o *telemetry.Observer) { o.Superseded(ctx, m.SupersedeBy("m2", m.Created)) },
			about,
			fields{"level": "INFO", "by": "m2"},
			nil,
		},
		{
			"expired", func(ctx context.Context, o *telemetry.Observer) { o.Expired(ctx, m, m.Expire(m.Created)) },
			about,
			fields{"level": "WARN", "stateBefore": "NO_MATCH"},
			[]string{"P2PMessageExpired"},
		},
		{
			"poisoned", func(ctx context.Context, o *telemetry.Observer) { o.Poisoned(ctx, m.AsPoison()) },
			about,
			fields{"level": "ERROR"},
			nil,
		},
		{
			"domain event published", func(ctx context.Context, o *telemetry.Observer) { o.Published(ctx, owed, nil) },
			change,
			fields{"level": "INFO"},
			nil,
		},
		{
			"domain event not published yet", func(ctx context.Context, o *telemetry.Observer) { o.Published(ctx, owed, errors.New("topic away")) },
			change,
			fields{"level": "WARN", "error": "topic away"},
			nil,
		},
		{
			"stumbled", func(ctx context.Context, o *telemetry.Observer) { o.Stumbled(ctx, errors.New("table away")) },
			nil,
			fields{"level": "ERROR", "error": "table away"},
			nil,
		},
	} {
		t.Run(c.line, func(t *testing.T) {
			var out bytes.Buffer
			o := newObserver(t, newLogger(t, &out, "info", "json"))
			ctx, trace := o.Attempting(t.Context(), m)
			traceID := trace.TraceID()
			c.tell(ctx, o)
			line, others := split(t, &out, c.line)
			delete(line, "time")
			maps.Copy(c.want, c.common)
			maps.Copy(c.want, fields{"msg": c.line, "traceId": traceID})
			if diff := cmp.Diff(c.want, line); diff != "" {
				t.Errorf("line: want -, got +:\n%s", diff)
			}
			wantEvents(t, others, traceID, c.events...)
		})
	}
}

// The facts of an attempt know who the person is; nothing that is told does.
func TestTheObserverTellsNoPerson(t *testing.T) {
	all := facts(&known)
	all.Movement = &movement
	payload := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1200835}
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		o := newObserver(t, newLogger(t, &out, "debug", format))
		ctx, _ := o.Receiving(t.Context(), "")
		o.Ruled(ctx, ptpu.Ruling{Decision: ptpu.Stored, ID: "m1", Payload: payload})
		for _, eventType := range ptpu.EventTypes() {
			for _, outcome := range []ptpu.Outcome{
				ptpu.Completes(all), ptpu.NoLongerMatters(ptpu.NotActiveBooking, all), ptpu.Later(ptpu.NoMatch, all),
				ptpu.Later(ptpu.LocationNotUpdated, all), ptpu.Later(ptpu.KeyDatesNotUpdated, all), ptpu.Later(ptpu.BookingNumberNotAssigned, all),
			} {
				for _, err := range []error{nil, outage} {
					a := attempt(eventType, outcome, err)
					ctx, _ := o.Attempting(t.Context(), a.Before)
					o.Attempted(ctx, a)
					o.Expired(ctx, a.Before, a.After)
					o.Superseded(ctx, a.After)
					o.Poisoned(ctx, a.After)
				}
			}
		}
		if out.Len() == 0 {
			t.Fatal("nothing was told")
		}
		wantNoPerson(t, format, out.String())
	}
}

// split parts the one line with the message from the others.
func split(t *testing.T, out *bytes.Buffer, message string) (line fields, others []fields) {
	t.Helper()
	for _, l := range lines(t, out) {
		switch {
		case l["msg"] != message:
			others = append(others, l)
		case line != nil:
			t.Fatalf("got a second line %q: %v", message, l)
		default:
			line = l
		}
	}
	if line == nil {
		t.Fatalf("got no line %q", message)
	}
	return line, others
}

// wantEvents checks that the lines are these custom events, in one trace.
func wantEvents(t *testing.T, got []fields, traceID string, want ...string) {
	t.Helper()
	var names []string
	for _, line := range got {
		names = append(names, fmt.Sprint(line["msg"]))
		if line["traceId"] != traceID {
			t.Errorf("event %v has trace id %v, want %s", line["msg"], line["traceId"], traceID)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("got further lines %q, want %q", names, want)
	}
}
