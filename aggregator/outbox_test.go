package aggregator_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
)

var change = setNumber.Change("X100001")

func TestAChangedIdentifierIsAnnouncedAndSettledInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = writing(nil, ptpu.Completes(ptpu.Facts{}))
		w.handle(t)
		if !slices.Equal(w.announcer.published, []ptpu.IdentifierChange{change}) || len(w.store.owed) != 0 {
			t.Errorf("published %v, still owed %v", w.announcer.published, w.store.owed)
		}
		if got, want := w.observer.heard(), []string{"changed X100001", "attempted m1 COMPLETED", "published X100001 true"}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if got := w.store.kinds(); !slices.Equal(got, []ptpu.EntryKind{ptpu.EntryAttempt, ptpu.EntryPublished}) {
			t.Errorf("the timeline shows %v", got)
		}
		// The claim, the intents, and all that came of it: no row is written for
		// an event that the topic takes.
		if len(w.store.writes) != 3 || len(w.store.writes[2].Announce) != 0 || len(w.store.writes[2].Announced) != 0 {
			t.Errorf("got writes %+v, want three, and no row for the event", w.store.writes)
		}
	})
}

// A worker that dies between publishing and settling leaves its intents: the
// next one makes good what may be missing, and the event carries the same change.
func TestAnEventThatWasPublishedAndNotSettledIsPublishedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = writing(nil, ptpu.Completes(ptpu.Facts{}))
		w.processor.finish = func() ([]ptpu.CRN, error) { return []ptpu.CRN{"X100001"}, nil }
		w.store.fail = func(_ ptpu.Claim, c ptpu.Changes) error {
			if len(c.Entries) > 0 {
				return errors.New("gone before it could settle")
			}
			return nil
		}
		if _, err := w.Handle(t.Context(), booking); err == nil {
			t.Fatal("settling succeeded, want it to fail in this test")
		}
		w.store.fail = nil
		w.processor.process = func(context.Context, ptpu.Message, ptpu.Trail) (ptpu.Outcome, error) {
			return ptpu.Completes(ptpu.Facts{}), nil // the number is there by now
		}
		w.takeOver(t)
		if !slices.Equal(w.announcer.published, []ptpu.IdentifierChange{change, change}) || len(w.store.owed) != 0 {
			t.Errorf("published %v, still owed %v; want the same change twice and nothing owed", w.announcer.published, w.store.owed)
		}
		if m := w.store.message("m1"); m.State != ptpu.Completed || w.store.current().Held() {
			t.Errorf("the message is %s, the claim %+v", m.State, w.store.current())
		}
	})
}

func TestAChangeIsAnnouncedThoughALaterStepFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		sets := writing(nil, ptpu.Outcome{})
		w.processor.process = func(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
			if _, err := sets(ctx, m, trail); err != nil {
				return ptpu.Outcome{}, err
			}
			return ptpu.Outcome{}, ptpu.ErrUnavailable // the book number
		}
		w.handle(t)
		if len(w.announcer.published) != 1 || w.store.message("m1").State != ptpu.Failed {
			t.Errorf("published %v, the message is %s", w.announcer.published, w.store.message("m1").State)
		}
	})
}

func TestAnEventThatTheTopicDoesNotTakeStaysOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = writing(nil, ptpu.Completes(ptpu.Facts{}))
		w.announcer.failures = 3
		w.handle(t)
		for i, rest := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
			owed, ok := w.store.owed[change]
			if !ok || owed.Tries != i+1 || !owed.Due.Equal(time.Now().Add(rest)) {
				t.Fatalf("after failure %d owed is %+v; want it again in %s", i+1, owed, rest)
			}
			w.handle(t) // not due yet: nothing
			if len(w.announcer.published) != 0 || w.store.owed[change].Tries != i+1 {
				t.Fatal("published before it was due")
			}
			time.Sleep(rest)
			w.handle(t)
		}
		if !slices.Equal(w.announcer.published, []ptpu.IdentifierChange{change}) || len(w.store.owed) != 0 {
			t.Errorf("published %v, owed %v", w.announcer.published, w.store.owed)
		}
		if len(w.processor.given) != 1 {
			t.Errorf("the message was attempted %d times", len(w.processor.given))
		}
	})
}

func TestAWriteWithoutAnAnswerIsFinishedBeforeAnythingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = writing(ptpu.ErrUnavailable, ptpu.Outcome{})
		w.handle(t)
		if open, ok := w.store.open[setNumber]; !ok || open.MessageID != "m1" || !open.Due.Equal(w.store.message("m1").Due) {
			t.Fatalf("open writes are %+v", w.store.open)
		}
		if len(w.announcer.published) != 0 {
			t.Fatal("announced what nobody knows to have happened")
		}
		w.processor.finish = func() ([]ptpu.CRN, error) {
			if len(w.processor.given) != 1 {
				t.Error("the message was attempted before its open write was finished")
			}
			return []ptpu.CRN{"X100001"}, nil
		}
		w.processor.process = nil
		time.Sleep(time.Minute)
		w.handle(t)
		if !slices.Equal(w.announcer.published, []ptpu.IdentifierChange{change}) || len(w.store.open) != 0 || !slices.Equal(w.processor.finished, []bool{true}) {
			t.Errorf("published %v, open %v, finished %v", w.announcer.published, w.store.open, w.processor.finished)
		}
		if m := w.store.message("m1"); m.State != ptpu.Completed {
			t.Errorf("the message is %s", m.State)
		}
	})
}

func TestARefusedWriteIsNotOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, refusal := range []error{ptpu.ErrRefused, ptpu.ErrNotFound, ptpu.ErrConflict, ptpu.ErrDenied} {
			w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
			w.processor.process = writing(refusal, ptpu.Outcome{})
			w.handle(t)
			if len(w.store.open) != 0 || len(w.announcer.published) != 0 {
				t.Errorf("%v: open %v, published %v", refusal, w.store.open, w.announcer.published)
			}
		}
	})
}

func TestTheIntentOfADeadWorkerIsFinishedAndAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged))
		store.claim = dead(1)
		store.claim.Intents = []ptpu.Write{setNumber, {Kind: ptpu.SetLocation, Prison: "MDI"}}
		w := worldOf(t, store)
		w.processor.finish = func() ([]ptpu.CRN, error) { return []ptpu.CRN{"X100001"}, nil }
		w.takeOver(t)
		if !slices.Equal(w.announcer.published, []ptpu.IdentifierChange{change}) {
			t.Errorf("published %v", w.announcer.published)
		}
		want := []ptpu.EntryKind{ptpu.EntryCutOff, ptpu.EntryFinished, ptpu.EntryAttempt, ptpu.EntryPublished}
		if got := store.kinds(); !slices.Equal(got, want) {
			t.Errorf("the timeline shows %v, want %v", got, want)
		}
		if steps := store.entries[0].Steps; len(steps) != 2 || steps[0].Result != "" {
			t.Errorf("the cut-off attempt shows %+v", steps)
		}
	})
}

func TestAnOpenWriteThatDeliusNeverTookIsClosedWithoutAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, finish := range map[string]func() ([]ptpu.CRN, error){
			"nobody holds the number": func() ([]ptpu.CRN, error) { return nil, nil },
			"no such person":          func() ([]ptpu.CRN, error) { return nil, ptpu.ErrNotFound },
		} {
			store := storeOf()
			store.open[setNumber] = ptpu.OpenWrite{BookingID: booking, Write: setNumber, MessageID: "m1", Due: time.Now(), Until: time.Now().Add(-time.Hour)}
			w := worldOf(t, store)
			w.processor.finish = finish
			w.handle(t)
			if len(store.open) != 0 || len(w.announcer.published) != 0 || !slices.Equal(w.processor.finished, []bool{false}) {
				t.Errorf("%s: open %v, published %v, mayWrite %v", name, store.open, w.announcer.published, w.processor.finished)
			}
		}
	})
}

func TestAnOpenWriteThatCannotBeLookedAtStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf()
		store.open[setNumber] = ptpu.OpenWrite{BookingID: booking, Write: setNumber, Due: time.Now(), Until: time.Now().Add(time.Hour)}
		w := worldOf(t, store)
		w.processor.finish = func() ([]ptpu.CRN, error) { return nil, ptpu.ErrUnavailable }
		w.handle(t)
		if open := store.open[setNumber]; !open.Due.After(time.Now()) || store.current().Held() {
			t.Errorf("the open write is %+v, the claim %+v", open, store.current())
		}
	})
}

func TestAnEventIsStillOwedWhenTheProcessStopsBeforePublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		ctx, stop := context.WithCancel(t.Context())
		sets := writing(nil, ptpu.Completes(ptpu.Facts{}))
		w.processor.process = func(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
			defer stop()
			return sets(ctx, m, trail)
		}
		if _, err := w.Handle(ctx, booking); err != nil {
			t.Fatal(err)
		}
		if owed, ok := w.store.owed[change]; !ok || owed.Due.After(time.Now()) || w.store.current().Held() {
			t.Errorf("owed %+v, claim %+v", w.store.owed, w.store.current())
		}
		w.handle(t)
		if len(w.announcer.published) != 1 || len(w.store.owed) != 0 {
			t.Errorf("published %v, owed %v", w.announcer.published, w.store.owed)
		}
	})
}
