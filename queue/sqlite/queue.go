// Package sqlite keeps queues of the seam ptpu/queue in the embedded SQLite
// file. All queues are rows of one SQL table, so that a notice moves from one
// to the other in one transaction. Its manners are those of SQS.
package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"ptpu/embedded"
	"ptpu/queue"
)

// Spec describes one queue.
type Spec struct {
	// Name is the queue's name.
	Name string
	// DeadLetters is the name of the queue that a notice goes to when it has
	// been received MaxReceives times and would be received again. Empty and
	// 0 when it may come back for ever.
	DeadLetters string
	MaxReceives int
}

// Queue is one queue in the file. It is a queue.Queue, with all that this
// promises. Open each queue once in a process: a waiting Receive learns at once
// of what arrives through the same Queue, and of the rest within pollInterval.
type Queue struct {
	file     *embedded.File
	spec     Spec
	arrivals arrivals
}

var _ queue.Queue = (*Queue)(nil)

// Open opens a queue, which is empty when it was never used. The error wraps
// queue.ErrInvalid for a faulty spec, else what embedded.File.Migrate returns.
func Open(ctx context.Context, file *embedded.File, spec Spec) (*Queue, error) {
	if err := spec.validate(); err != nil {
		return nil, fmt.Errorf("opening queue %q: %w", spec.Name, err)
	}
	if err := file.Migrate(ctx, "queue", migrations); err != nil {
		return nil, fmt.Errorf("opening queue %s: %w", spec.Name, err)
	}
	return &Queue{file: file, spec: spec}, nil
}

func (s Spec) validate() error {
	switch {
	case s.Name == "":
		return fmt.Errorf("%w: no name", queue.ErrInvalid)
	case s.MaxReceives < 0, (s.MaxReceives > 0) != (s.DeadLetters != ""):
		return fmt.Errorf("%w: MaxReceives and DeadLetters need each other", queue.ErrInvalid)
	case s.DeadLetters == s.Name:
		return fmt.Errorf("%w: it is its own dead-letter queue", queue.ErrInvalid)
	}
	return nil
}

// Name implements queue.Queue.
func (q *Queue) Name() string { return q.spec.Name }

// MaxReceives implements queue.Queue.
func (q *Queue) MaxReceives() int { return q.spec.MaxReceives }

// Send implements queue.Queue.
func (q *Queue) Send(ctx context.Context, n queue.Notice) (id string, err error) {
	text, err := encode(n)
	if err == nil {
		err = q.file.Write(ctx, func(tx *embedded.Tx) error {
			id, err = q.insert(tx, text)
			return err
		})
	}
	if err != nil {
		return "", q.failed("sending", err)
	}
	q.arrivals.announce()
	return id, nil
}

// text is a notice as it is stored.
type text struct{ body, attributes string }

func encode(n queue.Notice) (text, error) {
	if n.Body == "" {
		return text{}, fmt.Errorf("%w: an empty body", queue.ErrInvalid)
	}
	for name, value := range n.Attributes {
		// The body is kept as it is; JSON would mend these unasked.
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return text{}, fmt.Errorf("%w: an attribute is not UTF-8", queue.ErrInvalid)
		}
	}
	attributes, err := json.Marshal(n.Attributes)
	return text{body: n.Body, attributes: string(attributes)}, err
}

func (q *Queue) insert(tx *embedded.Tx, t text) (id string, err error) {
	id = rand.Text()
	now := time.Now().UnixMilli()
	_, err = tx.Exec(insertNotice, q.spec.Name, id, t.body, t.attributes, now, now)
	return id, err
}

// Purge implements queue.Queue.
func (q *Queue) Purge(ctx context.Context) (int, error) {
	var removed int64
	err := q.file.Write(ctx, func(tx *embedded.Tx) (err error) {
		removed, err = tx.Exec(purgeQueue, q.spec.Name)
		return err
	})
	if err != nil {
		return 0, q.failed("purging", err)
	}
	return int(removed), nil
}

// Counts implements queue.Queue. Nothing is ever Delayed here: Send has no
// delay, and a notice that was handed back with one is InFlight until then.
func (q *Queue) Counts(ctx context.Context) (queue.Counts, error) {
	now := time.Now()
	var c queue.Counts
	err := q.file.Query(ctx, countQueue, []any{q.spec.Name, now.UnixMilli()}, func(scan embedded.Scan) error {
		return scan(&c.Visible, &c.InFlight)
	})
	if err == nil {
		err = q.file.Query(ctx, oldestOfQueue, []any{q.spec.Name}, func(scan embedded.Scan) error {
			var sent int64
			err := scan(&sent)
			c.Oldest = max(0, now.Sub(time.UnixMilli(sent)))
			return err
		})
	}
	if err != nil {
		return queue.Counts{}, q.failed("counting", err)
	}
	return c, nil
}

// failed names the step, and gives the file's failures the seam's names.
func (q *Queue) failed(step string, err error) error {
	switch {
	case errors.Is(err, embedded.ErrUnavailable):
		err = fmt.Errorf("%w: %w", queue.ErrUnavailable, err)
	case errors.Is(err, embedded.ErrTooBig):
		err = fmt.Errorf("%w: %w", queue.ErrInvalid, err)
	}
	return fmt.Errorf("%s on queue %s: %w", step, q.spec.Name, err)
}
