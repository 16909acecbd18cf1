package processor_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

var renumbered = ptpu.Payload{EventType: ptpu.BookingNumberChanged}

func TestBookingNumberChanged(t *testing.T) {
	reads := []string{"booking 1200835", "identifiers 1200835"}
	const (
		first  = "replace-noms-number A9999BC A1111BC"
		second = "replace-noms-number A8888BC A1111BC"
	)
	two := func(w *world) {
		w.nomis.identifiers = []ptpu.Identifier{
			{Type: "MERGED", Value: "A9999BC"}, {Type: "PNC", Value: "03/11999M"}, {Type: "MERGED", Value: "A8888BC"}, {Type: "MERGED", Value: "A9999BC"},
		}
	}
	done := ptpu.Outcome{State: ptpu.Completed, Done: true}
	held := ptpu.Outcome{State: ptpu.Completed, Done: true, Reason: ptpu.NumberAlreadyHeld}
	changed := func(crn ptpu.CRN, from ptpu.OffenderNo) ptpu.IdentifierChange {
		return ptpu.IdentifierChange{CRN: crn, OffenderNo: no, Previous: from, BookNumber: number}
	}
	for _, c := range []struct {
		name    string
		change  func(*world)
		want    ptpu.Outcome // without its facts
		merges  []ptpu.Merge
		reads   int
		writes  []string
		changed []ptpu.IdentifierChange
	}{
		{
			name: "one number", want: done, reads: 2,
			merges:  []ptpu.Merge{{From: "A9999BC", To: no, CRNs: []ptpu.CRN{"X100004"}}},
			writes:  []string{"intend replace-noms-number", first},
			changed: []ptpu.IdentifierChange{changed("X100004", "A9999BC")},
		},
		{
			name:   "two people had it",
			change: func(w *world) { w.delius.replaced["A9999BC"] = []ptpu.CRN{"X100004", "X100005"} },
			want:   done, reads: 2,
			merges:  []ptpu.Merge{{From: "A9999BC", To: no, CRNs: []ptpu.CRN{"X100004", "X100005"}}},
			writes:  []string{"intend replace-noms-number", first},
			changed: []ptpu.IdentifierChange{changed("X100004", "A9999BC"), changed("X100005", "A9999BC")},
		},
		{
			name: "several numbers, one of them given twice", change: two, want: done, reads: 2,
			merges: []ptpu.Merge{
				{From: "A9999BC", To: no, CRNs: []ptpu.CRN{"X100004"}}, {From: "A8888BC", To: no, CRNs: []ptpu.CRN{"X100008"}},
			},
			writes:  []string{"intend replace-noms-number, replace-noms-number", first, second},
			changed: []ptpu.IdentifierChange{changed("X100004", "A9999BC"), changed("X100008", "A8888BC")},
		},
		{
			name: "a booking that is over", change: func(w *world) { w.nomis.booking.Active = false }, want: done, reads: 2,
			merges:  []ptpu.Merge{{From: "A9999BC", To: no, CRNs: []ptpu.CRN{"X100004"}}},
			writes:  []string{"intend replace-noms-number", first},
			changed: []ptpu.IdentifierChange{changed("X100004", "A9999BC")},
		},
		{
			name: "elsewhere", change: func(w *world) { w.nomis.booking.Agency = "WWI" }, reads: 1,
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotAtInterestedPrison},
		},
		{
			name: "nothing merged any more", change: func(w *world) { w.nomis.identifiers = nil }, reads: 2,
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NoMergedOffenders},
		},
		{
			name: "identifiers of other kinds only", reads: 2,
			change: func(w *world) { w.nomis.identifiers = []ptpu.Identifier{{Type: "PNC", Value: "A9999BC"}} },
			want:   ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NoMergedOffenders},
		},
		{
			name: "Delius knows nobody by the old number", change: func(w *world) { w.fails[first] = failed(ptpu.ErrNotFound) }, want: done, reads: 2,
			merges: []ptpu.Merge{{From: "A9999BC", To: no}},
			writes: []string{"intend replace-noms-number", first},
		},
		{
			name: "the new number is somebody's", change: func(w *world) { w.fails[first] = failed(ptpu.ErrConflict) }, want: held, reads: 2,
			merges: []ptpu.Merge{{From: "A9999BC", To: no, Held: true}},
			writes: []string{"intend replace-noms-number", first},
		},
		{
			name: "unknown by the first number, known by the second", want: done, reads: 2,
			change: func(w *world) { two(w); w.fails[first] = failed(ptpu.ErrNotFound) },
			merges: []ptpu.Merge{{From: "A9999BC", To: no}, {From: "A8888BC", To: no, CRNs: []ptpu.CRN{"X100008"}}},
			writes: []string{"intend replace-noms-number, replace-noms-number", first, second},

			changed: []ptpu.IdentifierChange{changed("X100008", "A8888BC")},
		},
		{
			name: "held at the first number, replaced at the second: a person must still look", want: held, reads: 2,
			change: func(w *world) { two(w); w.fails[first] = failed(ptpu.ErrConflict) },
			merges: []ptpu.Merge{{From: "A9999BC", To: no, Held: true}, {From: "A8888BC", To: no, CRNs: []ptpu.CRN{"X100008"}}},
			writes: []string{"intend replace-noms-number, replace-noms-number", first, second},

			changed: []ptpu.IdentifierChange{changed("X100008", "A8888BC")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			got, err := w.process(t, renumbered)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			c.want.Facts = w.learnt("booking")
			c.want.Facts.Merges = c.merges
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("outcome: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(append(append([]string(nil), reads[:c.reads]...), c.writes...), w.lines); diff != "" {
				t.Errorf("calls: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(c.changed, w.trail.changed); diff != "" {
				t.Errorf("domain events owed: want -, got +:\n%s", diff)
			}
		})
	}
}

func TestAMergeThatStopsHalfwayTellsWhatItDid(t *testing.T) {
	w := newWorld(t)
	w.nomis.identifiers = append(w.nomis.identifiers, ptpu.Identifier{Type: "MERGED", Value: "A8888BC"}, ptpu.Identifier{Type: "MERGED", Value: "A7777BC"})
	w.fails["replace-noms-number A8888BC A1111BC"] = failed(ptpu.ErrUnavailable)
	got, err := w.process(t, renumbered)
	if !errors.Is(err, ptpu.ErrUnavailable) {
		t.Fatalf("got error %v, want %v", err, ptpu.ErrUnavailable)
	}
	want := ptpu.Outcome{Facts: w.learnt("booking")}
	want.Facts.Merges = []ptpu.Merge{{From: "A9999BC", To: no, CRNs: []ptpu.CRN{"X100004"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome: want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"replace-noms-number A9999BC A1111BC", "replace-noms-number A8888BC A1111BC"}, w.writes()); diff != "" {
		t.Errorf("writes: want -, got +:\n%s", diff)
	}
}
