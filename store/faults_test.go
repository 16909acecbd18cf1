package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/sqlite"
)

// fault is how one write goes wrong.
type fault int

const (
	lost fault = iota // applied, but its answer never comes
	down              // not applied
)

// faulty is a table whose next writes go wrong as told.
type faulty struct {
	table.Table
	mu   sync.Mutex
	next []fault
}

func (f *faulty) Write(ctx context.Context, actions ...table.Action) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.next) == 0 {
		return f.Table.Write(ctx, actions...)
	}
	how := f.next[0]
	f.next = f.next[1:]
	if how == lost {
		_ = f.Table.Write(ctx, actions...)
	}
	return table.ErrUnavailable
}

func (f *faulty) goesWrong(next ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

func TestAWriteThatWasAppliedThoughItsAnswerWasLostIsSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, faults := range [][]fault{{lost}, {lost, lost}, {down, lost, down}} {
			rows := &faulty{Table: messageTable(t)}
			s := open(t, rows)
			rows.goesWrong(faults...)
			m := full("m1")
			if added, err := s.Add(t.Context(), m, stored(m)); !added || err != nil {
				t.Errorf("faults %v while adding: %t, %v", faults, added, err)
			}
			claim, messages := claimed(t, s)
			rows.goesWrong(faults...)
			messages[0] = messages[0].Expire(now)
			claim, err := s.Write(t.Context(), claim.Released(), ptpu.Changes{Messages: messages})
			if err != nil || claim.Version != 2 || messages[0].Version != 2 {
				t.Errorf("faults %v while settling: claim %+v, message version %d, %v", faults, claim, messages[0].Version, err)
			}
			rows.goesWrong(faults...)
			if _, err := s.Write(t.Context(), claim.Next("me"), ptpu.Changes{}); err != nil {
				t.Errorf("faults %v while claiming: %v", faults, err)
			}
		}
	})
}

func TestAShortOutageOfTheTableIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := &faulty{Table: messageTable(t)}
		s := open(t, rows)
		rows.goesWrong(down, down, down)
		m := full("m1")
		if added, err := s.Add(t.Context(), m, stored(m)); !added || err != nil {
			t.Errorf("added %t, %v", added, err)
		}
	})
}

func TestALongOutageIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := &faulty{Table: messageTable(t)}
		s := open(t, rows)
		rows.goesWrong(slices.Repeat([]fault{down}, 1000)...)
		m := full("m1")
		if _, err := s.Add(t.Context(), m, stored(m)); !errors.Is(err, ptpu.ErrUnavailable) {
			t.Errorf("adding says %v", err)
		}
		if _, err := s.Write(t.Context(), ptpu.Claim{BookingID: booking}.Next("me"), ptpu.Changes{}); !errors.Is(err, ptpu.ErrUnavailable) {
			t.Errorf("claiming says %v", err)
		}
		if err := s.Record(t.Context(), stored(m)); !errors.Is(err, ptpu.ErrUnavailable) {
			t.Errorf("recording says %v", err)
		}
	})
}

// A renewal that was given up as unanswered may have been applied all the same:
// the next write must find its place behind it.
func TestTheWriteAfterAnUnansweredOneFindsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := &faulty{Table: messageTable(t)}
		s := open(t, rows)
		add(t, s, full("m1"))
		claim, messages := claimed(t, s)
		rows.goesWrong(lost, down, down, down)
		if _, err := s.Write(t.Context(), claim, ptpu.Changes{}); !errors.Is(err, ptpu.ErrUnavailable) {
			t.Fatalf("a renewal without an answer says %v", err)
		}
		messages[0] = messages[0].Expire(now)
		ended, err := s.Write(t.Context(), claim.Released(), ptpu.Changes{Messages: messages})
		if err != nil || ended.Held() {
			t.Errorf("the end of the claim: %+v, %v", ended, err)
		}
		if w := waiting(t, s); w.Claim.Held() || len(w.Messages) != 0 {
			t.Errorf("waiting: %+v", w)
		}
	})
}

// overtaken is a table on which another worker takes the booking as soon as it
// was released, before the answer could come.
type overtaken struct {
	*faulty
	taken bool
}

func (o *overtaken) Write(ctx context.Context, actions ...table.Action) error {
	err := o.faulty.Write(ctx, actions...)
	ended := actions[0].Item.Attributes["ended"] == true
	if ended && !o.taken {
		o.taken = true
		s, _ := store.New(store.Config{Rows: o.faulty.Table})
		w, _ := s.Waiting(ctx, booking)
		if _, err := s.Write(ctx, w.Claim.Next("other"), ptpu.Changes{}); err != nil {
			panic(err)
		}
	}
	return err
}

func TestASettledReleaseIsSuccessThoughTheBookingWasTakenSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, how := range []fault{lost, down} {
			rows := &overtaken{faulty: &faulty{Table: messageTable(t)}}
			s := open(t, rows)
			add(t, s, full("m1"))
			claim, messages := claimed(t, s)
			rows.goesWrong(how)
			messages[0] = messages[0].Expire(now)
			e := stored(messages[0])
			e.Kind = ptpu.EntryExpired
			_, err := s.Write(t.Context(), claim.Released(), ptpu.Changes{Messages: messages, Entries: []ptpu.Entry{e}})
			if applied := len(waiting(t, s).Messages) == 0; applied != (err == nil) || applied != (how == lost) {
				t.Errorf("fault %d: applied %t, told %v", how, applied, err)
			}
		}
	})
}

func lockTable(t *testing.T) table.Table {
	t.Helper()
	return rows(t, sqlite.Spec{Name: "locks", NoSortKey: true})
}

func TestANamedLockIsHeldByOne(t *testing.T) {
	rows := lockTable(t)
	a, b := store.NewLocks(rows, "a", time.Minute), store.NewLocks(rows, "b", time.Minute)
	held, ok, err := a.TryLock(t.Context(), "sweep")
	if !ok || err != nil {
		t.Fatalf("the first: %t, %v", ok, err)
	}
	if _, ok, err := b.TryLock(t.Context(), "sweep"); ok || err != nil {
		t.Errorf("the second: %t, %v; want it held elsewhere", ok, err)
	}
	if _, ok, err := b.TryLock(t.Context(), "another"); !ok || err != nil {
		t.Errorf("another lock: %t, %v", ok, err)
	}
	if err := held.Renew(t.Context()); err != nil {
		t.Errorf("renewing: %v", err)
	}
	if err := held.Unlock(t.Context()); err != nil {
		t.Errorf("unlocking: %v", err)
	}
	if _, ok, err := b.TryLock(t.Context(), "sweep"); !ok || err != nil {
		t.Errorf("after the end: %t, %v", ok, err)
	}
	if err := held.Renew(t.Context()); !errors.Is(err, ptpu.ErrClaimLost) {
		t.Errorf("renewing a lock that somebody else has: %v", err)
	}
}

func TestALockWhoseHolderDiedIsFreeOnceItStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := lockTable(t)
		dead, alive := store.NewLocks(rows, "dead", time.Minute), store.NewLocks(rows, "alive", time.Minute)
		if _, ok, err := dead.TryLock(t.Context(), "sweep"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for i, want := range []bool{false, false, true} {
			if _, ok, err := alive.TryLock(t.Context(), "sweep"); ok != want || err != nil {
				t.Errorf("look %d: %t, %v; want %t", i+1, ok, err, want)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

func TestHoldKeepsTheLockForAsLongAsTheWorkTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := lockTable(t)
		a, b := store.NewLocks(rows, "a", time.Minute), store.NewLocks(rows, "b", time.Minute)
		ran, err := a.Hold(t.Context(), "sweep", func(ctx context.Context) error {
			for range 10 {
				time.Sleep(30 * time.Second)
				ran, err := b.Hold(ctx, "sweep", func(context.Context) error {
					t.Error("two hold the lock")
					return nil
				})
				if ran || err != nil {
					t.Errorf("the other: %t, %v", ran, err)
				}
			}
			return ctx.Err()
		})
		if !ran || err != nil {
			t.Errorf("ran %t, %v", ran, err)
		}
	})
}

func TestWorkUnderALockEndsWhenItCannotBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := &faulty{Table: lockTable(t)}
		locks := store.NewLocks(rows, "a", time.Minute)
		started := time.Now()
		ran, err := locks.Hold(t.Context(), "sweep", func(ctx context.Context) error {
			rows.goesWrong(slices.Repeat([]fault{down}, 1000)...)
			<-ctx.Done()
			rows.goesWrong()
			return context.Cause(ctx)
		})
		if !ran || !errors.Is(err, ptpu.ErrClaimLost) {
			t.Errorf("ran %t, %v", ran, err)
		}
		if took := time.Since(started); took < time.Minute-time.Second || took > time.Minute {
			t.Errorf("it went on for %s, want as long as the lock held", took)
		}
	})
}

// hanging is a table whose writes get no answer for some time.
type hanging struct {
	table.Table
	mu    sync.Mutex
	until time.Time
}

func (h *hanging) hangUntil(end time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until = end
}

func (h *hanging) Write(ctx context.Context, actions ...table.Action) error {
	h.mu.Lock()
	wait := time.Until(h.until)
	h.mu.Unlock()
	select {
	case <-ctx.Done():
		return table.ErrUnavailable
	case <-time.After(wait):
		return h.Table.Write(ctx, actions...)
	}
}

func TestWorkUnderALockEndsBeforeAnotherBeginsThoughARenewalHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := lockTable(t)
		hangs := &hanging{Table: rows}
		a, b := store.NewLocks(hangs, "a", time.Minute), store.NewLocks(rows, "b", time.Minute)
		var ended, began time.Time
		var holding sync.WaitGroup
		holding.Go(func() {
			_, err := a.Hold(t.Context(), "sweep", func(ctx context.Context) error {
				hangs.hangUntil(time.Now().Add(10 * time.Minute))
				<-ctx.Done()
				ended = time.Now()
				return context.Cause(ctx)
			})
			if !errors.Is(err, ptpu.ErrClaimLost) {
				t.Errorf("the first ends with %v", err)
			}
		})
		for began.IsZero() {
			time.Sleep(100 * time.Millisecond)
			if _, err := b.Hold(t.Context(), "sweep", func(context.Context) error { began = time.Now(); return nil }); err != nil {
				t.Error(err)
			}
		}
		holding.Wait()
		if ended.After(began) {
			t.Errorf("two worked under one lock for %s", ended.Sub(began))
		}
	})
}
