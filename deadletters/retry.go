package deadletters

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ptpu"
)

// MostShown is how many letters an answer shows at most. Counts are whole.
const MostShown = 100

// Moved is what a retry has moved from a dead-letter queue to its main queue.
type Moved struct {
	Queue string // the dead-letter queue
	Count int
	// Letters are the first MostShown of them, as they were among the dead
	// letters.
	Letters []Letter
}

// Retry moves every letter that is there now back to its main queue, hopeless or
// not: a person wants it so. It goes on after a letter that cannot be moved; what
// was moved all the same comes with the error. ErrNoQueue for a queue that is no
// dead-letter queue of ours.
//
// The retry is on record before it begins, with how many letters it found.
func (d *DeadLetters) Retry(ctx context.Context, name string) (Moved, error) {
	p, err := d.dead(name)
	if err != nil {
		return Moved{}, fmt.Errorf("retrying dead letters: %w", err)
	}
	return d.retry(ctx, p)
}

// RetryAll retries the letters of every queue in turn, as Retry does.
func (d *DeadLetters) RetryAll(ctx context.Context) ([]Moved, error) {
	var all []Moved
	var errs []error
	for _, p := range d.pairs {
		m, err := d.retry(ctx, p)
		all, errs = append(all, m), append(errs, err)
	}
	return all, errors.Join(errs...)
}

func (d *DeadLetters) retry(ctx context.Context, p pair) (Moved, error) {
	m := Moved{Queue: p.Dead.Name()}
	end, err := p.begin(ctx)
	if err != nil {
		return m, err
	}
	defer end()
	depth, err := p.Dead.Depth(ctx)
	if err == nil {
		err = d.record(ctx, "dead letters retried", m.Queue, depth)
	}
	if err != nil {
		return m, err
	}
	done, err := d.pass(ctx, p, depth, func(ctx context.Context, l Letter) (fate, error) {
		err := p.Dead.Replay(ctx, l.counted())
		if errors.Is(err, ErrNoRoom) {
			err = p.Dead.Replay(ctx, l.uncounted())
		}
		return fateOf(err)
	})
	m.Count, m.Letters = done.count[replayed], done.replayed
	return m, err
}

// Purge removes everything from one of our queues, a main or a dead-letter queue,
// and returns how much that was. ErrNoQueue for any other. SQS takes up to a
// minute for it, and removes what is sent meanwhile too.
//
// The purge is on record before it is done, with how much there was to remove.
func (d *DeadLetters) Purge(ctx context.Context, name string) (int, error) {
	q, err := d.queue(name)
	if err != nil {
		return 0, fmt.Errorf("purging a queue: %w", err)
	}
	depth, err := q.Depth(ctx)
	if err == nil {
		err = d.record(ctx, "queue purged", name, depth)
	}
	if err != nil {
		return 0, err
	}
	return q.Purge(ctx)
}

// record puts on record what a person does with so many letters of a queue. It
// comes first, so that nothing is done without a trace.
func (d *DeadLetters) record(ctx context.Context, what, queue string, count int) error {
	err := d.Record(ctx, ptpu.Action{
		At: time.Now().UTC(), By: d.Who(ctx), What: what,
		Details: map[string]string{"queue": queue, "count": strconv.Itoa(count)},
	})
	if err != nil {
		return fmt.Errorf("recording %q of queue %s: %w", what, queue, err)
	}
	return nil
}
