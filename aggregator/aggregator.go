// Package aggregator works on one booking at a time: it claims the booking,
// gathers the messages that wait there into one batch, has each processed, and
// writes down what came of it. What one worker claims no other touches, so that
// any number of pods may run one.
//
//	look ──> claim ──> expire, supersede ──> finish open writes ──> attempt, settle ──> announce ──> release
//	          one transaction                                        for each message
package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
)

// Store is what the aggregator needs of the store.
type Store interface {
	// Waiting reads everything that waits at a booking, strongly consistent.
	Waiting(ctx context.Context, booking ptpu.BookingID) (ptpu.Waiting, error)
	// Write writes the claim together with the changes, all or nothing, and
	// returns the claim as written. ErrClaimLost: another worker has the
	// booking, and nothing was written.
	Write(ctx context.Context, claim ptpu.Claim, c ptpu.Changes) (ptpu.Claim, error)
}

// Processor carries one message to probation.
type Processor interface {
	// Process reports what was established. An error means that it could not
	// be found out; what was written on the way is on the trail all the same.
	Process(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error)
	// Finish finds out what became of an identifier write without an answer
	// and returns the CRNs that carry the new number by it: none when Delius
	// never took it. It sends the write again while it may.
	Finish(ctx context.Context, w ptpu.Write, mayWrite bool) ([]ptpu.CRN, error)
}

// Announcer publishes a domain event. Publishing the same change twice gives
// both the same event id.
type Announcer interface {
	Announce(ctx context.Context, a ptpu.Announcement) error
}

// Observer is told of every decision once it is durable. It never alters one.
type Observer interface {
	// Attempting opens the trace of an attempt.
	Attempting(ctx context.Context, m ptpu.Message) (context.Context, ptpu.TraceParent)
	Attempted(ctx context.Context, a ptpu.Attempt)
	// HandedBack is told instead when the process stopped in the middle: the
	// message keeps its place and its count.
	HandedBack(ctx context.Context, m ptpu.Message)
	// Changed is told of each identifier that Delius has changed for ptpu.
	Changed(ctx context.Context, booking ptpu.BookingID, change ptpu.IdentifierChange)
	Superseded(ctx context.Context, m ptpu.Message)
	// Expired is given the message as it was and as it is.
	Expired(ctx context.Context, before, after ptpu.Message)
	Poisoned(ctx context.Context, m ptpu.Message)
	// Published is told of each try; err is nil when the topic has the event.
	Published(ctx context.Context, a ptpu.Announcement, err error)
}

// Config is what an Aggregator needs.
type Config struct {
	Store     Store
	Processor Processor
	Announcer Announcer
	Observer  Observer
	Rhythm    ptpu.Rhythm
	// Owner names this worker, differently from every other that ever ran.
	Owner string
}

// Aggregator works on bookings. It is safe for concurrent use: different
// bookings go in parallel.
type Aggregator struct {
	Config
	watch watch
}

// New makes an Aggregator.
func New(c Config) (*Aggregator, error) {
	for name, missing := range map[string]bool{
		"Store": c.Store == nil, "Processor": c.Processor == nil, "Announcer": c.Announcer == nil,
		"Observer": c.Observer == nil, "Rhythm": c.Rhythm == nil, "Owner": c.Owner == "",
	} {
		if missing {
			return nil, fmt.Errorf("aggregator: %s is missing", name)
		}
	}
	return &Aggregator{Config: c, watch: newWatch()}, nil
}

// Handle does what is due at the booking, if anything is. held reports that
// another worker has it: look again in a second, because that worker may have
// died. When ctx ends, Handle finishes or hands back what is in hand; a handed
// back message counts no attempt.
func (a *Aggregator) Handle(ctx context.Context, booking ptpu.BookingID) (held bool, err error) {
	waiting, err := a.Store.Waiting(ctx, booking)
	if err != nil {
		return false, err
	}
	now := time.Now()
	if !waiting.AnythingDue(now) {
		a.watch.forget(booking)
		return false, nil
	}
	if waiting.Claim.Held() && !a.watch.stoodStill(waiting.Claim, now) {
		return true, nil
	}
	hand, plan, err := a.take(ctx, waiting, now)
	if errors.Is(err, ptpu.ErrClaimLost) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	a.watch.forget(booking)
	defer hand.drop()
	return false, a.work(hand, plan)
}

// work carries out the plan and ends the claim in an orderly way. When the
// claim is lost on the way, whoever has it goes on from what is durable.
func (a *Aggregator) work(hand *hand, plan plan) error {
	owed := plan.announcements
	finished, err := a.finish(hand, plan.openWrites)
	if err != nil {
		return err
	}
	owed = append(owed, finished...)
	for i, m := range plan.batch {
		if hand.stopping() {
			break
		}
		attempt := a.attempt(hand, m)
		if hand.lost() {
			return fmt.Errorf("working on booking %s: %w", m.BookingID, ptpu.ErrClaimLost)
		}
		settle := hand.next(plan.batch[i+1:])
		released := i == len(plan.batch)-1 && len(owed) == 0
		if released {
			settle = hand.release
		}
		if err := settle(attempt.changes); err != nil {
			return fmt.Errorf("settling message %s of booking %s: %w", m.ID, m.BookingID, err)
		}
		attempt.observe()
		if released {
			return nil
		}
	}
	return a.announce(hand, owed)
}
