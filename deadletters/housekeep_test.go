package deadletters_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu/deadletters"
)

func TestHousekeepingReplaysOnlyWhatMayHelp(t *testing.T) {
	b := &broker{attributes: 10}
	d, l := open(t, b.pair("events"))
	b.bury("first time", with(attributes(7), "ptpu-error", "x", "ptpu-error-at", "y"))
	b.bury("third time", map[string]string{"ptpu-replays": "2"})
	b.bury("exhausted", map[string]string{"ptpu-replays": "3"})
	b.bury("exhausted by a person", map[string]string{"ptpu-replays": "12"})
	b.bury("without room", attributes(10))
	b.bury(hopelessBody, nil)
	b.bury(hopelessBody+" and exhausted", map[string]string{"ptpu-replays": "3"})
	for round, want := range []deadletters.Housekept{
		{Queue: "events-dlq", Replayed: 2, Hopeless: 2, Exhausted: 2, Uncountable: 1},
		{Queue: "events-dlq", Hopeless: 2, Exhausted: 2, Uncountable: 1},
	} {
		got, err := d.Housekeep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]deadletters.Housekept{want}, got); diff != "" {
			t.Errorf("round %d, -want +got:\n%s", round, diff)
		}
	}
	if diff := cmp.Diff([]string{"first time", "third time"}, bodies(b.onMain())); diff != "" {
		t.Errorf("on the main queue, -want +got:\n%s", diff)
	}
	if b.hidden() != 0 {
		t.Errorf("%d letters are hidden after the pass, want none", b.hidden())
	}
	if got := b.onMain()[1].Attributes["ptpu-replays"]; got != "3" {
		t.Errorf("the third replay is counted as %s", got)
	}
	if n := len(l.recorded()); n > 0 {
		t.Errorf("%d actions are on record, want none: nobody asked", n)
	}
}

// What stays is held to the end of the pass: handed back at once it would be
// received again, and the letters behind it never.
func TestHopelessLettersDoNotHideTheOthersBehindThem(t *testing.T) {
	b := &broker{}
	d, _ := open(t, b.pair("events"))
	for i := range 35 {
		b.bury(hopelessBody+strconv.Itoa(i), nil)
	}
	b.bury("good", nil)
	got, err := d.Housekeep(t.Context())
	if err != nil || got[0].Replayed != 1 || got[0].Hopeless != 35 {
		t.Errorf("got %+v, %v; want 1 replayed and 35 left", got, err)
	}
	for _, e := range b.onDead() {
		if e.Receives != 1 {
			t.Errorf("%s was received %d times in one pass, want once", e.Body, e.Receives)
		}
	}
}

func TestALetterThatComesBackForEverIsLeftToAPerson(t *testing.T) {
	b := &broker{attributes: 10, validates: func(string) bool { return false }, housekeeping: true}
	d, _ := open(t, b.pair("events"))
	b.bury("small", nil)
	b.bury("with nine attributes", attributes(9))
	for range 3 * maxReplays {
		if _, err := d.Housekeep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range b.onDead() {
		if e.lineage != maxReplays {
			t.Errorf("%s was replayed %d times, want %d", e.Body, e.lineage, maxReplays)
		}
	}
}

func TestHousekeepingThatIsStoppedHandsBackWhatItHolds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &broker{failing: func(operation string, l deadletters.Letter) bool {
		if operation == "replay" && l.Body == "last" {
			cancel()
		}
		return false
	}}
	d, _ := open(t, b.pair("events"))
	for i := range 14 {
		b.bury(hopelessBody+strconv.Itoa(i), nil)
	}
	b.bury("last", nil)
	got, err := d.Housekeep(ctx)
	if !errors.Is(err, context.Canceled) || got[0].Hopeless != 14 {
		t.Errorf("got %+v, %v; want 14 left and %v", got, err, context.Canceled)
	}
	if there := len(b.onDead()) + len(b.onMain()); b.hidden() != 0 || b.ended != 0 || there != 15 {
		t.Errorf("%d letters, %d hidden, %d handed back too late; want 15 and none", there, b.hidden(), b.ended)
	}
}

// A pass may outlast the time for which letters are hidden.
func TestALetterThatComesAgainWhileItIsHeldCountsOnce(t *testing.T) {
	receives := 0
	b := &broker{}
	b.failing = func(operation string, _ deadletters.Letter) bool {
		if operation == "receive" {
			if receives++; receives == 2 {
				for _, e := range b.dead {
					e.hidden = false
				}
			}
		}
		return false
	}
	d, _ := open(t, b.pair("events"))
	for i := range 20 {
		b.bury(hopelessBody+strconv.Itoa(i), nil)
	}
	got, err := d.Housekeep(t.Context())
	if err != nil || got[0].Hopeless != 10 {
		t.Errorf("got %+v, %v; want the first ten, which came twice, counted once", got, err)
	}
	if b.hidden() != 0 {
		t.Errorf("%d are hidden after the pass: want each handed back by its newest receipt", b.hidden())
	}
}

func TestHousekeepingGoesOnWithTheNextQueue(t *testing.T) {
	one, two := &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "receive" }}, &broker{}
	d, _ := open(t, one.pair("one"), two.pair("two"))
	one.bury("a", nil)
	two.bury("b", nil)
	got, err := d.Housekeep(t.Context())
	if !errors.Is(err, errQueue) || !strings.Contains(err.Error(), "one-dlq") || len(got) != 2 || got[1].Replayed != 1 {
		t.Errorf("got %+v, %v; want an error that names one-dlq, and 1 replayed on the other", got, err)
	}
}

func TestALetterThatCannotBeHandedBackIsToldOfOnly(t *testing.T) {
	b := &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "hand back" }}
	d, l := open(t, b.pair("events"))
	b.bury(hopelessBody, nil)
	if got, err := d.Housekeep(t.Context()); err != nil || got[0].Hopeless != 1 {
		t.Errorf("got %+v, %v; want 1 left and no error: it comes back by itself", got, err)
	}
	if errs := l.stumbled(); len(errs) != 1 || !errors.Is(errs[0], errQueue) {
		t.Errorf("told of %v, want %v", errs, errQueue)
	}
}
