package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
)

// attempted is what an attempt leaves to be written, and to be told once it is.
type attempted struct {
	changes ptpu.Changes
	observe func()
}

// attempt has one message processed. Whatever came of it, the writes that
// Delius took are announced and those without an answer stay open. Announcing
// comes before settling: until then the claim's intents stand for the domain
// event that is owed, and it needs no row of its own unless the topic is away.
func (a *Aggregator) attempt(hand *hand, m ptpu.Message) attempted {
	ctx, trace := a.Observer.Attempting(hand.work, m)
	t := &trail{hand: hand, message: m, trace: trace}
	started := time.Now()
	outcome, err := a.Processor.Process(ctx, m, t)
	now := time.Now()

	e := entry(m, ptpu.EntryAttempt, now)
	e.Attempt, e.TraceID, e.Steps = m.Attempts+1, trace.TraceID(), t.steps
	if err != nil && hand.stopping() {
		// Told to stop, not failed: the message keeps its place and its count.
		e.Kind = ptpu.EntryHandedBack
		return a.leave(t, m, e, now, func() { a.Observer.HandedBack(ctx, m) })
	}
	after := m.After(outcome, now, a.Rhythm)
	if err != nil {
		after = m.AfterFailure(outcome.Facts, err, now, a.Rhythm)
	}
	e.State, e.Reason = after.State, after.Reason
	left := a.leave(t, after, e, now, func() {
		for _, change := range t.changed {
			a.Observer.Changed(ctx, m.BookingID, change)
		}
		a.Observer.Attempted(ctx, ptpu.Attempt{Before: m, After: after, Outcome: outcome, Err: err, Started: started, Took: now.Sub(started)})
		if after.State == ptpu.Expired {
			a.Observer.Expired(ctx, m, after)
		}
	})
	left.changes.Messages = []ptpu.Message{after}
	return left
}

// trail is where the processor leaves what it learns and writes.
type trail struct {
	hand    *hand
	message ptpu.Message
	trace   ptpu.TraceParent
	steps   []ptpu.Step
	changed []ptpu.IdentifierChange
	open    []ptpu.Write
}

// Learned keeps a step for the timeline.
func (t *trail) Learned(step ptpu.Step) { t.steps = append(t.steps, step) }

// Intend makes the writes durable as intents before the first of them is sent.
func (t *trail) Intend(_ context.Context, writes ...ptpu.Write) error {
	return t.hand.intend(writes)
}

// Write has one intended write sent, if the claim still allows it, and keeps
// what came of it.
func (t *trail) Write(ctx context.Context, w ptpu.Write, send func(context.Context) ([]ptpu.CRN, error)) error {
	now := time.Now()
	if t.message.IsOverdue(now) {
		return fmt.Errorf("delete-by of message %s has passed: %w", t.message.ID, ptpu.ErrUnavailable)
	}
	if err := t.hand.mayWrite(now); err != nil {
		return err
	}
	crns, err := send(ctx)
	step := ptpu.Step{Name: string(w.Kind), Write: &w, Result: "done"}
	if err != nil {
		step.Result = err.Error()
	}
	t.steps = append(t.steps, step)
	switch {
	case !w.ChangesIdentifier():
	case err == nil:
		for _, crn := range crns {
			t.changed = append(t.changed, w.Change(crn))
		}
	case !answered(err):
		t.open = append(t.open, w)
	}
	return err
}

// answered reports whether a failed write was answered: then Delius did not
// take it. Otherwise nobody knows.
func answered(err error) bool {
	return ptpu.ClassOf(err) == ptpu.RefusedHere || errors.Is(err, ptpu.ErrDenied)
}

// leave is what the attempt leaves behind besides the message itself.
func (a *Aggregator) leave(t *trail, m ptpu.Message, e ptpu.Entry, now time.Time, observe func()) attempted {
	var owed []ptpu.Announcement
	for _, change := range t.changed {
		owed = append(owed, ptpu.Announcement{
			BookingID: m.BookingID, Change: change, MessageID: m.ID, Since: now, Trace: t.trace, Due: now,
		})
	}
	p := a.publish(t.hand, owed)
	left := attempted{observe: func() { observe(); p.tell() }}
	due := now
	if m.Open() {
		due = m.Due
	}
	for _, w := range t.open {
		left.changes.Unfinished = append(left.changes.Unfinished, ptpu.OpenWrite{
			BookingID: m.BookingID, Write: w, MessageID: m.ID, Attempt: m.Attempts, Until: m.DeleteBy, Due: due,
		})
	}
	left.changes.Announce = p.later
	left.changes.Entries = append([]ptpu.Entry{e}, p.entries...)
	return left
}
