package leasetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ptpu/table"
)

// faulty is one worker's way to the table.
type faulty struct {
	table.Table
	game Game
	late *sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
	failed time.Time // when a write last failed
	outage time.Time // until when all do
	// doubts counts the writes that were done, or may be, without an answer.
	doubts int
}

// Get implements table.Table.
func (f *faulty) Get(ctx context.Context, key table.Key) (table.Item, error) {
	f.travel(ctx)
	defer f.travel(ctx)
	return f.Table.Get(ctx, key)
}

// Query implements table.Table.
func (f *faulty) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	f.travel(ctx)
	defer f.travel(ctx)
	return f.Table.Query(ctx, partition, r)
}

// Write implements table.Table.
func (f *faulty) Write(ctx context.Context, actions ...table.Action) error {
	f.settle(ctx)
	f.travel(ctx)
	defer f.travel(ctx)
	switch fate, delay := f.fate(); fate {
	case "":
		return f.Table.Write(ctx, actions...)
	case lostFate:
		_ = f.Table.Write(ctx, actions...) // nobody hears of its answer
		return f.fails(fate)
	case lateFate:
		ctx := context.WithoutCancel(ctx)
		f.late.Go(func() {
			pause(ctx, delay)
			_ = f.Table.Write(ctx, actions...) // the same
		})
		return f.fails(fate)
	default:
		return f.fails(fate)
	}
}

// The fates of a write; the empty one is to be done and answered.
const (
	downFate = "not done"
	lostFate = "answer lost"
	lateFate = "late"
)

// fate decides what becomes of a write, and by how much it would be late.
func (f *faulty) fate() (fate string, delay time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Now().Before(f.outage) {
		return downFate, 0
	}
	switch dice := f.random.Float64(); {
	case dice < f.game.Down:
		return downFate, 0
	case dice < f.game.Down+f.game.Lost:
		f.doubts++
		return lostFate, 0
	case dice < f.game.Down+f.game.Lost+f.game.Late:
		f.doubts++
		return lateFate, upTo(f.random, 2*f.game.Length)
	}
	return "", 0
}

func (f *faulty) fails(how string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = time.Now()
	return fmt.Errorf("%w: %s", table.ErrUnavailable, how)
}

// doubted is how many writes have been done so far, or may be, without an answer.
func (f *faulty) doubted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.doubts
}

// outageUntil has every write fail until the instant.
func (f *faulty) outageUntil(end time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outage = end
}

// settle waits until the last failure is some time ago.
func (f *faulty) settle(ctx context.Context) {
	f.mu.Lock()
	from := f.failed.Add(f.game.Settle)
	f.mu.Unlock()
	pause(ctx, time.Until(from))
}

// travel is the way there, or back: short, and of no two calls the same.
func (f *faulty) travel(ctx context.Context) {
	f.mu.Lock()
	takes := upTo(f.random, f.game.Length/100)
	f.mu.Unlock()
	pause(ctx, takes)
}
