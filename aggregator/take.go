package aggregator

import (
	"context"
	"slices"
	"time"

	"ptpu"
)

// chunk is how many rows are written with a claim at most; the table takes 100
// in one transaction, the claim's among them.
const chunk = 90

// plan is what a claim was taken for.
type plan struct {
	openWrites    []ptpu.OpenWrite
	batch         []ptpu.Message // in priority order
	announcements []ptpu.Announcement
}

// draft gathers what the first transactions of a claim write. Survivors come
// first: whoever takes over in between must find their first-seen time.
type draft struct {
	changes ptpu.Changes
	observe []func()
}

// take claims the booking and, in the same transaction, writes down what needs
// no attempt: expiries, superseded messages, poison, and what a dead worker
// left open.
func (a *Aggregator) take(ctx context.Context, w ptpu.Waiting, now time.Time) (*hand, plan, error) {
	p := plan{openWrites: w.OpenWrites, announcements: w.Announcements}
	var d draft
	claim := w.Claim.Next(a.Owner)
	if w.Claim.Held() {
		p.openWrites = append(p.openWrites, d.cutOff(w, now)...)
	}
	alive := a.expire(ctx, &d, w.Messages, now)
	if slices.ContainsFunc(alive, func(m ptpu.Message) bool { return m.IsDue(now) }) {
		p.batch = a.gather(ctx, &d, alive, now)
	}
	if claim.Starts >= ptpu.MaxStarts {
		p.batch = a.poison(ctx, &d, p.batch, w.Claim.Message, now)
		claim.Starts = 1
	}
	if len(p.batch) > 0 {
		claim.Message, claim.Attempt = p.batch[0].ID, p.batch[0].Attempts+1
	}
	hand, err := a.graspAndWrite(ctx, claim, d.changes)
	if err != nil {
		return nil, plan{}, err
	}
	for _, observe := range d.observe {
		observe()
	}
	return hand, p, nil
}

// graspAndWrite takes the claim with as many changes as one transaction holds,
// then writes the rest under it.
func (a *Aggregator) graspAndWrite(ctx context.Context, claim ptpu.Claim, c ptpu.Changes) (*hand, error) {
	rest := c
	rest.Messages, c.Messages = cut(c.Messages, chunk-len(c.Unfinished)-1)
	rest.Unfinished = nil
	rest.Entries, c.Entries = cut(c.Entries, chunk-len(c.Unfinished)-len(c.Messages))
	hand, err := grasp(ctx, a.Store, claim, c)
	if err != nil {
		return nil, err
	}
	for len(rest.Messages)+len(rest.Entries) > 0 {
		var next ptpu.Changes
		rest.Messages, next.Messages = cut(rest.Messages, chunk-1)
		rest.Entries, next.Entries = cut(rest.Entries, chunk-len(next.Messages))
		if err := hand.write(nil, next); err != nil {
			hand.drop()
			return nil, err
		}
	}
	return hand, nil
}

// cut splits off at most n of the values.
func cut[T any](values []T, n int) (rest, first []T) {
	n = min(max(n, 0), len(values))
	return values[n:], values[:n]
}

// cutOff keeps what a dead worker was about to write: the timeline shows it,
// and an identifier write among it is open until it is known what came of it.
func (d *draft) cutOff(w ptpu.Waiting, now time.Time) []ptpu.OpenWrite {
	dead := w.Claim
	entry := ptpu.Entry{
		At: now, BookingID: dead.BookingID, MessageID: dead.Message, Attempt: dead.Attempt, Kind: ptpu.EntryCutOff,
	}
	until := now
	for _, m := range w.Messages {
		if m.ID == dead.Message {
			until, entry.EventType, entry.State = m.DeleteBy, m.EventType, m.State
		}
	}
	var open []ptpu.OpenWrite
	for _, write := range dead.Intents {
		entry.Steps = append(entry.Steps, ptpu.Step{Name: string(write.Kind), Write: &write})
		if write.ChangesIdentifier() {
			open = append(open, ptpu.OpenWrite{
				BookingID: dead.BookingID, Write: write, MessageID: dead.Message, Attempt: dead.Attempt, Until: until, Due: now,
			})
		}
	}
	d.changes.Unfinished = append(d.changes.Unfinished, open...)
	d.changes.Entries = append(d.changes.Entries, entry)
	return open
}

// expire ends the messages that are past their delete-by and returns the others.
func (a *Aggregator) expire(ctx context.Context, d *draft, messages []ptpu.Message, now time.Time) []ptpu.Message {
	var alive []ptpu.Message
	for _, m := range messages {
		if !m.IsOverdue(now) {
			alive = append(alive, m)
			continue
		}
		expired := m.Expire(now)
		d.changes.Messages = append(d.changes.Messages, expired)
		d.changes.Entries = append(d.changes.Entries, entry(m, ptpu.EntryExpired, now))
		d.observe = append(d.observe, func() { a.Observer.Expired(ctx, m, expired) })
	}
	return alive
}

// gather makes the batch of the messages, and supersedes all but the newest of
// each event type.
func (a *Aggregator) gather(ctx context.Context, d *draft, messages []ptpu.Message, now time.Time) []ptpu.Message {
	batch := ptpu.Gather(messages)
	others := map[ptpu.MessageID][]ptpu.MessageID{}
	var superseded []ptpu.Message
	for _, s := range batch.Supersede {
		m := s.Message.SupersedeBy(s.By, now)
		others[s.By] = append(others[s.By], m.ID)
		superseded = append(superseded, m)
		d.observe = append(d.observe, func() { a.Observer.Superseded(ctx, m) })
	}
	var survivors []ptpu.Message
	for i, m := range batch.Keep {
		if len(others[m.ID]) == 0 {
			continue
		}
		survivors = append(survivors, m)
		e := entry(m, ptpu.EntrySuperseded, now)
		e.Others = others[m.ID]
		d.changes.Entries = append(d.changes.Entries, e)
		batch.Keep[i].Version++ // it is written once here, and settled later
	}
	d.changes.Messages = slices.Concat(survivors, d.changes.Messages, superseded)
	return batch.Keep
}

// poison takes the message that was in hand at every crash out of the batch.
func (a *Aggregator) poison(ctx context.Context, d *draft, batch []ptpu.Message, inHand ptpu.MessageID, now time.Time) []ptpu.Message {
	i := slices.IndexFunc(batch, func(m ptpu.Message) bool { return m.ID == inHand })
	if i < 0 {
		return batch
	}
	m := batch[i].AsPoison()
	if j := slices.IndexFunc(d.changes.Messages, func(m ptpu.Message) bool { return m.ID == inHand }); j >= 0 {
		m.Version = d.changes.Messages[j].Version
		d.changes.Messages[j] = m
	} else {
		d.changes.Messages = append([]ptpu.Message{m}, d.changes.Messages...)
	}
	d.changes.Entries = append(d.changes.Entries, entry(m, ptpu.EntryPoisoned, now))
	d.observe = append(d.observe, func() { a.Observer.Poisoned(ctx, m) })
	return slices.Delete(batch, i, i+1)
}

// entry is the start of an audit entry about a message.
func entry(m ptpu.Message, kind ptpu.EntryKind, now time.Time) ptpu.Entry {
	return ptpu.Entry{
		At: now, BookingID: m.BookingID, MessageID: m.ID, EventType: m.EventType, Kind: kind,
		Attempt: m.Attempts, State: m.State, Reason: m.Reason,
	}
}
