package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu/embedded"
	"ptpu/health"
	"ptpu/queue"
	queuesqlite "ptpu/queue/sqlite"
	"ptpu/scheduler"
	"ptpu/store"
	"ptpu/table"
	tablesqlite "ptpu/table/sqlite"
	"ptpu/topic"
	topicsqlite "ptpu/topic/sqlite"
)

// backend is where rows, notices and domain events live.
type backend struct {
	rows, locks         table.Table
	events, deadLetters queue.Queue
	topic               topic.Topic
	// published reads the domain events back, where the backend keeps them.
	published *topicsqlite.Topic
	// tables describe the tables, for health.
	tables map[string]health.Check
	jobs   []scheduler.Job
	close  func() error
}

// The names within the embedded database.
const (
	messageTable = "messages"
	lockTable    = "locks"
	eventQueue   = "prison-events"
	deadQueue    = "prison-events-dlq"
	domainTopic  = "domain-events"
)

// embeddedReceives is how often the embedded queue delivers a notice before it
// is a dead letter.
const embeddedReceives = 10

// Housekeeping of the embedded database: DynamoDB removes expired rows itself.
const (
	sweepEvery = 10 * time.Minute
	sweepLimit = 10_000
)

// openBackend opens the backend that the settings name. serve claims it for a
// process that runs; short writers leave it false.
func openBackend(ctx context.Context, s settings, serve bool) (*backend, error) {
	if s.Backend == "aws" {
		return openAWS(ctx, s)
	}
	file, err := embedded.Open(s.DataDir, embedded.Options{Sync: embedded.Sync(s.SyncMode), Serve: serve})
	switch {
	case errors.Is(err, embedded.ErrInUse), errors.Is(err, embedded.ErrUnavailable):
		return nil, err // may be otherwise the next time
	case err != nil:
		return nil, usage{err}
	}
	b, err := onFile(ctx, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

func onFile(ctx context.Context, file *embedded.File) (*backend, error) {
	rows, err := tablesqlite.Open(ctx, file, tablesqlite.Spec{Name: messageTable, Indexes: store.Indexes(), Places: store.Places})
	if err != nil {
		return nil, err
	}
	locks, err := tablesqlite.Open(ctx, file, tablesqlite.Spec{Name: lockTable, NoSortKey: true})
	if err != nil {
		return nil, err
	}
	events, err := queuesqlite.Open(ctx, file, queuesqlite.Spec{Name: eventQueue, DeadLetters: deadQueue, MaxReceives: embeddedReceives})
	if err != nil {
		return nil, err
	}
	deadLetters, err := queuesqlite.Open(ctx, file, queuesqlite.Spec{Name: deadQueue})
	if err != nil {
		return nil, err
	}
	published, err := topicsqlite.Open(ctx, file, domainTopic)
	if err != nil {
		return nil, err
	}
	sweep := scheduler.Job{Name: "sweep", Every: sweepEvery, Do: func(ctx context.Context) error {
		_, err := rows.Sweep(ctx, time.Now(), sweepLimit)
		if err != nil {
			return fmt.Errorf("removing expired rows: %w", err)
		}
		return nil
	}}
	return &backend{
		tables: map[string]health.Check{
			messageTableHealth: embeddedTable(messageTable, rows), scheduleTableHealth: embeddedTable(lockTable, locks),
		},
		rows: rows, locks: locks, events: events, deadLetters: deadLetters, topic: published, published: published,
		jobs: []scheduler.Job{sweep}, close: file.Close,
	}, nil
}
