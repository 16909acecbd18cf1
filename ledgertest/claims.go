package ledgertest

import (
	"time"

	"ptpu/table"
)

// claimLength is how long a claim lasts behind its last write.
const claimLength = 5 * time.Second

// claim is who works on a booking.
type claim struct {
	owner, process string
	term           int64
	ended          bool
	written        time.Time
	// due: when the claim was taken, a message of the booking was.
	due bool
}

// claimed holds the write of a claim to I3, and notes whether a message was due
// when it was taken.
func (w *transaction) claimed(item table.Item) {
	booking := item.Key.Partition
	a := attributes(item.Attributes)
	next := claim{
		owner: a.text("owner"), process: w.process, term: a.number("term"), ended: a.flag("ended"), written: w.now,
	}
	w.held = booking
	if process, ok := w.owners[next.owner]; ok && process != w.process {
		w.broken("I3", booking, "", "%s writes the claim in the name of %s, which is %s", w.process, next.owner, process)
	}
	w.owners[next.owner] = w.process
	before, there := w.claims[booking]
	if _, stands := w.stored(item.Key); !stands {
		there = false // it had rested for so long that the table forgot it
	}
	switch {
	case there && next.term == before.term && next.owner == before.owner && !before.ended:
		next.due = before.due
	case there && next.term != before.term+1 || !there && next.term != 1:
		w.broken("I3", booking, a.text("messageId"), "a stale write of the claim was accepted: term %d of %s follows term %d of %s",
			next.term, w.process, before.term, before.process)
	default:
		if there && !before.ended && w.now.Sub(before.written) < claimLength {
			w.broken("I3", booking, a.text("messageId"), "%s takes the claim of %s, which wrote it %s ago",
				w.process, before.process, w.now.Sub(before.written))
		}
		next.due = w.messageDue(booking)
	}
	w.claims[booking] = next
}

// messageDue reports whether an open message of the booking is due, and holds
// the longest due to I6: while nothing is wrong, it is not kept waiting.
func (w *transaction) messageDue(booking string) bool {
	var longest message
	for key, m := range w.messages {
		if key.Partition == booking && m.open() && !m.due.IsZero() && !m.due.After(w.now) && (longest.due.IsZero() || m.due.Before(longest.due)) {
			longest = m
		}
	}
	if longest.due.IsZero() {
		return false
	}
	since := longest.due
	if disturbed := w.cfg.Disturbed(); disturbed.After(since) {
		since = disturbed
	}
	if late := w.now.Sub(since); late > claimLength+w.cfg.Tick+patience {
		w.broken("I6", booking, longest.id, "it is taken up %s after it was due, with nothing wrong since %s",
			late, since.UTC().Format(time.RFC3339))
	}
	return true
}

// patience is what the bookings before it may take when many are due at once:
// the simulation works on one after another.
const patience = 20 * time.Second

// Holds reports whether the process holds the claim on the booking.
func (l *Ledger) Holds(process, booking string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.holds(process, booking)
}

func (l *Ledger) holds(process, booking string) bool {
	c, ok := l.claims[booking]
	return ok && !c.ended && c.process == process
}

// InHand is the booking that the process has claimed last and still holds; empty
// for none.
func (l *Ledger) InHand(process string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := ""
	for booking := range l.claims {
		if l.holds(process, booking) && (last == "" || l.claims[booking].written.After(l.claims[last].written)) {
			last = booking
		}
	}
	return last
}

// Cut tells that a process was cut off: killed, stopped, or told to end.
func (l *Ledger) Cut(process string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for booking := range l.claims {
		if l.holds(process, booking) {
			l.cuts[booking]++
		}
	}
}

// Wakes is when the next thing falls due at any booking, as the rows say; zero
// when nothing ever does.
func (l *Ledger) Wakes(index string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first time.Time
	for _, r := range l.rows {
		place, ok := r.item.Index[index]
		if !ok {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, place.Sort)
		if err == nil && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
