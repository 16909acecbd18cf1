package processor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/processor"
)

func TestNewRefusesWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		prison    processor.Prison
		probation processor.Probation
		matcher   processor.Matcher
	}{
		"prison":    {nil, w.delius, w.chain},
		"probation": {w.nomis, nil, w.chain},
		"matcher":   {w.nomis, w.delius, nil},
	} {
		if _, err := processor.New(c.prison, c.probation, c.matcher, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got error %v, want one that names it", name, err)
		}
	}
}

func TestAMessageOfAnUnknownTypeIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.process(t, ptpu.Payload{EventType: "OFFENDER-UPDATED"})
	if !errors.Is(err, ptpu.ErrRefused) || len(w.lines) != 0 {
		t.Errorf("got error %v after asking %q, want %v and nothing asked", err, w.lines, ptpu.ErrRefused)
	}
}

// Whatever call fails and however, the attempt ends there: nothing more is asked
// or written, the call's error can be found, and what was learnt is handed on.
func TestAFailedCallEndsTheAttempt(t *testing.T) {
	for _, c := range []struct {
		event   ptpu.Payload
		call    string
		learnt  string
		answers []error // failures that the rules give a meaning
		others  bool    // whoever fails names the case
	}{
		{event: statusChanged, call: "sentence detail"},
		{event: statusChanged, call: "sentence terms", learnt: "sentence"},
		{event: statusChanged, call: "booking", learnt: "sentence"},
		{event: statusChanged, call: "prisoner", learnt: "sentence booking"},
		{event: statusChanged, call: "match", learnt: "sentence booking prisoner", others: true},
		{event: statusChanged, call: "intend", learnt: "sentence booking prisoner match", others: true},
		{event: statusChanged, call: "set-noms-number", learnt: "sentence booking prisoner match"},
		{event: statusChanged, call: "set-book-number", learnt: "sentence booking prisoner match", answers: []error{ptpu.ErrNotFound}},
		{event: statusChanged, call: "set-location", learnt: "sentence booking prisoner match", answers: []error{ptpu.ErrNotFound}},
		{event: statusChanged, call: "replace-key-dates", learnt: "sentence booking prisoner match", answers: []error{ptpu.ErrNotFound}},

		{event: moved, call: "movement", answers: []error{ptpu.ErrNotFound}},
		{event: moved, call: "booking", learnt: "movement"},
		{event: moved, call: "prisoner", learnt: "movement booking"},
		{event: moved, call: "intend", learnt: "movement booking prisoner", others: true},
		{event: moved, call: "set-location", learnt: "movement booking prisoner", answers: []error{ptpu.ErrNotFound}},

		{event: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, call: "booking"},
		{event: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, call: "sentence detail", learnt: "booking"},
		{event: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, call: "intend", learnt: "booking sentence", others: true},
		{event: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, call: "replace-key-dates", learnt: "booking sentence", answers: []error{ptpu.ErrNotFound}},
		{event: ptpu.Payload{EventType: ptpu.ConfirmedReleaseDateChanged}, call: "replace-key-dates", learnt: "booking sentence", answers: []error{ptpu.ErrNotFound}},

		{event: renumbered, call: "booking"},
		{event: renumbered, call: "identifiers", learnt: "booking"},
		{event: renumbered, call: "intend", learnt: "booking", others: true},
		{event: renumbered, call: "replace-noms-number", learnt: "booking", answers: []error{ptpu.ErrNotFound, ptpu.ErrConflict}},
	} {
		for name, failure := range failures() {
			if slices.ContainsFunc(c.answers, func(answer error) bool { return errors.Is(failure, answer) }) {
				continue
			}
			t.Run(strings.Join([]string{string(c.event.EventType), c.call, name}, "/"), func(t *testing.T) {
				w := newWorld(t)
				w.fails[c.call] = failure
				got, err := w.process(t, c.event)
				wantFailure(t, err, failure)
				if !c.others {
					wantNamed(t, err)
				}
				if diff := cmp.Diff(ptpu.Outcome{Facts: w.learnt(c.learnt)}, got); diff != "" {
					t.Errorf("outcome: want -, got +:\n%s", diff)
				}
				if last := w.lines[len(w.lines)-1]; !strings.HasPrefix(last, c.call+" ") {
					t.Errorf("asked %q, want nothing after %s", w.lines, c.call)
				}
			})
		}
	}
}

// The search is a fact, told and shown, also when its candidates could not be
// looked at afterwards.
func TestWhatTheSearchFoundIsLearntThoughTheMatchFails(t *testing.T) {
	w := newWorld(t)
	w.chain.searched = ptpu.Match{MatchedBy: "NAME", Found: 2, Candidates: []ptpu.CRN{"X100001", "X100002"}}
	w.fails["match"] = failed(ptpu.ErrUnavailable)
	got, err := w.process(t, statusChanged)
	if !errors.Is(err, ptpu.ErrUnavailable) {
		t.Fatalf("got error %v, want %v", err, ptpu.ErrUnavailable)
	}
	want := w.learnt("sentence booking prisoner")
	want.Match = &w.chain.searched
	if diff := cmp.Diff(ptpu.Outcome{Facts: want}, got); diff != "" {
		t.Errorf("outcome: want -, got +:\n%s", diff)
	}
}

// The claim can be lost between two writes; then the trail sends nothing more.
func TestALostClaimEndsTheAttempt(t *testing.T) {
	for _, c := range []struct {
		event  ptpu.Payload
		at     ptpu.WriteKind
		learnt string
		writes int
	}{
		{statusChanged, ptpu.SetOffenderNo, "sentence booking prisoner match", 0},
		{statusChanged, ptpu.SetBookNumber, "sentence booking prisoner match", 1},
		{statusChanged, ptpu.SetLocation, "sentence booking prisoner match", 2},
		{statusChanged, ptpu.ReplaceKeyDates, "sentence booking prisoner match", 3},
		{moved, ptpu.SetLocation, "movement booking prisoner", 0},
		{ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, ptpu.ReplaceKeyDates, "booking sentence", 0},
		{renumbered, ptpu.ReplaceOffenderNo, "booking", 0},
	} {
		w := newWorld(t)
		w.trail.lost[c.at] = ptpu.ErrClaimLost
		got, err := w.process(t, c.event)
		if !errors.Is(err, ptpu.ErrClaimLost) {
			t.Errorf("%s, lost at %s: got error %v, want %v", c.event.EventType, c.at, err, ptpu.ErrClaimLost)
		}
		if diff := cmp.Diff(ptpu.Outcome{Facts: w.learnt(c.learnt)}, got); diff != "" {
			t.Errorf("%s, lost at %s: outcome: want -, got +:\n%s", c.event.EventType, c.at, diff)
		}
		if writes := w.writes(); len(writes) != c.writes {
			t.Errorf("%s, lost at %s: sent %q, want %d writes", c.event.EventType, c.at, writes, c.writes)
		}
	}
}

// The trail gives each write a context of its own, which ends with the claim.
func TestWritesGoOutUnderTheTrailsContext(t *testing.T) {
	for _, event := range []ptpu.Payload{statusChanged, moved, {EventType: ptpu.SentenceDatesChanged}, renumbered} {
		w := newWorld(t)
		w.trail.ended = true
		if _, err := w.process(t, event); !errors.Is(err, context.Canceled) || len(w.writes()) != 0 {
			t.Errorf("%s: got error %v, sent %q; want %v and nothing sent", event.EventType, err, w.writes(), context.Canceled)
		}
	}
	w := newWorld(t)
	w.chain.match = numberSet()
	w.trail.ended = true
	if _, err := w.process(t, statusChanged); !errors.Is(err, context.Canceled) || len(w.writes()) != 0 {
		t.Errorf("book number: got error %v, sent %q; want %v and nothing sent", err, w.writes(), context.Canceled)
	}
}
