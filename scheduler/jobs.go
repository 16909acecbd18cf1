package scheduler

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Job is a piece of housekeeping that one pod at a time does.
type Job struct {
	// Name names the job's lock.
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// Locks are named locks across pods.
type Locks interface {
	// Hold does the work under the lock; ran is false when it is held elsewhere.
	Hold(ctx context.Context, name string, work func(context.Context) error) (ran bool, err error)
}

// RunJobs does each job at its rhythm until ctx ends. A job whose lock is held
// elsewhere is skipped quietly until its next turn; one that fails is told of
// and tried again then.
func RunJobs(ctx context.Context, locks Locks, observer Observer, jobs ...Job) {
	var running sync.WaitGroup
	for _, job := range jobs {
		running.Go(func() { job.run(ctx, locks, observer) })
	}
	running.Wait()
}

func (j Job) run(ctx context.Context, locks Locks, observer Observer) {
	turn := time.NewTicker(j.Every)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
			j.RunOnce(ctx, locks, observer)
		}
	}
}

// RunOnce does the job now, unless its lock is held elsewhere.
func (j Job) RunOnce(ctx context.Context, locks Locks, observer Observer) {
	started := time.Now()
	ran, err := locks.Hold(ctx, j.Name, j.Do)
	if ran {
		observer.Did(ctx, j.Name, time.Since(started), err)
	}
	if err != nil && ctx.Err() == nil {
		observer.Stumbled(ctx, fmt.Errorf("doing job %s: %w", j.Name, err))
	}
}
