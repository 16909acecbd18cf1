package scheduler_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/scheduler"
)

// single is a scheduler whose rounds the test decides on.
func single(t *testing.T, due map[ptpu.BookingID]time.Time, handle func(*fakeStore, ptpu.BookingID) (bool, error)) (*scheduler.Scheduler, *fakeStore, *atomic.Bool) {
	t.Helper()
	store, held := &fakeStore{due: due}, &atomic.Bool{}
	handler := &fakeHandler{given: map[ptpu.BookingID]int{}, inHand: map[ptpu.BookingID]bool{}}
	handler.handle = func(_ context.Context, id ptpu.BookingID) (bool, error) { return handle(store, id) }
	s, err := scheduler.New(scheduler.Config{
		Store: store, Handler: handler, Observer: &fakeObserver{}, Shards: 2, Delay: 10 * time.Second, Workers: 4, Hold: held.Load,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, store, held
}

func TestOneRoundIsDoneInTheOrderGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled []ptpu.BookingID
		s, _, _ := single(t, bookings(4, time.Now()), func(store *fakeStore, id ptpu.BookingID) (bool, error) {
			time.Sleep(time.Second) // in the caller's goroutine, one after the other
			handled = append(handled, id)
			store.done(id)
			return false, nil
		})
		rest := s.RunOnce(t.Context(), []int{1, 0})
		if want := []ptpu.BookingID{1, 3, 2, 4}; !slices.Equal(handled, want) || rest != 10*time.Second {
			t.Errorf("handled %v, then rest for %s; want %v and the delay", handled, rest, want)
		}
	})
}

func TestHowLongARoundRests(t *testing.T) {
	full := bookings(120, time.Time{})
	for name, c := range map[string]struct {
		due    map[ptpu.BookingID]time.Time
		handle func(*fakeStore, ptpu.BookingID) (bool, error)
		hold   bool
		want   time.Duration
	}{
		"nothing was due":          {want: 10 * time.Second},
		"there is more":            {due: full, handle: func(store *fakeStore, id ptpu.BookingID) (bool, error) { store.done(id); return false, nil }},
		"another has one":          {due: full, handle: func(*fakeStore, ptpu.BookingID) (bool, error) { return true, nil }, want: time.Second},
		"one could not be handled": {due: bookings(1, time.Time{}), handle: func(*fakeStore, ptpu.BookingID) (bool, error) { return false, errors.New("broken") }, want: time.Second},
		"nothing may be begun":     {due: full, hold: true, want: 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, store, held := single(t, c.due, c.handle)
			held.Store(c.hold)
			if got := s.RunOnce(t.Context(), []int{0, 1}); got != c.want {
				t.Errorf("%s: rest for %s, want %s", name, got, c.want)
			}
			if c.hold && store.reads > 0 {
				t.Errorf("%s: %d reads, want none", name, store.reads)
			}
		})
	}
}

// What could not be done in one round is due in the next.
func TestARoundForgetsWhatItHadInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := 0
		s, _, _ := single(t, bookings(1, time.Now()), func(*fakeStore, ptpu.BookingID) (bool, error) {
			handled++
			return handled == 1, nil
		})
		for range 2 {
			s.RunOnce(t.Context(), []int{0, 1})
		}
		if handled != 2 {
			t.Errorf("handled %d times in two rounds, want 2", handled)
		}
	})
}

func TestARoundEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		handled := 0
		s, _, _ := single(t, bookings(10, time.Now()), func(*fakeStore, ptpu.BookingID) (bool, error) {
			handled++
			cancel()
			return false, nil
		})
		s.RunOnce(ctx, []int{0})
		if handled != 1 {
			t.Errorf("handled %d bookings, want none after the end", handled)
		}
	})
}
