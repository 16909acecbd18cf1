// Package queue is the seam between ptpu and the queue that its notices arrive
// on: at-least-once delivery with a visibility timeout, receive counts and a
// dead-letter queue. A folder per backend (queue/sqlite, queue/sqs) provides it
// and passes queuetest.Exercise.
package queue

import (
	"context"
	"errors"
	"time"
)

// MaxBatch is the most notices that one Receive or Delete takes (SQS's limit).
const MaxBatch = 10

var (
	// ErrUnavailable: the queue could not be reached or did not answer in time.
	// When the context ended, the error wraps the context's error as well.
	ErrUnavailable = errors.New("queue unavailable")
	// ErrGone: the receipt is no longer good, because the notice was delivered
	// again, handed back or deleted, or because its visibility ran out: SQS
	// extends only what is in flight, even when nobody else has it yet.
	ErrGone = errors.New("receipt no longer valid")
	// ErrInvalid: the call can never succeed (empty body, no receipt, more
	// than MaxBatch, a negative duration, a queue of another backend, an
	// attribute that is not UTF-8).
	ErrInvalid = errors.New("invalid queue request")
)

// Notice is what is sent.
type Notice struct {
	Body string
	// Attributes travel beside the body, as strings of valid UTF-8. SQS
	// allows ten, none of them empty.
	Attributes map[string]string
}

// Delivery is one notice in hand. It is invisible to other receivers until its
// visibility runs out or it is handed back.
type Delivery struct {
	Notice
	// ID is the queue's own identity of the notice. A redrive may change it.
	ID string
	// Receipt is needed to extend, delete or move this delivery.
	Receipt string
	// ReceiveCount is how often the notice has been delivered, this time
	// included.
	ReceiveCount int
	// Sent is when the notice was put on this queue (UTC).
	Sent time.Time
}

// Counts is how full a queue is. On SQS all of it is approximate.
type Counts struct {
	// Visible wait to be received. InFlight are hidden after a receive: in
	// somebody's hand, or handed back with a delay that has not passed; a
	// queue cannot tell the two apart. Delayed were sent with a delay of the
	// queue's own.
	Visible, InFlight, Delayed int
	// Oldest is how long the longest waiting notice has been on the queue, in
	// flight or not; 0 when it is empty.
	Oldest time.Duration
}

// Queue is one queue of a backend. It is safe for concurrent use.
type Queue interface {
	// Name is the queue's name as operators know it.
	Name() string

	// MaxReceives is how often a notice is delivered before the backend
	// itself moves it to the dead-letter queue; 0 when there is none.
	MaxReceives() int

	// Send puts a notice on the queue and returns its ID. It is durable when
	// Send returns.
	Send(ctx context.Context, n Notice) (id string, err error)

	// Receive takes up to limit notices (at most MaxBatch), waiting at most
	// wait for the first, and hides each for visibility. No notice is no
	// error: the result is empty. ErrUnavailable when ctx ends while it waits.
	Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]Delivery, error)

	// Extend hides the delivery for this long from now. Zero hands it back at
	// once; letting it run out is a delayed hand-back. ErrGone when the
	// receipt is no longer good.
	Extend(ctx context.Context, receipt string, visibility time.Duration) error

	// Delete acknowledges 1 to MaxBatch deliveries. Deleting what is gone
	// already is no fault; a receipt from before the latest delivery deletes
	// nothing.
	Delete(ctx context.Context, receipts ...string) error

	// Move puts the delivery on another queue of the same backend, with its
	// body and attributes and those in add, and removes it here. It is a new
	// notice there, with an ID and receive count of its own. A crash in
	// between may leave it on both, never on neither. ErrGone when the backend
	// sees that the receipt is no longer good; SQS does not.
	Move(ctx context.Context, d Delivery, to Queue, add map[string]string) error

	// Purge removes everything and returns how much that was.
	Purge(ctx context.Context) (int, error)

	// Counts reports how full the queue is.
	Counts(ctx context.Context) (Counts, error)
}
