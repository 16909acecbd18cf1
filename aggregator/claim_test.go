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

func TestAClaimIsRenewedWhileWorkGoesOnAndNobodyElseGetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		other := w.worker(t, "other")
		w.processor.process = func(ctx context.Context, _ ptpu.Message, _ ptpu.Trail) (ptpu.Outcome, error) {
			for range 20 { // the other looks every second, for four claims' lengths
				time.Sleep(time.Second)
				if held, err := other.Handle(ctx, booking); !held || err != nil {
					t.Errorf("the other worker: held %t, %v", held, err)
				}
			}
			return ptpu.Completes(ptpu.Facts{}), ctx.Err()
		}
		w.handle(t)
		if len(w.processor.given) != 1 || w.store.message("m1").State != ptpu.Completed {
			t.Errorf("attempts on %v, state %s", w.processor.given, w.store.message("m1").State)
		}
		// Taken, renewed every 1.5 s for 20 s, released.
		if n := len(w.store.claims); n < 14 || n > 16 {
			t.Errorf("the claim was written %d times", n)
		}
	})
}

func TestAClaimThatStoodStillIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged))
		store.claim = ptpu.Claim{BookingID: booking, Owner: "dead", Term: 4, Starts: 1, Message: "m1", Attempt: 1, Version: 9}
		w := worldOf(t, store)
		looks := 0
		started := time.Now()
		for {
			held, err := w.Handle(t.Context(), booking)
			if err != nil {
				t.Fatal(err)
			}
			looks++
			if !held {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(started); took < ptpu.ClaimLength || took > ptpu.ClaimLength+time.Second {
			t.Errorf("taken over after %s and %d looks, want a claim's length", took, looks)
		}
		if c := store.current(); c.Term != 5 || store.message("m1").State != ptpu.Completed {
			t.Errorf("the claim is %+v, the message %s", c, store.message("m1").State)
		}
		if !slices.Contains(store.kinds(), ptpu.EntryCutOff) {
			t.Errorf("the timeline does not show that an attempt was cut off: %v", store.kinds())
		}
	})
}

func TestAClaimThatIsRenewedIsNotTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged))
		store.claim = ptpu.Claim{BookingID: booking, Owner: "alive", Term: 1, Starts: 1, Version: 1}
		w := worldOf(t, store)
		for range 30 {
			if held, err := w.Handle(t.Context(), booking); !held || err != nil {
				t.Fatalf("held %t, %v", held, err)
			}
			time.Sleep(4 * time.Second)
			store.mu.Lock()
			store.claim.Version++
			store.mu.Unlock()
		}
	})
}

func TestAWorkerThatLosesItsClaimStopsAndSettlesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = func(ctx context.Context, _ ptpu.Message, _ ptpu.Trail) (ptpu.Outcome, error) {
			w.store.mu.Lock()
			w.store.claim.Version += 3 // somebody else has it
			w.store.claim.Owner = "other"
			w.store.mu.Unlock()
			<-ctx.Done()
			return ptpu.Outcome{}, ctx.Err()
		}
		started := time.Now()
		_, err := w.Handle(t.Context(), booking)
		if !errors.Is(err, ptpu.ErrClaimLost) {
			t.Errorf("Handle says %v", err)
		}
		if took := time.Since(started); took > ptpu.ClaimRenewal {
			t.Errorf("noticed after %s, want by the next renewal", took)
		}
		if m := w.store.message("m1"); m.Attempts != 0 || w.store.current().Owner != "other" || len(w.observer.heard()) != 0 {
			t.Errorf("the message is %+v, the claim %+v, told %v", m, w.store.current(), w.observer.heard())
		}
	})
}

func TestWorkEndsWithAClaimThatCannotBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = func(ctx context.Context, _ ptpu.Message, _ ptpu.Trail) (ptpu.Outcome, error) {
			w.store.mu.Lock()
			w.store.fail = func(ptpu.Claim, ptpu.Changes) error { return ptpu.ErrUnavailable }
			w.store.mu.Unlock()
			<-ctx.Done()
			return ptpu.Outcome{}, context.Cause(ctx)
		}
		started := time.Now()
		if _, err := w.Handle(t.Context(), booking); !errors.Is(err, ptpu.ErrClaimLost) {
			t.Errorf("Handle says %v", err)
		}
		if took := time.Since(started); took != ptpu.ClaimLength {
			t.Errorf("work went on for %s, want %s", took, ptpu.ClaimLength)
		}
	})
}

// A process that was stopped for a while runs on before its timers fire: the
// write must be refused by looking at the clock.
func TestAWriteIsNotSentOnceTheClaimRanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		sent := 0
		w.processor.process = func(ctx context.Context, _ ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
			w.store.mu.Lock()
			w.store.fail = func(ptpu.Claim, ptpu.Changes) error { return ptpu.ErrUnavailable }
			w.store.mu.Unlock()
			time.Sleep(ptpu.ClaimLength)
			err := trail.Write(context.WithoutCancel(ctx), setNumber, func(context.Context) ([]ptpu.CRN, error) {
				sent++
				return nil, nil
			})
			return ptpu.Completes(ptpu.Facts{}), err
		}
		if _, err := w.Handle(t.Context(), booking); !errors.Is(err, ptpu.ErrClaimLost) || sent != 0 {
			t.Errorf("Handle says %v, %d writes sent", err, sent)
		}
	})
}

func TestTwoWorkersNeverHaveOneBookingTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = func(context.Context, ptpu.Message, ptpu.Trail) (ptpu.Outcome, error) {
			time.Sleep(100 * time.Millisecond)
			return ptpu.Completes(ptpu.Facts{}), nil
		}
		others := make([]func(context.Context, ptpu.BookingID) (bool, error), 8)
		for i := range others {
			others[i] = w.worker(t, string(rune('a'+i))).Handle
		}
		for _, handle := range others {
			go func() {
				if _, err := handle(t.Context(), booking); err != nil {
					t.Errorf("a worker says %v", err)
				}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if len(w.processor.given) != 1 {
			t.Errorf("attempted %d times, want once", len(w.processor.given))
		}
	})
}

func TestWorkInHandIsHandedBackUncountedWhenTheProcessStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged), ripe("m2", ptpu.SentenceDatesChanged)))
		ctx, stop := context.WithCancel(t.Context())
		w.processor.process = func(ctx context.Context, _ ptpu.Message, _ ptpu.Trail) (ptpu.Outcome, error) {
			stop()
			<-ctx.Done()
			return ptpu.Outcome{}, ctx.Err()
		}
		if _, err := w.Handle(ctx, booking); err != nil {
			t.Fatal(err)
		}
		for _, id := range []ptpu.MessageID{"m1", "m2"} {
			if m := w.store.message(id); m.Attempts != 0 || m.State != ptpu.Validated || !m.IsDue(time.Now()) {
				t.Errorf("%s lost its place: %+v", id, m)
			}
		}
		if w.store.current().Held() || !slices.Equal(w.processor.given, []ptpu.MessageID{"m1"}) {
			t.Errorf("the claim is %+v after attempts on %v", w.store.current(), w.processor.given)
		}
		if !slices.Equal(w.store.kinds(), []ptpu.EntryKind{ptpu.EntryHandedBack}) {
			t.Errorf("the timeline shows %v", w.store.kinds())
		}
	})
}

func TestAnAttemptThatFinishesWhileStoppingIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		ctx, stop := context.WithCancel(t.Context())
		w.processor.process = func(context.Context, ptpu.Message, ptpu.Trail) (ptpu.Outcome, error) {
			stop()
			return ptpu.Completes(ptpu.Facts{}), nil
		}
		if _, err := w.Handle(ctx, booking); err != nil {
			t.Fatal(err)
		}
		if m := w.store.message("m1"); m.State != ptpu.Completed || w.store.current().Held() {
			t.Errorf("the message is %s, the claim %+v", m.State, w.store.current())
		}
	})
}

// dead is the claim of a worker that died with m1 in hand, for the n-th time.
func dead(starts int) ptpu.Claim {
	return ptpu.Claim{BookingID: booking, Owner: "dead", Term: int64(starts), Starts: starts, Message: "m1", Attempt: 1, Version: 5}
}

// takeOver handles the booking until the dead worker's claim has stood still.
func (w *world) takeOver(t *testing.T) {
	t.Helper()
	for range 10 {
		held, err := w.Handle(t.Context(), booking)
		if err != nil {
			t.Fatal(err)
		}
		if !held {
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatal("the booking was never taken over")
}

func TestAMessageThatWasInHandAtEveryCrashIsPoisonAtTheThirdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged), ripe("m2", ptpu.SentenceDatesChanged))
		store.claim = dead(2)
		w := worldOf(t, store)
		w.takeOver(t)
		if m := store.message("m1"); !m.Poisoned() || m.State != ptpu.Failed {
			t.Errorf("the message in hand is %+v", m)
		}
		if m := store.message("m2"); m.State != ptpu.Completed {
			t.Errorf("the other message is %+v", m)
		}
		if !slices.Equal(w.processor.given, []ptpu.MessageID{"m2"}) || !slices.Contains(store.kinds(), ptpu.EntryPoisoned) {
			t.Errorf("attempted %v; the timeline shows %v", w.processor.given, store.kinds())
		}
		w.handle(t)
		if len(w.processor.given) != 1 {
			t.Errorf("poison was attempted again: %v", w.processor.given)
		}
	})
}

func TestASecondStartIsStillAttempted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged))
		store.claim = dead(1)
		w := worldOf(t, store)
		w.takeOver(t)
		if m := store.message("m1"); m.State != ptpu.Completed {
			t.Errorf("the message is %+v", m)
		}
	})
}
