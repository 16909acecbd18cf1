package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ptpu/deadletters"
	"ptpu/queue"
	"ptpu/scheduler"
	"ptpu/store"
	"ptpu/telemetry"
)

// The rhythm of housekeeping.
const (
	replayEvery  = 10 * time.Minute
	measureEvery = 15 * time.Second
)

// replay is the housekeeping of the dead letters: most wait for an outage to
// end, and need nobody.
func replay(dead *deadletters.DeadLetters, log *slog.Logger) scheduler.Job {
	return scheduler.Job{Name: "dead-letters", Every: replayEvery, Do: func(ctx context.Context) error {
		kept, err := dead.Housekeep(ctx)
		for _, k := range kept {
			if k.Replayed+k.Hopeless+k.Exhausted+k.Uncountable > 0 {
				log.LogAttrs(ctx, slog.LevelInfo, "dead letters", slog.String("queue", k.Queue), slog.Int("replayed", k.Replayed),
					slog.Int("hopeless", k.Hopeless), slog.Int("exhausted", k.Exhausted), slog.Int("uncountable", k.Uncountable))
			}
		}
		return err
	}}
}

// measure is the housekeeping of the gauges that are the same on every pod.
func measure(rows *store.Store, metrics *telemetry.Metrics, queues ...queue.Queue) scheduler.Job {
	return scheduler.Job{Name: "gauges", Every: measureEvery, Do: func(ctx context.Context) error {
		now := time.Now()
		backlog, err := rows.Backlog(ctx, now)
		if err == nil {
			metrics.BacklogMeasured(backlog, now)
		}
		for _, q := range queues {
			counts, failure := q.Counts(ctx)
			if failure != nil {
				err = errors.Join(err, fmt.Errorf("counting what is on queue %s: %w", q.Name(), failure))
				continue
			}
			// SQS does not tell the age of what waits.
			metrics.QueueMeasured(q.Name(), counts.Visible, counts.InFlight, counts.Delayed, counts.Oldest, counts.Oldest > 0)
		}
		return err
	}}
}
