package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/scheduler"
)

// fakeStore has work due at instants, by booking; two shards by parity.
type fakeStore struct {
	mu    sync.Mutex
	due   map[ptpu.BookingID]time.Time
	reads int
	err   error
}

func (s *fakeStore) Due(_ context.Context, shard int, now time.Time, limit int, after string) ([]ptpu.BookingID, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.err != nil {
		return nil, "", s.err
	}
	var all []ptpu.BookingID
	for _, id := range slices.Sorted(maps.Keys(s.due)) {
		if int(id)%2 == shard && !s.due[id].After(now) {
			all = append(all, id)
		}
	}
	from := 0
	if after != "" {
		from, _ = strconv.Atoi(after)
	}
	all = all[min(from, len(all)):]
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], strconv.Itoa(from + limit), nil
}

func (s *fakeStore) done(id ptpu.BookingID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.due, id)
}

func (s *fakeStore) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.due)
}

// fakeHandler works as it is told and remembers what it was given.
type fakeHandler struct {
	mu     sync.Mutex
	given  map[ptpu.BookingID]int
	inHand map[ptpu.BookingID]bool
	most   int
	handle func(ctx context.Context, id ptpu.BookingID) (bool, error)
}

func (h *fakeHandler) Handle(ctx context.Context, id ptpu.BookingID) (bool, error) {
	h.mu.Lock()
	if h.inHand[id] {
		panic(fmt.Sprintf("booking %s is in hand twice", id))
	}
	h.inHand[id] = true
	h.given[id]++
	h.most = max(h.most, len(h.inHand))
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.inHand, id)
		h.mu.Unlock()
	}()
	return h.handle(ctx, id)
}

func (h *fakeHandler) times(id ptpu.BookingID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.given[id]
}

type fakeObserver struct {
	mu   sync.Mutex
	told []error
}

func (o *fakeObserver) Ticked(context.Context) {}

func (o *fakeObserver) Did(context.Context, string, time.Duration, error) {}

func (o *fakeObserver) Stumbled(_ context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, err)
}

type world struct {
	store    *fakeStore
	handler  *fakeHandler
	observer *fakeObserver
	held     atomic.Bool // the scheduler is to begin nothing
	stop     context.CancelFunc
	stopped  chan struct{}
}

// start runs a scheduler with four workers and a tick of a second.
func start(t *testing.T, due map[ptpu.BookingID]time.Time, handle func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error)) *world {
	t.Helper()
	w := &world{
		store:    &fakeStore{due: due},
		handler:  &fakeHandler{given: map[ptpu.BookingID]int{}, inHand: map[ptpu.BookingID]bool{}},
		observer: &fakeObserver{},
		stopped:  make(chan struct{}),
	}
	w.handler.handle = func(ctx context.Context, id ptpu.BookingID) (bool, error) { return handle(ctx, w, id) }
	s, err := scheduler.New(scheduler.Config{
		Store: w.store, Handler: w.handler, Observer: w.observer, Shards: 2, Delay: time.Second, Workers: 4, Grace: 10 * time.Second,
		Hold: w.held.Load,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go func() {
		defer close(w.stopped)
		s.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-w.stopped
	})
	return w
}

// settle does the work at once.
func settle(_ context.Context, w *world, id ptpu.BookingID) (bool, error) {
	w.store.done(id)
	return false, nil
}

func bookings(n int, due time.Time) map[ptpu.BookingID]time.Time {
	all := map[ptpu.BookingID]time.Time{}
	for i := range n {
		all[ptpu.BookingID(i+1)] = due
	}
	return all
}

func TestWorkIsHandledWhenItIsDueAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, map[ptpu.BookingID]time.Time{1: time.Now().Add(time.Hour)}, settle)
		time.Sleep(time.Hour - time.Second)
		synctest.Wait()
		if n := w.handler.times(1); n != 0 {
			t.Errorf("handled %d times before it was due", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := w.handler.times(1); n != 1 {
			t.Errorf("handled %d times within a tick after it was due, want once", n)
		}
	})
}

func TestAnIdleTickReadsEachShardOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, nil, settle)
		time.Sleep(10*time.Second + time.Millisecond)
		w.stop()
		<-w.stopped
		if w.store.reads != 11*2 {
			t.Errorf("%d reads in eleven ticks, want two each", w.store.reads)
		}
	})
}

func TestABacklogIsWorkedOffWithoutRestByAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		w := start(t, bookings(1000, started), func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error) {
			time.Sleep(100 * time.Millisecond)
			return settle(ctx, w, id)
		})
		time.Sleep(25*time.Second + 100*time.Millisecond) // 1000 bookings, 4 at a time, 0.1 s each
		synctest.Wait()
		if left := w.store.left(); left != 0 || w.handler.most != 4 {
			t.Errorf("%d left after the least time that they need, at most %d in hand", left, w.handler.most)
		}
		for id, n := range w.handler.given {
			if n != 1 {
				t.Errorf("booking %s was handled %d times", id, n)
			}
		}
	})
}

func TestSlowBookingsDoNotHideTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due := bookings(300, time.Now())
		w := start(t, due, func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error) {
			if id <= 240 {
				return true, nil // another worker holds all that come first
			}
			return settle(ctx, w, id)
		})
		time.Sleep(3 * time.Second)
		synctest.Wait()
		for id := ptpu.BookingID(241); id <= 300; id++ {
			if w.handler.times(id) != 1 {
				t.Fatalf("booking %s was handled %d times", id, w.handler.times(id))
			}
		}
	})
}

func TestAHeldBookingIsLookedAtAgainEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, bookings(1, time.Now()), func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error) {
			if w.handler.times(id) < 6 {
				return true, nil
			}
			return settle(ctx, w, id)
		})
		time.Sleep(5*time.Second + time.Millisecond)
		synctest.Wait()
		if n := w.handler.times(1); n != 6 || w.store.left() != 0 {
			t.Errorf("looked at %d times in five seconds, %d left", n, w.store.left())
		}
	})
}

func TestNothingIsBegunOrReadWhileItIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due := map[ptpu.BookingID]time.Time{}
		for id := range ptpu.BookingID(10) {
			due[id+1] = time.Now().Add(10 * time.Second)
		}
		w := start(t, due, func(_ context.Context, w *world, id ptpu.BookingID) (bool, error) {
			if id == 4 {
				w.held.Store(true)
			}
			w.store.done(id)
			return false, nil
		})
		time.Sleep(11 * time.Second)
		synctest.Wait()
		begun, reads := 10-w.store.left(), w.store.reads
		if begun == 10 || w.handler.times(4) != 1 {
			t.Fatalf("%d of 10 bookings were begun, and the one that holds the others %d times", begun, w.handler.times(4))
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if got := 10 - w.store.left(); got != begun || w.store.reads != reads {
			t.Errorf("while held, %d bookings were begun and %d reads made, want none", got-begun, w.store.reads-reads)
		}
		w.held.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if left := w.store.left(); left != 0 {
			t.Errorf("a tick after it is held no longer %d bookings are left, want 0", left)
		}
	})
}

func TestAFailureIsToldAndTriedAgainAndAnotherBookingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		w := start(t, bookings(2, time.Now()), func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error) {
			switch {
			case id == 1 && w.handler.times(id) == 1:
				return false, broken
			case id == 1 && w.handler.times(id) == 2:
				return false, ptpu.ErrClaimLost // quietly: another worker has it
			}
			return settle(ctx, w, id)
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if w.store.left() != 0 || len(w.observer.told) != 1 || !errors.Is(w.observer.told[0], broken) {
			t.Errorf("%d left, told %v", w.store.left(), w.observer.told)
		}
	})
}

func TestAStoreThatCannotBeReadIsAskedAgainAtTheNextTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, bookings(1, time.Now()), settle)
		w.store.mu.Lock()
		w.store.err = ptpu.ErrUnavailable
		w.store.mu.Unlock()
		time.Sleep(10 * time.Second)
		w.store.mu.Lock()
		w.store.err = nil
		w.store.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if w.store.left() != 0 {
			t.Error("the work was never done")
		}
	})
}

func TestStoppingLetsWorkInHandFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, bookings(100, time.Now()), func(ctx context.Context, w *world, id ptpu.BookingID) (bool, error) {
			time.Sleep(5 * time.Second)
			if ctx.Err() != nil {
				t.Error("work in hand was cut off within the grace")
			}
			return settle(ctx, w, id)
		})
		time.Sleep(time.Second)
		w.stop()
		started := time.Now()
		<-w.stopped
		if took := time.Since(started); took != 4*time.Second || w.store.left() != 96 {
			t.Errorf("stopped after %s with %d left; want the four in hand finished and no other begun", took, w.store.left())
		}
	})
}

func TestWorkThatOutlastsTheGraceIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, bookings(1, time.Now()), func(ctx context.Context, _ *world, _ ptpu.BookingID) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		})
		time.Sleep(time.Second)
		w.stop()
		started := time.Now()
		<-w.stopped
		if took := time.Since(started); took != 10*time.Second || len(w.observer.told) != 0 {
			t.Errorf("stopped after %s, told %v", took, w.observer.told)
		}
	})
}

// fakeLocks are held here or elsewhere.
type fakeLocks struct{ elsewhere bool }

func (l *fakeLocks) Hold(ctx context.Context, _ string, work func(context.Context) error) (bool, error) {
	if l.elsewhere {
		return false, nil
	}
	return true, work(ctx)
}

func TestJobsRunAtTheirRhythmUnderTheirLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, elsewhere := range []bool{false, true} {
			did := 0
			observer := &fakeObserver{}
			ctx, stop := context.WithTimeout(t.Context(), 35*time.Minute)
			scheduler.RunJobs(ctx, &fakeLocks{elsewhere}, observer, scheduler.Job{
				Name: "sweep", Every: 10 * time.Minute, Do: func(context.Context) error {
					did++
					return errors.New("broken")
				},
			})
			stop()
			want := map[bool]int{false: 3, true: 0}[elsewhere]
			if did != want || len(observer.told) != want {
				t.Errorf("held elsewhere %t: done %d times, told %v; want %d", elsewhere, did, observer.told, want)
			}
		}
	})
}

func TestASchedulerRefusesNonsense(t *testing.T) {
	good := scheduler.Config{
		Store: &fakeStore{}, Handler: &fakeHandler{}, Observer: &fakeObserver{}, Shards: 1, Delay: 1, Workers: 1,
	}
	for name, spoil := range map[string]func(*scheduler.Config){
		"no store":   func(c *scheduler.Config) { c.Store = nil },
		"no workers": func(c *scheduler.Config) { c.Workers = 0 },
		"no shards":  func(c *scheduler.Config) { c.Shards = 0 },
		"no delay":   func(c *scheduler.Config) { c.Delay = 0 },
	} {
		c := good
		spoil(&c)
		if _, err := scheduler.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := scheduler.New(good); err != nil {
		t.Error(err)
	}
}
