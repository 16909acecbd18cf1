// Package listener takes notices off the queue, asks whether they matter, and
// stores those that do before it acknowledges them. What cannot be asked now
// goes back to the queue; what can never be validated goes to the dead letters.
//
//	receive ──> read ──> known? ──> stored before? ──> matters? ──> store ──> acknowledge
//	             │          │                             │
//	        dead letter   ignore                   ignore, or hand back
package listener

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ptpu"
)

// Delivery is one notice in hand, as the queue gives it.
type Delivery struct {
	Body       string
	Attributes map[string]string
	// Receipt names this delivery to the queue.
	Receipt string
	// Receives is how often the notice has been delivered, this time included.
	Receives int
}

// Queue is what the listener needs of the event queue.
type Queue interface {
	// Receive waits a while for up to limit notices; none is no error. A
	// notice that is neither kept nor dealt with is delivered again.
	Receive(ctx context.Context, limit int) ([]Delivery, error)
	// Keep holds on to the notice for as long again as a Receive gave it.
	Keep(ctx context.Context, d Delivery) error
	// Acknowledge removes the notice from the queue.
	Acknowledge(ctx context.Context, d Delivery) error
	// HandBack puts the notice back, to be delivered again after the delay.
	HandBack(ctx context.Context, d Delivery, delay time.Duration) error
	// DeadLetter moves the notice to the dead-letter queue and says why.
	DeadLetter(ctx context.Context, d Delivery, why string) error
	// MaxReceives is how often a notice is delivered at most; 0 = no limit.
	MaxReceives() int
}

// Store is what the listener needs of the store.
type Store interface {
	// Has reports whether the message was stored before.
	Has(ctx context.Context, booking ptpu.BookingID, id ptpu.MessageID) (bool, error)
	// Add stores a new message; added is false when it is there already.
	Add(ctx context.Context, m ptpu.Message, e ptpu.Entry) (added bool, err error)
	// Record keeps an audit entry that stands by itself.
	Record(ctx context.Context, e ptpu.Entry) error
}

// Judge says whether a notice matters. An error means that it cannot tell now.
type Judge interface {
	Matters(ctx context.Context, p ptpu.Payload) (ptpu.Verdict, error)
}

// Observer is told of every decision once it is carried out.
type Observer interface {
	// Receiving opens the trace of a notice, or joins the one that it came with.
	Receiving(ctx context.Context, came ptpu.TraceParent) (context.Context, ptpu.TraceParent)
	Ruled(ctx context.Context, r ptpu.Ruling)
	// Stumbled is told of a failure that the listener goes on after.
	Stumbled(ctx context.Context, err error)
}

// Config is what a Listener needs.
type Config struct {
	Queue    Queue
	Store    Store
	Judge    Judge
	Observer Observer
	// Holdback is how long a message rests before its first attempt.
	Holdback time.Duration
	// Hold, when set, is asked before each receive: nothing is received while
	// it returns true, because no notice could be judged now.
	Hold func() bool
	// Concurrency is how many notices are in hand at once.
	Concurrency int
	// Grace is how long notices in hand may take once the listener is told to
	// stop; then they are handed back.
	Grace time.Duration
}

// Listener is the receiving loop of one pod.
type Listener struct {
	Config
}

// New makes a Listener.
func New(c Config) (*Listener, error) {
	switch {
	case c.Queue == nil, c.Store == nil, c.Judge == nil, c.Observer == nil:
		return nil, errors.New("listener: Queue, Store, Judge and Observer are needed")
	case c.Holdback < 0:
		return nil, fmt.Errorf("listener: Holdback is %s, want none or more", c.Holdback)
	case c.Concurrency < 1:
		return nil, fmt.Errorf("listener: Concurrency is %d, want at least 1", c.Concurrency)
	}
	if c.Hold == nil {
		c.Hold = func() bool { return false }
	}
	return &Listener{Config: c}, nil
}

// batch is the most notices that a queue gives at once.
const batch = 10

// gather is how long a free hand waits for others, so that hands which come back
// together ask the queue together: each asking has its price.
const gather = 20 * time.Millisecond

// keepEvery is how often a notice in hand is kept from being delivered again.
// It is short, so that the notices of a process that died come back soon.
const keepEvery = 3 * time.Second

// receiveAgain is how long the loop rests when the queue cannot be reached, or
// nothing may be received.
const receiveAgain = time.Second

// Run receives until ctx ends, then waits for what is in hand: it may finish
// within the grace, and is handed back after it.
func (l *Listener) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var inHand sync.WaitGroup
	free := make(chan struct{}, l.Concurrency)
	for range l.Concurrency {
		free <- struct{}{}
	}
	for ctx.Err() == nil {
		if l.Hold() {
			rest(ctx)
			continue
		}
		l.runOnce(ctx, work, free, &inHand)
	}
	giveUp := time.AfterFunc(l.Grace, stop)
	defer giveUp.Stop()
	inHand.Wait()
}

// RunOnce receives up to limit notices and deals with them in the caller's
// goroutine, one after the other. It returns how many there were, and how long
// Run would rest before the next receive. When ctx ends, what is in hand is
// handed back, as at the end of Run's grace. It is for a caller who decides who
// takes the next step and when, such as a simulation.
func (l *Listener) RunOnce(ctx context.Context, limit int) (received int, rest time.Duration) {
	if l.Hold() {
		return 0, receiveAgain
	}
	deliveries, err := l.receive(ctx, limit)
	if err != nil {
		return 0, receiveAgain
	}
	for _, d := range deliveries {
		l.handle(ctx, d)
	}
	return len(deliveries), 0
}

// runOnce receives as many notices as there are free hands and gives each to
// one.
func (l *Listener) runOnce(ctx, work context.Context, free chan struct{}, inHand *sync.WaitGroup) {
	hands := take(ctx, free)
	if hands == 0 {
		return
	}
	deliveries, err := l.receive(ctx, hands)
	if err != nil {
		rest(ctx)
	}
	for _, d := range deliveries {
		inHand.Go(func() {
			defer func() { free <- struct{}{} }()
			l.handle(work, d)
		})
	}
	for range hands - len(deliveries) {
		free <- struct{}{}
	}
}

// receive asks the queue, and tells of it when that fails.
func (l *Listener) receive(ctx context.Context, limit int) ([]Delivery, error) {
	deliveries, err := l.Queue.Receive(ctx, limit)
	if err != nil && ctx.Err() == nil {
		l.Observer.Stumbled(ctx, fmt.Errorf("receiving notices: %w", err))
	}
	return deliveries, err
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(receiveAgain):
	}
}

// take waits for a free hand, gathers a few more, and returns how many it got,
// at most a batch.
func take(ctx context.Context, free chan struct{}) int {
	select {
	case <-ctx.Done():
		return 0
	case <-free:
	}
	gathered := time.After(gather)
	hands := 1
	for hands < batch {
		select {
		case <-free:
			hands++
		case <-gathered:
			return hands
		case <-ctx.Done():
			return hands
		}
	}
	return hands
}
