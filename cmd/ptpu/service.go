package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"ptpu"
	"ptpu/aggregator"
	"ptpu/deadletters"
	"ptpu/domainevents"
	"ptpu/listener"
	"ptpu/matcher"
	"ptpu/processor"
	"ptpu/scheduler"
	"ptpu/store"
	"ptpu/telemetry"
)

// observer is told of everything that the service decides.
type observer interface {
	aggregator.Observer
	listener.Observer
	scheduler.Observer
}

// grace is how long work in hand may go on once the service is told to stop.
// What is left of the 25 seconds that it may take then is for handing back.
const grace = 18 * time.Second

// lockLength is how long a named lock outlives its holder.
const lockLength = 30 * time.Second

// service is ptpu on one backend: the listener, the scheduler with what it
// drives, and housekeeping.
type service struct {
	store     *store.Store
	dead      *deadletters.DeadLetters
	listener  *listener.Listener
	scheduler *scheduler.Scheduler
	locks     scheduler.Locks
	jobs      []scheduler.Job
	observer  observer
	watch     func(context.Context) // keeps an eye on the neighbours
	process   bool                  // false: this pod only listens
}

// newService joins the parts. Nothing runs yet.
func newService(s settings, b *backend, apis upstreams, o observer, seen *observation) (*service, error) {
	rows, err := store.New(store.Config{Rows: b.rows, Version: version, AuditRetention: time.Duration(s.AuditRetention)})
	if err != nil {
		return nil, err
	}
	matching, err := matcher.New(apis.search, apis.community)
	if err != nil {
		return nil, err
	}
	processing, err := processor.New(apis.prison, apis.community, matching, ptpu.NewPrisons(s.OnlyPrisons...))
	if err != nil {
		return nil, err
	}
	publisher, err := domainevents.New(announcements{b.topic})
	if err != nil {
		return nil, err
	}
	owner := ownerName()
	gathering, err := aggregator.New(aggregator.Config{
		Store: rows, Processor: processing, Announcer: publisher, Observer: o, Rhythm: s.rhythm(), Owner: owner,
	})
	if err != nil {
		return nil, err
	}
	scheduling, err := scheduler.New(scheduler.Config{
		Store: rows, Handler: inHand{gathering, seen.metrics}, Observer: o, Shards: store.Shards,
		Delay: time.Duration(s.ProcessorDelay), Workers: s.ProcessorConcurrency, Grace: grace, Hold: apis.noAttempt,
	})
	if err != nil {
		return nil, err
	}
	listening, err := listener.New(listener.Config{
		Queue: notices{main: b.events, dead: b.deadLetters}, Store: rows, Judge: processing, Observer: o,
		Holdback: time.Duration(s.Holdback), Concurrency: s.ListenerConcurrency, Grace: grace, Hold: apis.noVerdict,
	})
	if err != nil {
		return nil, err
	}
	dead, err := deadletters.New(deadletters.Config{
		Pairs:      []deadletters.Pair{{Main: anyQueue{b.events}, Dead: replayedQueue{anyQueue{b.deadLetters}, b.events}}},
		MaxReplays: s.MaxReplays, Hopeless: listener.Hopeless, Who: caller, Record: rows.RecordAction, Stumbled: o.Stumbled,
	})
	if err != nil {
		return nil, err
	}
	locks := leases{store.NewLocks(b.locks, owner, lockLength), seen.metrics}
	jobs := append(b.jobs, replay(dead, seen.log), measure(rows, seen.metrics, b.events, b.deadLetters))
	return &service{
		store: rows, dead: dead, listener: listening, scheduler: scheduling, watch: apis.watch, process: s.ProcessorEnabled,
		locks: locks, jobs: jobs, observer: o,
	}, nil
}

// ownerName names this process as no other that ever ran.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// run works until ctx ends, then finishes or hands back what is in hand.
func (s *service) run(ctx context.Context) {
	// A neighbour that comes back during the drain is still noticed.
	watching, drained := context.WithCancel(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(watching) })
	defer watch.Wait()
	defer drained()
	var working sync.WaitGroup
	working.Go(func() { s.listener.Run(ctx) })
	working.Go(func() { scheduler.RunJobs(ctx, s.locks, s.observer, s.jobs...) })
	if s.process {
		working.Go(func() { s.scheduler.Run(ctx) })
	}
	working.Wait()
}

// inHand counts the bookings that this pod has in hand.
type inHand struct {
	scheduler.Handler
	metrics *telemetry.Metrics
}

// Handle has the booking handled.
func (h inHand) Handle(ctx context.Context, booking ptpu.BookingID) (held bool, err error) {
	h.metrics.InHand(1)
	defer h.metrics.InHand(-1)
	return h.Handler.Handle(ctx, booking)
}

// leases are the named locks, and show which of them this pod holds.
type leases struct {
	scheduler.Locks
	metrics *telemetry.Metrics
}

// Hold does the work under the lock.
func (l leases) Hold(ctx context.Context, name string, work func(context.Context) error) (ran bool, err error) {
	return l.Locks.Hold(ctx, name, func(ctx context.Context) error {
		l.metrics.LeaseHeld(name, true)
		defer l.metrics.LeaseHeld(name, false)
		return work(ctx)
	})
}
