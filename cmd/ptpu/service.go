package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
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
// drives, housekeeping, and the HTTP server.
type service struct {
	settings  settings
	store     *store.Store
	listener  *listener.Listener
	scheduler *scheduler.Scheduler
	jobs      func(context.Context)
	http      *server
}

// newService joins the parts. Nothing runs yet.
func newService(s settings, b *backend, log *slog.Logger, o observer) (*service, error) {
	rows, err := store.New(store.Config{Rows: b.rows, Version: version, AuditRetention: time.Duration(s.AuditRetention)})
	if err != nil {
		return nil, err
	}
	apis, err := newUpstreams(s, version)
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
		settings: s, store: rows, listener: listening, scheduler: scheduling,
		jobs: func(ctx context.Context) { scheduler.RunJobs(ctx, locks, o, b.jobs...) },
		http: newServer(s.Port, log),
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

// run serves until ctx ends, then finishes or hands back what is in hand. It
// stops in the reverse order of start, the HTTP server last, so that readiness
// can be asked to the end. started is told the HTTP address.
func (s *service) run(ctx context.Context, started func(address string)) error {
	if err := s.http.start(ctx); err != nil {
		return err
	}
	var working sync.WaitGroup
	working.Go(func() { s.listener.Run(ctx) })
	if s.settings.ProcessorEnabled {
		working.Go(func() { s.scheduler.Run(ctx) })
		working.Go(func() { s.jobs(ctx) })
	}
	s.http.ready(true)
	started(s.http.address)
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-s.http.failed:
		failed = fmt.Errorf("serving HTTP: %w", failed)
	}
	s.http.ready(false)
	if failed != nil {
		return errors.Join(failed, s.http.stop())
	}
	working.Wait()
	return s.http.stop()
}
