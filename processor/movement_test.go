package processor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

var moved = ptpu.Payload{EventType: ptpu.ExternalMovementInserted, MovementSeq: 7}

func TestMovementInserted(t *testing.T) {
	calls := []string{
		"movement 1200835 7",
		"booking 1200835",
		"prisoner A1111BC",
		"intend set-location",
		"set-location A1111BC 41001A MDI",
	}
	ignored := func(reason ptpu.Reason) ptpu.Outcome {
		return ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: reason}
	}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   ptpu.Outcome // its facts stand by name
		facts  string
		calls  int
	}{
		{
			"a transfer", func(*world) {},
			ptpu.Outcome{State: ptpu.Completed, Done: true},
			"movement booking prisoner", 5,
		},
		{
			"nothing in Delius to set it on", func(w *world) { w.fails["set-location"] = failed(ptpu.ErrNotFound) },
			ptpu.Outcome{State: ptpu.LocationNotUpdated, Done: true},
			"movement booking prisoner", 5,
		},
		{
			"the movement is gone", func(w *world) { w.fails["movement"] = failed(ptpu.ErrNotFound) },
			ignored(ptpu.MovementNotFound), "", 1,
		},
		{
			"a release", func(w *world) { w.nomis.movement.Type = "REL" },
			ignored(ptpu.NotATransfer), "movement", 1,
		},
		{
			"an admission to nowhere", func(w *world) { w.nomis.movement.To = " " },
			ignored(ptpu.NotATransfer), "movement", 1,
		},
		{
			"a release to elsewhere: the kind is asked first",
			func(w *world) { w.nomis.movement.Type, w.nomis.movement.To = "REL", "WWI" },
			ignored(ptpu.NotATransfer), "movement", 1,
		},
		{
			"an admission elsewhere", func(w *world) { w.nomis.movement.To = "WWI" },
			ignored(ptpu.NotAnInterestedPrison), "movement", 1,
		},
		{
			"a past booking", func(w *world) { w.nomis.booking.Active = false },
			ignored(ptpu.NotActiveBooking), "movement booking", 2,
		},
		{
			"an old movement that arrives late", func(w *world) { w.nomis.booking.Agency = "LEI" },
			ignored(ptpu.NoLongerAtThisPrison), "movement booking", 2,
		},
		{
			"moved on to a prison that we do not act for", func(w *world) { w.nomis.booking.Agency = "WWI" },
			ignored(ptpu.NoLongerAtThisPrison), "movement booking", 2,
		},
		{
			"in no prison any more", func(w *world) { w.nomis.booking.Agency = "" },
			ignored(ptpu.NoLongerAtThisPrison), "movement booking", 2,
		},
		{
			"released after it: active is asked first",
			func(w *world) { w.nomis.booking.Active, w.nomis.booking.Agency = false, "OUT" },
			ignored(ptpu.NotActiveBooking), "movement booking", 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			got, err := w.process(t, moved)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			c.want.Facts = w.learnt(c.facts)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("outcome: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(calls[:c.calls], w.lines); diff != "" {
				t.Errorf("calls: want -, got +:\n%s", diff)
			}
		})
	}
}

func TestAMovementGoesWhereItWent(t *testing.T) {
	w := newWorld(t)
	w.nomis.movement.To, w.nomis.booking.Agency = "LEI", "LEI"
	if _, err := w.process(t, moved); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"set-location A1111BC 41001A LEI"}, w.writes()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTheTimelineShowsTheMovement(t *testing.T) {
	w := newWorld(t)
	w.nomis.movement.Type = "REL"
	if _, err := w.process(t, moved); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"movement movementType": "REL", "movement fromAgency": "LEI", "movement toAgency": "MDI"}
	if diff := cmp.Diff(want, shown(w.trail.steps)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
