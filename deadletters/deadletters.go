// Package deadletters keeps the dead letters, the notices that could not be
// validated. A person looks at them, has them tried again or throws them away;
// ptpu itself tries those again for which that may help.
//
//	         the listener, or the queue itself, gives up
//	main queue ─────────────────────────────────> dead letters ──> listed
//	    ^                                              │      └──> purged
//	    ├── retried by a person: all of them ──────────┤
//	    └── replayed by ptpu, every ten minutes: ──────┘
//	        not what is hopeless or came back too often
//
// Each replay is counted in an attribute of the letter, so that the count goes
// wherever the letter goes, and what comes back for ever ends up waiting for a
// person.
package deadletters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
)

var (
	// ErrNoQueue: none of our queues is called that, or none of our
	// dead-letter queues where one is asked for.
	ErrNoQueue = errors.New("no such queue")
	// ErrGone: the letter is not in this hand any more.
	ErrGone = errors.New("dead letter gone")
	// ErrNoRoom: the main queue carries no letter of this size, or with this
	// many attributes.
	ErrNoRoom = errors.New("no room on the main queue")
)

// Letter is a dead letter in hand. It is hidden from others until it is handed
// back, or its time is up.
type Letter struct {
	// ID is the dead-letter queue's own; the same letter has another one when
	// it comes back.
	ID         string
	Body       string
	Attributes map[string]string
	Receipt    string
	// Receives is how often the letter was received from this queue. To look
	// at it is to receive it.
	Receives int
	// Sent is since when it is on this queue, in UTC. A letter that SQS moved
	// here by itself keeps the instant at which it came to the main queue.
	Sent time.Time
}

// Queue is what the dead letters need of every queue. It is safe for concurrent
// use.
type Queue interface {
	Name() string
	// Depth counts everything on the queue, waiting or in flight, as exactly as
	// the queue knows.
	Depth(ctx context.Context) (int, error)
	// Purge removes everything and returns how much that was. When another
	// purge is under way, that counts as success.
	Purge(ctx context.Context) (int, error)
}

// DeadQueue is what they need of a dead-letter queue. It is safe for concurrent
// use.
type DeadQueue interface {
	Queue
	// Receive takes up to limit letters, at most ten, and hides them for a few
	// minutes. It waits about a second for the first; none is no error. With an
	// error come no letters.
	Receive(ctx context.Context, limit int) ([]Letter, error)
	// HandBack lets others receive the letter at once. That it is gone, or
	// visible already, is no fault.
	HandBack(ctx context.Context, l Letter) error
	// Replay sends the letter to the main queue, with its body and the
	// attributes that it has now, and then removes it here. A crash in between
	// leaves it on both queues, never on neither. ErrGone and ErrNoRoom when
	// nothing was moved for these reasons.
	Replay(ctx context.Context, l Letter) error
}

// Pair is a main queue and the dead-letter queue for what it gives up.
type Pair struct {
	Main Queue
	Dead DeadQueue
}

// Config is what DeadLetters need.
type Config struct {
	Pairs []Pair
	// MaxReplays is how many replays a letter may have behind it, by whomever,
	// and still be replayed without being asked. 0 = ptpu replays nothing by
	// itself.
	MaxReplays int
	// Hopeless says why a notice can never be validated; nil = it may be.
	Hopeless func(body string, attributes map[string]string) error
	// Who is the principal that asks, for the audit.
	Who func(context.Context) string
	// Record puts on record what a person does.
	Record func(context.Context, ptpu.Action) error
	// Stumbled is told of what ptpu could not do and answers for, or goes on
	// after; nil is told nothing.
	Stumbled func(context.Context, error)
}

// DeadLetters keeps the dead letters of all queues. It is safe for concurrent
// use.
type DeadLetters struct {
	Config
	pairs []pair
}

// pair is a Pair at which one in this process works at a time. Another one would
// find the letters hidden that the first has in hand, and take part for whole.
type pair struct {
	Pair
	turn chan struct{}
}

// New makes the DeadLetters. It names what is missing in the Config.
func New(c Config) (*DeadLetters, error) {
	switch {
	case len(c.Pairs) == 0:
		return nil, errors.New("deadletters: Pairs are needed")
	case c.Hopeless == nil, c.Who == nil, c.Record == nil:
		return nil, errors.New("deadletters: Hopeless, Who and Record are needed")
	case c.MaxReplays < 0:
		return nil, fmt.Errorf("deadletters: MaxReplays is %d, want none or more", c.MaxReplays)
	}
	if c.Stumbled == nil {
		c.Stumbled = func(context.Context, error) {}
	}
	d := &DeadLetters{Config: c}
	known := map[string]bool{}
	for _, p := range c.Pairs {
		if p.Main == nil || p.Dead == nil {
			return nil, errors.New("deadletters: Pairs need both queues")
		}
		for _, name := range []string{p.Main.Name(), p.Dead.Name()} {
			if name == "" || known[name] {
				return nil, fmt.Errorf("deadletters: Pairs have two queues called %q, or one without a name", name)
			}
			known[name] = true
		}
		d.pairs = append(d.pairs, pair{Pair: p, turn: make(chan struct{}, 1)})
	}
	return d, nil
}

// dead finds a pair by its dead-letter queue.
func (d *DeadLetters) dead(name string) (pair, error) {
	for _, p := range d.pairs {
		if p.Dead.Name() == name {
			return p, nil
		}
	}
	return pair{}, ErrNoQueue
}

// queue finds a queue of either kind.
func (d *DeadLetters) queue(name string) (Queue, error) {
	for _, p := range d.pairs {
		switch name {
		case p.Main.Name():
			return p.Main, nil
		case p.Dead.Name():
			return p.Dead, nil
		}
	}
	return nil, ErrNoQueue
}

// begin waits for the turn of the caller, who then calls end.
func (p pair) begin(ctx context.Context) (end func(), err error) {
	select {
	case p.turn <- struct{}{}:
		return func() { <-p.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a turn at queue %s: %w", p.Dead.Name(), ctx.Err())
	}
}
