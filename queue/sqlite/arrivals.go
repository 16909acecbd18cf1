package sqlite

import (
	"context"
	"sync"
	"time"
)

// arrivals wakes the receivers that wait in this process. The zero value is
// ready to use.
type arrivals struct {
	mu   sync.Mutex
	wait chan struct{} // nil when nobody waits
}

// next returns a channel that is closed at the next announcement.
func (a *arrivals) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wait == nil {
		a.wait = make(chan struct{})
	}
	return a.wait
}

// announce wakes everyone who waits: a few receivers at most.
func (a *arrivals) announce() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wait != nil {
		close(a.wait)
		a.wait = nil
	}
}

// pause waits for an arrival, but no longer than d. The error is ctx's.
func pause(ctx context.Context, d time.Duration, arrival <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-arrival:
	case <-timer.C:
	}
	return nil
}
