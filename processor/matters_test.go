package processor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

const (
	readsSentence    = "sentence detail 1200835"
	readsBooking     = "booking 1200835"
	readsMovement    = "movement 1200835 7"
	readsIdentifiers = "identifiers 1200835"
)

func TestMatters(t *testing.T) {
	older := statusChanged
	older.StatusSeq = 1
	dates := ptpu.Payload{EventType: ptpu.SentenceDatesChanged}
	release := ptpu.Payload{EventType: ptpu.ConfirmedReleaseDateChanged}
	inactive := func(w *world) { w.nomis.booking.Active = false }
	elsewhere := func(w *world) { w.nomis.booking.Agency = "WWI" }
	neither := func(w *world) { inactive(w); elsewhere(w) }
	everywhere := func(w *world) { w.prisons, w.nomis.booking.Agency = ptpu.NewPrisons(), "WWI" }
	for _, c := range []struct {
		name   string
		event  ptpu.Payload
		change func(*world)
		want   ptpu.Reason
		asked  []string
	}{
		{"status: the newest", statusChanged, nil, "", []string{readsSentence, readsBooking}},
		{"status: an older one", older, nil, ptpu.NonZeroSequence, nil},
		{
			"status: no sentence that has started", statusChanged, func(w *world) { w.nomis.sentence.SentenceStart = ptpu.Date{}; neither(w) },
			ptpu.NoSentenceStartDate,
			[]string{readsSentence},
		},
		{"status: not active", statusChanged, inactive, ptpu.NotActiveBooking, []string{readsSentence, readsBooking}},
		{"status: elsewhere", statusChanged, elsewhere, ptpu.NotAtInterestedPrison, []string{readsSentence, readsBooking}},
		{"status: neither active nor here", statusChanged, neither, ptpu.NotActiveBooking, []string{readsSentence, readsBooking}},
		{"status: anywhere when every prison counts", statusChanged, everywhere, "", []string{readsSentence, readsBooking}},

		{"movement: a transfer", moved, nil, "", []string{readsMovement, readsBooking}},
		{
			"movement: not found", moved, func(w *world) { w.fails["movement"] = failed(ptpu.ErrNotFound) },
			ptpu.MovementNotFound,
			[]string{readsMovement},
		},
		{
			"movement: a release to elsewhere", moved, func(w *world) { w.nomis.movement.Type, w.nomis.movement.To = "REL", "WWI" },
			ptpu.NotATransfer,
			[]string{readsMovement},
		},
		{
			"movement: an admission to nowhere", moved, func(w *world) { w.nomis.movement.To = "" },
			ptpu.NotATransfer,
			[]string{readsMovement},
		},
		{
			"movement: an admission to a blank, when every prison counts", moved, func(w *world) { everywhere(w); w.nomis.movement.To = " " },
			ptpu.NotATransfer,
			[]string{readsMovement},
		},
		{
			"movement: elsewhere, of a past booking", moved, func(w *world) { w.nomis.movement.To = "WWI"; inactive(w) },
			ptpu.NotAnInterestedPrison,
			[]string{readsMovement},
		},
		{"movement: of a past booking", moved, inactive, ptpu.NotActiveBooking, []string{readsMovement, readsBooking}},
		{"movement: the prison asked for is the movement's own", moved, elsewhere, "", []string{readsMovement, readsBooking}},

		{"sentence dates: active and here", dates, nil, "", []string{readsBooking}},
		{"sentence dates: not active", dates, inactive, ptpu.NotActiveBooking, []string{readsBooking}},
		{"sentence dates: elsewhere", dates, elsewhere, ptpu.NotAtInterestedPrison, []string{readsBooking}},
		{"sentence dates: neither active nor here", dates, neither, ptpu.NotActiveBooking, []string{readsBooking}},

		{"release date: active and here", release, nil, "", []string{readsBooking}},
		{"release date: not active", release, inactive, ptpu.NotActiveBooking, []string{readsBooking}},
		{"release date: elsewhere", release, elsewhere, ptpu.NotAtInterestedPrison, []string{readsBooking}},
		{"release date: neither active nor here", release, neither, ptpu.NotActiveBooking, []string{readsBooking}},

		{"booking number: merged", renumbered, nil, "", []string{readsBooking, readsIdentifiers}},
		{"booking number: of a past booking", renumbered, inactive, "", []string{readsBooking, readsIdentifiers}},
		{"booking number: elsewhere", renumbered, elsewhere, ptpu.NotAtInterestedPrison, []string{readsBooking}},
		{
			"booking number: nothing merged", renumbered, func(w *world) { w.nomis.identifiers = nil },
			ptpu.NoMergedOffenders,
			[]string{readsBooking, readsIdentifiers},
		},
		{
			"booking number: identifiers of other kinds", renumbered,
			func(w *world) { w.nomis.identifiers = []ptpu.Identifier{{Type: "PNC", Value: "03/11999M"}} },
			ptpu.NoMergedOffenders,
			[]string{readsBooking, readsIdentifiers},
		},

		{"an event type that we do not act on", ptpu.Payload{EventType: "OFFENDER-UPDATED"}, nil, ptpu.UnknownEventType, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			c.event.BookingID = bookingID
			got, err := w.processor(t).Matters(t.Context(), c.event)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			want := ptpu.Verdict{Reason: c.want}
			if slices.Contains(c.asked, readsBooking) {
				want.Booking = w.nomis.booking
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(c.asked, w.lines); diff != "" {
				t.Errorf("reads: want -, got +:\n%s", diff)
			}
		})
	}
}

// Facts that could not be had are no "no": the notice goes back to the queue. A
// booking that is not found may be NOMIS lagging behind its own event.
func TestMattersCannotSayWithoutTheFacts(t *testing.T) {
	for _, c := range []struct {
		event  ptpu.Payload
		reads  []string
		answer string // a read of which "not found" is an answer
	}{
		{statusChanged, []string{"sentence detail", "booking"}, ""},
		{moved, []string{"movement", "booking"}, "movement"},
		{ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, []string{"booking"}, ""},
		{ptpu.Payload{EventType: ptpu.ConfirmedReleaseDateChanged}, []string{"booking"}, ""},
		{renumbered, []string{"booking", "identifiers"}, ""},
	} {
		for i, read := range c.reads {
			for name, failure := range failures() {
				if read == c.answer && errors.Is(failure, ptpu.ErrNotFound) {
					continue
				}
				t.Run(strings.Join([]string{string(c.event.EventType), read, name}, "/"), func(t *testing.T) {
					w := newWorld(t)
					w.fails[read] = failure
					c.event.BookingID = bookingID
					_, err := w.processor(t).Matters(t.Context(), c.event)
					wantFailure(t, err, failure)
					wantNamed(t, err)
					if got, want := len(w.lines), i+1; got != want {
						t.Errorf("asked %q, want nothing after %s", w.lines, read)
					}
				})
			}
		}
	}
}

// failures are all the ways in which a call can fail.
func failures() map[string]error {
	deadline := failed(ptpu.ErrUnavailable)
	deadline.Cause = context.DeadlineExceeded
	return map[string]error{
		"no answer":       failed(ptpu.ErrUnavailable),
		"a deadline":      deadline,
		"our credentials": failed(ptpu.ErrDenied),
		"this request":    failed(ptpu.ErrRefused),
		"not found":       failed(ptpu.ErrNotFound),
		"a conflict":      failed(ptpu.ErrConflict),
		"told to stop":    context.Canceled,
		"the claim lost":  ptpu.ErrClaimLost,
	}
}

// wantFailure checks that the error is that of the call, still of its class.
func wantFailure(t *testing.T, err, failure error) {
	t.Helper()
	if !errors.Is(err, failure) {
		t.Fatalf("got error %v, want it to wrap %v", err, failure)
	}
	if got, want := ptpu.ClassOf(err), ptpu.ClassOf(failure); got != want {
		t.Errorf("got class %s, want %s", got, want)
	}
	var want, got *ptpu.CallError
	if errors.As(failure, &want) && (!errors.As(err, &got) || got != want) {
		t.Errorf("got call %v in error %v, want %v", got, err, want)
	}
	wantNoPerson(t, "error", err.Error())
}

// wantNamed checks that the error says whose case it is.
func wantNamed(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); !strings.Contains(text, bookingID.String()) && !strings.Contains(text, string(no)) {
		t.Errorf("got error %q, want it to name booking %s or offender %s", text, bookingID, no)
	}
}
