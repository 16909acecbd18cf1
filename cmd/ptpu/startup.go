package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"ptpu"
	"ptpu/queue"
	"ptpu/table"
	"ptpu/topic"
)

// The rhythm of a start that cannot reach something.
const (
	reachAgain = time.Second
	tellAgain  = time.Minute
)

// reach takes all steps of the start at once, so that the start takes one round
// trip, and repeats those that could not reach what they need until all could,
// or ctx ends. What waiting does not mend is returned, all of it together:
// nothing has been started then.
func reach(ctx context.Context, log *slog.Logger, steps ...func(context.Context) error) error {
	var told time.Time
	for {
		failures := make([]error, len(steps))
		var taking sync.WaitGroup
		for i, step := range steps {
			taking.Go(func() { failures[i] = step(ctx) })
		}
		taking.Wait()
		if final := slices.DeleteFunc(slices.Clone(failures), mends); len(final) > 0 {
			return errors.Join(final...)
		}
		var left []func(context.Context) error
		for i, err := range failures {
			if err != nil {
				left = append(left, steps[i])
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Since(told) >= tellAgain {
			told = time.Now()
			log.LogAttrs(ctx, slog.LevelWarn, "not ready: waiting for what cannot be reached", slog.Any("error", errors.Join(failures...)))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(reachAgain):
		}
		steps = left
	}
}

// mends reports whether waiting may mend the failure; no failure needs none.
func mends(err error) bool {
	if err == nil {
		return true
	}
	for _, unavailable := range []error{ptpu.ErrUnavailable, queue.ErrUnavailable, table.ErrUnavailable, topic.ErrUnavailable} {
		if errors.Is(err, unavailable) {
			return !isWrong(err)
		}
	}
	return false
}

// isWrong reports whether the failure is one of what was set, which exits 2.
func isWrong(err error) bool {
	var badUsage usage
	return errors.As(err, &badUsage) || errors.Is(err, ptpu.ErrDenied) || isWrongOnAWS(err)
}
