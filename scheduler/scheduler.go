// Package scheduler keeps the rhythm: it finds bookings at which something is
// due, shard by shard, and gives each to a worker. Nothing is scanned: an index
// says what is due, so that an idle tick costs the same whatever the store holds.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ptpu"
)

// Store is what the scheduler needs of the store.
type Store interface {
	// Due reads a page of the bookings of one shard at which something was due
	// by now, the longest due first; next continues, and is empty at the end.
	// It is a hint: whoever works on a booking looks again.
	Due(ctx context.Context, shard int, now time.Time, limit int, after string) (due []ptpu.BookingID, next string, err error)
}

// Handler works on one booking.
type Handler interface {
	// Handle does what is due at the booking. held reports that another worker
	// has it: look again in a second.
	Handle(ctx context.Context, booking ptpu.BookingID) (held bool, err error)
}

// Observer is told what the loop meets.
type Observer interface {
	// Ticked is told of each round through the shards: the loop's heartbeat.
	Ticked(ctx context.Context)
	// Did is told of a piece of housekeeping that this pod has done, or tried.
	Did(ctx context.Context, job string, took time.Duration, err error)
	// Stumbled is told of a failure that the loop goes on after.
	Stumbled(ctx context.Context, err error)
}

// Config is what a Scheduler needs.
type Config struct {
	Store    Store
	Handler  Handler
	Observer Observer
	// Shards is how many shards the store's due index has.
	Shards int
	// Delay is how long a tick rests after the last one ended.
	Delay time.Duration
	// Workers is how many bookings are in hand at once.
	Workers int
	// Hold, when set, is asked before each round and each booking: nothing is
	// begun while it returns true, because no attempt could succeed now. What
	// is due stays due.
	Hold func() bool
	// Grace is how long work in hand may go on once the scheduler is told to
	// stop; then it is handed back.
	Grace time.Duration
}

// page is how many due bookings are read of a shard at once. A round takes one
// page of each shard, so that a backlog in one does not keep the others waiting.
const page = 50

// heldAgain is how soon a booking that another worker holds is looked at again.
const heldAgain = time.Second

// Scheduler is the processing loop of one pod.
type Scheduler struct {
	Config

	mu    sync.Mutex
	taken map[ptpu.BookingID]bool // in hand here, or to be looked at again soon
	found chan ptpu.BookingID
}

// New makes a Scheduler.
func New(c Config) (*Scheduler, error) {
	switch {
	case c.Store == nil, c.Handler == nil, c.Observer == nil:
		return nil, errors.New("scheduler: Store, Handler and Observer are needed")
	case c.Shards < 1, c.Workers < 1:
		return nil, fmt.Errorf("scheduler: %d shards and %d workers; want at least one of each", c.Shards, c.Workers)
	case c.Delay <= 0, c.Grace < 0:
		return nil, fmt.Errorf("scheduler: delay %s and grace %s; want more than nothing", c.Delay, c.Grace)
	}
	if c.Hold == nil {
		c.Hold = func() bool { return false }
	}
	return &Scheduler{Config: c, taken: map[ptpu.BookingID]bool{}, found: make(chan ptpu.BookingID, c.Workers)}, nil
}

// Run looks for due work until ctx ends, then waits for what is in hand: it may
// finish within the grace, and is handed back after it.
func (s *Scheduler) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var workers sync.WaitGroup
	for range s.Workers {
		workers.Go(func() { s.work(ctx, work) })
	}
	s.look(ctx)
	giveUp := time.AfterFunc(s.Grace, stop)
	defer giveUp.Stop()
	workers.Wait()
}

// RunOnce does one round to its end in the caller's goroutine: the shards in the
// order given, and what is due in each one booking after another. It returns how
// long Run would then rest. When ctx ends, what is in hand is handed back, as at
// the end of Run's grace. It is for a caller who decides who takes the next step
// and when, such as a simulation; never call it beside Run.
func (s *Scheduler) RunOnce(ctx context.Context, order []int) (rest time.Duration) {
	if s.Hold() {
		return s.Delay
	}
	rest = s.Delay
	var done []ptpu.BookingID
	more := s.round(ctx, order, func(ctx context.Context, booking ptpu.BookingID) bool {
		done = append(done, booking)
		if s.Hold() {
			return true
		}
		if held, err := s.do(ctx, booking); held || err != nil {
			rest = min(rest, heldAgain)
		}
		return ctx.Err() == nil
	})
	// Only now: a booking stands in the index once for each thing that is due.
	for _, booking := range done {
		s.leave(booking)
	}
	if more && rest == s.Delay {
		return 0
	}
	return rest
}

// look finds due bookings, round after round. A round that met a full page is
// followed by the next at once; otherwise the loop rests for Delay.
func (s *Scheduler) look(ctx context.Context) {
	for ctx.Err() == nil {
		// In random order, so that pods do not follow each other.
		if !s.Hold() && s.round(ctx, rand.Perm(s.Shards), s.pass) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.Delay):
		}
	}
}

// round reads from each shard once and gives away what is due there. It reports
// whether there may be more.
func (s *Scheduler) round(ctx context.Context, order []int, give giver) (more bool) {
	now := time.Now()
	for _, shard := range order {
		full, err := s.shard(ctx, shard, now, give)
		if err != nil && ctx.Err() == nil {
			s.Observer.Stumbled(ctx, err)
		}
		more = more || full
	}
	s.Observer.Ticked(ctx)
	return more && ctx.Err() == nil
}

// giver is given a booking to be worked on, and reports whether to go on.
type giver func(ctx context.Context, booking ptpu.BookingID) bool

// shard gives away a page of what is due in the shard. Bookings in hand stand in
// the index too until they are settled; they are stepped over, so that they
// never hide what comes behind them.
func (s *Scheduler) shard(ctx context.Context, shard int, now time.Time, give giver) (full bool, err error) {
	for after := ""; ; {
		due, next, err := s.Store.Due(ctx, shard, now, page, after)
		if err != nil {
			return false, err
		}
		passed := 0
		for _, booking := range due {
			if s.take(booking) {
				if !give(ctx, booking) {
					return false, nil
				}
				passed++
			}
		}
		if passed > 0 || next == "" {
			return next != "", nil
		}
		after = next
	}
}

// pass gives the booking to a worker, and waits for one when all are busy. It
// reports false when ctx ended first.
func (s *Scheduler) pass(ctx context.Context, booking ptpu.BookingID) bool {
	select {
	case s.found <- booking:
		return true
	case <-ctx.Done():
		s.leave(booking)
		return false
	}
}

func (s *Scheduler) work(ctx, work context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case booking := <-s.found:
			if ctx.Err() != nil {
				return
			}
			if s.Hold() {
				s.leave(booking)
				continue
			}
			s.handle(ctx, work, booking)
		}
	}
}

// handle has one booking worked on. One that another worker holds, or that
// could not be worked on, rests before it is looked at again.
func (s *Scheduler) handle(ctx, work context.Context, booking ptpu.BookingID) {
	held, err := s.do(work, booking)
	switch {
	case held:
		time.AfterFunc(heldAgain, func() { s.pass(ctx, booking) })
	case err != nil:
		time.AfterFunc(heldAgain, func() { s.leave(booking) })
	default:
		s.leave(booking)
	}
}

// do has the handler work on one booking, and tells of it when that fails.
func (s *Scheduler) do(work context.Context, booking ptpu.BookingID) (held bool, err error) {
	held, err = s.Handler.Handle(work, booking)
	if err != nil && !errors.Is(err, ptpu.ErrClaimLost) && work.Err() == nil {
		s.Observer.Stumbled(work, fmt.Errorf("handling booking %s: %w", booking, err))
	}
	return held, err
}

// take marks the booking as in hand here, unless it is already.
func (s *Scheduler) take(booking ptpu.BookingID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[booking] {
		return false
	}
	s.taken[booking] = true
	return true
}

func (s *Scheduler) leave(booking ptpu.BookingID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, booking)
}
