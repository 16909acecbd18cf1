package faulttest

import (
	"context"
	"time"

	"ptpu/queue"
)

// Queue is the process's way to a queue. id names a notice by what is the same
// in every run; empty for one that cannot be read.
func (p *Process) Queue(q queue.Queue, id func(queue.Notice) string) queue.Queue {
	return &processQueue{Queue: q, p: p, id: id, inHand: map[string]string{}}
}

type processQueue struct {
	queue.Queue
	p  *Process
	id func(queue.Notice) string
	// inHand is the notice of each receipt. Only this process's, and only for
	// naming calls, so that nothing is lost with the process.
	inHand map[string]string
}

func (q *processQueue) call(op, key string) Call {
	return Call{Seam: Queue, Op: op, Key: q.Name() + " " + key}
}

func (q *processQueue) held(receipt string) string {
	q.p.mu.Lock()
	defer q.p.mu.Unlock()
	return q.inHand[receipt]
}

// Send implements queue.Queue.
func (q *processQueue) Send(ctx context.Context, n queue.Notice) (id string, err error) {
	err = q.p.do(ctx, q.call("Send", q.id(n)), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		id, err = q.Queue.Send(ctx, n)
		return err
	})
	return id, err
}

// Receive implements queue.Queue.
func (q *processQueue) Receive(ctx context.Context, limit int, wait, visibility time.Duration) (got []queue.Delivery, err error) {
	err = q.p.do(ctx, q.call("Receive", ""), queue.ErrUnavailable, func(ctx context.Context, rule Rule) error {
		got, err = q.Queue.Receive(ctx, limit, wait, visibility)
		if rule.Kind == Lost {
			got = nil
		}
		q.p.mu.Lock()
		for _, d := range got {
			q.inHand[d.Receipt] = q.id(d.Notice)
		}
		q.p.mu.Unlock()
		if rule.Kind == Again {
			for _, d := range got {
				_ = q.Queue.Extend(ctx, d.Receipt, 0) // others may have it now
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Extend implements queue.Queue.
func (q *processQueue) Extend(ctx context.Context, receipt string, visibility time.Duration) error {
	return q.p.do(ctx, q.call("Extend", q.held(receipt)), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		return q.Queue.Extend(ctx, receipt, visibility)
	})
}

// Delete implements queue.Queue.
func (q *processQueue) Delete(ctx context.Context, receipts ...string) error {
	key := ""
	for _, receipt := range receipts {
		key += q.held(receipt) + " "
	}
	return q.p.do(ctx, q.call("Delete", key), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		return q.Queue.Delete(ctx, receipts...)
	})
}

// Move implements queue.Queue.
func (q *processQueue) Move(ctx context.Context, d queue.Delivery, to queue.Queue, add map[string]string) error {
	if other, ok := to.(*processQueue); ok {
		to = other.Queue
	}
	return q.p.do(ctx, q.call("Move", q.held(d.Receipt)), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		return q.Queue.Move(ctx, d, to, add)
	})
}

// Purge implements queue.Queue.
func (q *processQueue) Purge(ctx context.Context) (n int, err error) {
	err = q.p.do(ctx, q.call("Purge", ""), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		n, err = q.Queue.Purge(ctx)
		return err
	})
	return n, err
}

// Counts implements queue.Queue.
func (q *processQueue) Counts(ctx context.Context) (c queue.Counts, err error) {
	err = q.p.do(ctx, q.call("Counts", ""), queue.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		c, err = q.Queue.Counts(ctx)
		return err
	})
	return c, err
}
