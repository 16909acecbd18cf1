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
	"ptpu/domainevents"
	"ptpu/listener"
	"ptpu/matcher"
	"ptpu/processor"
	"ptpu/scheduler"
	"ptpu/store"
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
	listener  *listener.Listener
	scheduler *scheduler.Scheduler
	jobs      func(context.Context)
	process   bool // false: this pod only listens
}

// newService joins the parts. Nothing runs yet.
func newService(s settings, b *backend, apis upstreams, o observer) (*service, error) {
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
		Store: rows, Handler: gathering, Observer: o, Shards: store.Shards,
		Delay: time.Duration(s.ProcessorDelay), Workers: s.ProcessorConcurrency, Grace: grace,
	})
	if err != nil {
		return nil, err
	}
	listening, err := listener.New(listener.Config{
		Queue: notices{main: b.events, dead: b.deadLetters}, Store: rows, Judge: processing, Observer: o,
		Holdback: time.Duration(s.Holdback), Concurrency: s.ListenerConcurrency, Grace: grace,
	})
	if err != nil {
		return nil, err
	}
	locks := store.NewLocks(b.locks, owner, lockLength)
	return &service{
		store: rows, listener: listening, scheduler: scheduling, process: s.ProcessorEnabled,
		jobs: func(ctx context.Context) { scheduler.RunJobs(ctx, locks, o, b.jobs...) },
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
	var working sync.WaitGroup
	working.Go(func() { s.listener.Run(ctx) })
	if s.process {
		working.Go(func() { s.scheduler.Run(ctx) })
		working.Go(func() { s.jobs(ctx) })
	}
	working.Wait()
}
