package ledgertest

import (
	"context"
	"maps"
	"slices"
	"time"

	"ptpu/queue"
	"ptpu/table"
)

// Notice is what was sent.
type Notice struct {
	// ID is the identity by which a notice is one, however often it is delivered.
	ID string
	// Booking is whom it is about; empty for one that cannot be read.
	Booking   string
	EventType string
	// Unknown: ptpu does not act on its type. Malformed: it can never be read.
	Unknown, Malformed bool
	// Seeded: it was not sent but stored, before the account begins.
	Seeded bool
}

// sent is a notice with what became of it.
type sent struct {
	Notice
	times                    int // how often it was sent
	stored, ignored, deleted bool
	// told: a process told that it has stored it.
	told bool
}

// Sent tells of a notice that was put on the event queue, every time it is.
func (l *Ledger) Sent(n Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent[n.ID] == nil {
		l.sent[n.ID] = &sent{Notice: n}
	}
	l.sent[n.ID].times++
}

// audited notes a notice that was ignored, with its reason.
func (w *transaction) audited(item table.Item) {
	a := attributes(item.Attributes)
	if a.text("kind") != "ignored" {
		return
	}
	s := w.sent[a.text("messageId")]
	switch {
	case s == nil:
		w.broken("I1", item.Key.Partition, a.text("messageId"), "it is ignored, and nobody sent it")
	case a.text("reason") == "":
		w.broken("I1", item.Key.Partition, s.ID, "it is ignored without a reason")
	default:
		s.ignored = true
	}
}

// delivered is a notice in some process's hand.
type delivered struct{ queueID, id string }

// Queue watches what happens to the notices of a queue. It stands below the
// faults. id is the identity of a notice; not ok for one that has none.
func (l *Ledger) Queue(q queue.Queue, id func(queue.Notice) (string, bool)) queue.Queue {
	return watchedQueue{Queue: q, ledger: l, id: id}
}

type watchedQueue struct {
	queue.Queue
	ledger *Ledger
	id     func(queue.Notice) (string, bool)
}

// Send implements queue.Queue.
func (q watchedQueue) Send(ctx context.Context, n queue.Notice) (string, error) {
	l := q.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	id, err := q.Queue.Send(ctx, n)
	if err == nil {
		l.visible[q.Name()+" "+id] = time.Now()
	}
	return id, err
}

// Receive implements queue.Queue. It never waits.
func (q watchedQueue) Receive(ctx context.Context, limit int, _, visibility time.Duration) ([]queue.Delivery, error) {
	l := q.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	got, err := q.Queue.Receive(ctx, limit, 0, visibility)
	for _, d := range got {
		id, _ := q.id(d.Notice)
		l.receipts[q.Name()+" "+d.Receipt] = delivered{queueID: d.ID, id: id}
		l.visible[q.Name()+" "+d.ID] = time.Now().Add(visibility)
	}
	if err == nil && len(got) < limit {
		// What else was to be seen by now is not there: it has gone to the dead
		// letters for having been received too often. A queue rounds its instants.
		now := time.Now().Add(-time.Second)
		maps.DeleteFunc(l.visible, func(key string, at time.Time) bool { return isOf(key, q.Name()) && !at.After(now) })
	}
	return got, err
}

func isOf(key, queueName string) bool {
	return len(key) > len(queueName) && key[:len(queueName)] == queueName && key[len(queueName)] == ' '
}

// Extend implements queue.Queue.
func (q watchedQueue) Extend(ctx context.Context, receipt string, visibility time.Duration) error {
	l := q.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	err := q.Queue.Extend(ctx, receipt, visibility)
	if err == nil {
		l.visible[q.Name()+" "+l.receipts[q.Name()+" "+receipt].queueID] = time.Now().Add(visibility)
	}
	return err
}

// Delete implements queue.Queue. It holds that what is deleted is stored, or
// ignored with its reason, already.
func (q watchedQueue) Delete(ctx context.Context, receipts ...string) error {
	l := q.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	before, errBefore := q.total(ctx)
	err := q.Queue.Delete(ctx, receipts...)
	after, errAfter := q.total(ctx)
	if err != nil || errBefore != nil || errAfter != nil || before == after {
		return err // an old receipt deletes nothing
	}
	for _, receipt := range receipts {
		l.deleted(q.Name(), l.receipts[q.Name()+" "+receipt])
	}
	return nil
}

func (q watchedQueue) total(ctx context.Context) (int, error) {
	c, err := q.Queue.Counts(context.WithoutCancel(ctx))
	return c.Visible + c.InFlight + c.Delayed, err
}

func (l *Ledger) deleted(queueName string, d delivered) {
	delete(l.visible, queueName+" "+d.queueID)
	s := l.sent[d.id]
	if s == nil {
		l.broken("I1", "", d.id, "it is deleted from the queue, and nobody sent it")
		return
	}
	s.deleted = true
	if !s.stored && !s.ignored && !s.Unknown {
		l.broken("I1", s.Booking, s.ID, "it is deleted from the queue before anything of it is durable")
	}
}

// Move implements queue.Queue.
func (q watchedQueue) Move(ctx context.Context, d queue.Delivery, to queue.Queue, add map[string]string) error {
	l := q.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	other, watched := to.(watchedQueue)
	if watched {
		to = other.Queue
	}
	if err := q.Queue.Move(ctx, d, to, add); err != nil {
		return err
	}
	in := l.receipts[q.Name()+" "+d.Receipt]
	delete(l.visible, q.Name()+" "+in.queueID)
	// Its new name there is not known: what comes back is seen when it is received.
	l.visible[to.Name()+" moved "+in.queueID] = time.Now()
	return nil
}

// ToldStored tells that a process told of the notice as stored.
func (l *Ledger) ToldStored(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.sent[id]; s != nil {
		s.told = true
	}
}

// OwnSuccess holds that whoever has stored a notice knows it (I7). excused says of
// which notices nobody need know: those at which something went wrong on the way
// from the row to the telling.
func (l *Ledger) OwnSuccess(excused func(id string) bool) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	for _, id := range slices.Sorted(maps.Keys(l.sent)) {
		if s := l.sent[id]; s.stored && !s.told && !s.Seeded && !excused(id) {
			l.broken("I7", s.Booking, id, "it was stored, and nobody says that they did")
		}
	}
	return slices.Clone(l.violations[from:])
}

// Visible is when the next notice of the queue can be received; zero when none
// ever can.
func (l *Ledger) Visible(queueName string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first time.Time
	for key, at := range l.visible {
		if isOf(key, queueName) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// NothingLost holds all notices to I1: each was stored, or ignored with a reason,
// or is a dead letter, or is still on the queue. dead and queued are the
// identities of those that are, and how many there are without one.
func (l *Ledger) NothingLost(queued, dead map[string]int) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	for _, id := range slices.Sorted(maps.Keys(l.sent)) {
		s := l.sent[id]
		there := s.stored || s.ignored || s.Unknown && s.deleted || queued[id] > 0 || dead[id] > 0
		switch {
		case !there:
			l.broken("I1", s.Booking, s.ID, "it was sent %d times, and is nowhere", s.times)
		case s.Malformed && queued[id] == 0 && dead[id] == 0:
			l.broken("I1", s.Booking, s.ID, "it can never be read, and is no dead letter")
		case s.Malformed && (s.stored || s.ignored):
			l.broken("I1", s.Booking, s.ID, "it can never be read, and was stored or ignored")
		}
	}
	return slices.Clone(l.violations[from:])
}
