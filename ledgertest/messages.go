package ledgertest

import (
	"slices"
	"strings"
	"time"

	"ptpu/table"
)

// retention is how long a message is tried, and kept once it is processed.
const retention = 30 * 24 * time.Hour

// message is a message's row.
type message struct {
	id, booking, eventType, state, reason, supersededBy, trace string
	created, firstSeen, due, deleteBy, processed, eventTime    time.Time
	retries, attempts, stumbles, movementSeq                   int64
}

func messageOf(item table.Item) message {
	a := attributes(item.Attributes)
	m := message{
		id: a.text("id"), booking: item.Key.Partition, eventType: a.text("eventType"), state: a.text("status"),
		reason: a.text("reason"), supersededBy: a.text("supersededBy"),
		created: a.instant("createdDate"), firstSeen: a.instant("firstSeen"), due: a.instant("due"),
		deleteBy: time.Unix(a.number("deleteBy"), 0).UTC(), processed: a.instant("processedDate"), eventTime: a.instant("eventTime"),
		retries: a.number("retryCount"), attempts: a.number("attempts"), stumbles: a.number("stumbles"), movementSeq: a.number("movementSeq"),
	}
	if parts := strings.Split(a.text("traceParent"), "-"); len(parts) == 4 {
		m.trace = parts[1]
	}
	return m
}

func (m message) open() bool { return m.processed.IsZero() }

// statusType is the event type whose business misses are tried again.
const statusType = "IMPRISONMENT_STATUS-CHANGED"

// The states that an attempt may leave a message in.
var (
	misses = []string{
		"NO_MATCH", "NO_MATCH_WITH_SENTENCE_DATE", "TOO_MANY_MATCHES", "BOOKING_NUMBER_NOT_ASSIGNED", "LOCATION_NOT_UPDATED",
		"KEY_DATES_NOT_UPDATED",
	}
	ends = map[string][]string{
		statusType:                          {"COMPLETED", "NO_LONGER_VALID"},
		"EXTERNAL_MOVEMENT_RECORD-INSERTED": {"COMPLETED", "NO_LONGER_VALID", "LOCATION_NOT_UPDATED", "ERROR"},
		"SENTENCE_DATES-CHANGED":            {"COMPLETED", "NO_LONGER_VALID", "KEY_DATES_NOT_UPDATED", "ERROR"},
		"CONFIRMED_RELEASE_DATE-CHANGED":    {"COMPLETED", "NO_LONGER_VALID", "KEY_DATES_NOT_UPDATED", "ERROR"},
		"BOOKING_NUMBER-CHANGED":            {"COMPLETED", "NO_LONGER_VALID", "ERROR"},
	}
)

// message holds the write of a message's row to what may become of a message.
func (w *transaction) message(item table.Item) {
	is := messageOf(item)
	stored, there := w.stored(item.Key)
	if !there {
		w.born(is)
	} else {
		was := messageOf(stored)
		if w.held != is.booking {
			w.broken("I3", is.booking, is.id, "%s changes it without writing the claim", w.process)
		}
		w.became(was, is)
	}
	w.messages[item.Key] = is
	if is.trace != "" {
		w.traces[is.trace] = is
	}
	if !is.open() {
		w.ended[is.id] = is
	}
}

// born holds a new message to 1.3.
func (w *transaction) born(m message) {
	s := w.sent[m.id]
	switch {
	case s == nil:
		w.broken("I1", m.booking, m.id, "nobody sent it")
		return
	case s.Booking != m.booking:
		w.broken("I1", m.booking, m.id, "it was sent about booking %s", s.Booking)
	}
	s.stored = true
	if s.Seeded {
		return
	}
	if _, again := w.ended[m.id]; again {
		w.broken("I1", m.booking, m.id, "it was stored and processed before")
	}
	if m.state != "VALIDATED" || m.retries != 0 || !m.open() || !near(m.created, w.now) {
		w.broken("I6", m.booking, m.id, "it begins in state %s with %d retries, created %s", m.state, m.retries, m.created)
	}
	if want := m.created.Add(w.cfg.Holdback); !m.due.Equal(want) {
		w.broken("I6", m.booking, m.id, "it is ripe at %s, want %s", m.due, want)
	}
	if want := m.created.Add(retention); !near(m.deleteBy, want) {
		w.broken("I8", m.booking, m.id, "its delete-by is %s, want %s", m.deleteBy, want)
	}
}

// became holds a change of a message to the ways in which one may change.
func (w *transaction) became(was, is message) {
	if !was.open() {
		w.broken("I7", is.booking, is.id, "it was processed as %s and becomes %s", was.state, is.state)
		return
	}
	if is.deleteBy.Before(was.deleteBy) && is.open() {
		w.broken("I8", is.booking, is.id, "its delete-by moves from %s to %s, earlier", was.deleteBy, is.deleteBy)
	}
	if is.firstSeen.After(was.firstSeen) {
		w.broken("I7", is.booking, is.id, "it was first seen at %s, and then at %s", was.firstSeen, is.firstSeen)
	}
	if !is.open() {
		w.counted.add("ptpu_messages_ended_total", "event_type", is.eventType, "state", is.state)
		if want := is.processed.Add(retention); !near(is.processed, w.now) || !near(is.deleteBy, want) || !is.due.IsZero() {
			w.broken("I7", is.booking, is.id, "processed %s, kept until %s, due %s", is.processed, is.deleteBy, is.due)
		}
	}
	switch {
	case is.state == "SUPERSEDED":
		w.superseded(was, is)
	case is.state == "EXPIRED":
		w.expired(was, is)
	case is.reason == "poison":
		w.poisoned(was, is)
	case is.attempts == was.attempts:
		if is.state != was.state || is.retries != was.retries || !is.due.Equal(was.due) || !is.open() {
			w.broken("I6", is.booking, is.id, "without an attempt it goes from %s to %s, %d to %d retries, due %s to %s",
				was.state, is.state, was.retries, is.retries, was.due, is.due)
		}
	default:
		w.attempted(was, is)
	}
}

// superseded holds that the survivor is the newer one by what the events say,
// unless the newer one is poison: that swallows nothing.
func (w *transaction) superseded(was, m message) {
	survivor, ok := w.messages[table.Key{Partition: m.booking, Sort: "message#" + m.supersededBy}]
	switch {
	case !ok || survivor.eventType != m.eventType:
		w.broken("I2", m.booking, m.id, "it is superseded by %s, which is none of its kind", m.supersededBy)
	case newer(m, survivor) && was.reason != "poison":
		w.broken("I2", m.booking, m.id, "it is superseded by %s, which is older", m.supersededBy)
	case survivor.firstSeen.After(was.firstSeen):
		w.broken("I7", m.booking, m.id, "it was first seen at %s, and %s takes its place as seen at %s", was.firstSeen, survivor.id, survivor.firstSeen)
	}
}

// newer reports whether a is newer than b: by the sequence of movements, by the
// event's own time, by that of its arrival.
func newer(a, b message) bool {
	if a.movementSeq != b.movementSeq {
		return a.movementSeq > b.movementSeq
	}
	if !a.happened().Equal(b.happened()) {
		return a.happened().After(b.happened())
	}
	return a.created.After(b.created)
}

func (m message) happened() time.Time {
	if m.eventTime.IsZero() {
		return m.created
	}
	return m.eventTime
}

// expired holds that a message expires past its delete-by, or when its next
// retry would come after it.
func (w *transaction) expired(was, is message) {
	if is.eventType == statusType {
		w.counted.either("ptpu_statusChangeCounter_total", "fail")
	}
	if is.attempts != was.attempts {
		w.counted.add("ptpu_attempts_total", "event_type", is.eventType, "state", is.state)
		w.orderly[is.id]++
	}
	due := nextFire(tierOf(is.retries), w.now, w.cfg.Zone)
	if stumble := w.now.Add(stumbleDelay(is.stumbles)); is.stumbles > 0 && stumble.Before(due) {
		due = stumble
	}
	if !w.now.After(was.deleteBy) && (is.attempts == was.attempts || !due.Add(slack).After(was.deleteBy)) {
		w.broken("I7", is.booking, is.id, "it expires before its delete-by, %s", was.deleteBy)
	}
}

// poisoned holds that only a message whose worker was cut off again and again is
// set aside. That the table could not be had is no reason.
func (w *transaction) poisoned(was, is message) {
	w.poison[is.booking] = true
	w.counted.add("ptpu_messages_poisoned_total", "event_type", is.eventType)
	if !is.open() || !is.due.IsZero() || is.attempts != was.attempts {
		w.broken("I7", is.booking, is.id, "poison is %s, due %s", is.state, is.due)
	}
	n := w.cuts[is.booking]
	if n < 2 {
		w.unfounded++
	}
	if n < 2 && !w.cfg.PoisonUnfounded {
		w.broken("I5", is.booking, is.id, "it is set aside as poison although its workers were cut off only %d times", n)
	}
}

// Unfounded is how many messages were set aside as poison although their workers
// were not cut off.
func (l *Ledger) Unfounded() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unfounded
}

// Poisoned reports whether a message of the booking was ever set aside for a
// person.
func (l *Ledger) Poisoned(booking string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.poison[booking]
}

// attempted holds what an attempt leaves to I6.
func (w *transaction) attempted(was, is message) {
	w.counted.add("ptpu_attempts_total", "event_type", is.eventType, "state", is.state)
	if !w.claims[is.booking].due {
		w.broken("I6", is.booking, is.id, "an attempt when nothing of its booking was due; it was due at %s itself", was.due)
	}
	if is.attempts != was.attempts+1 {
		w.broken("I6", is.booking, is.id, "its attempts go from %d to %d", was.attempts, is.attempts)
	}
	switch {
	case is.state == "ERROR" && is.retries == was.retries && is.open():
		w.counted.add("ptpu_retries_scheduled_total", "tier", "soon")
		want := w.now.Add(stumbleDelay(is.stumbles))
		if is.stumbles != was.stumbles+1 || is.due.After(want.Add(slack)) || is.due.Before(want.Add(-slack)) {
			w.broken("I6", is.booking, is.id, "after transient failure %d it is due at %s, want %s", is.stumbles, is.due, want)
		}
	case is.state == "ERROR":
		w.refusal(was, is)
	case !is.open():
		w.orderly[is.id]++
		w.done(was, is)
	default:
		w.orderly[is.id]++
		w.missed(was, is)
	}
}

// refusal holds that nothing but a refusal counts as one. Nobody refuses a
// request unless a fault makes them.
func (w *transaction) refusal(was, is message) {
	w.refused[is.booking]++
	if w.refused[is.booking] > w.cfg.Refusals(is.booking) || is.retries != was.retries+1 {
		w.broken("I6", is.booking, is.id, "an outage consumes an attempt: its retries go from %d to %d", was.retries, is.retries)
	}
	if is.open() {
		w.counted.add("ptpu_retries_scheduled_total", "tier", tierOf(is.retries))
	}
	if is.open() != (is.eventType == statusType) {
		w.broken("I7", is.booking, is.id, "a refusal leaves it with its end at %s", is.processed)
	}
}

// done holds a message that an attempt has ended to its type.
func (w *transaction) done(was, is message) {
	if !slices.Contains(ends[is.eventType], is.state) || is.retries != was.retries {
		w.broken("I7", is.booking, is.id, "an attempt ends it as %s with %d retries after %d", is.state, is.retries, was.retries)
	}
	switch is.eventType {
	case statusType:
		w.counted.either("ptpu_statusChangeCounter_total", "success")
	case "EXTERNAL_MOVEMENT_RECORD-INSERTED":
		if kind, ok := map[string]string{"COMPLETED": "success", "LOCATION_NOT_UPDATED": "fail"}[is.state]; ok {
			w.counted.either("ptpu_movement_total", kind)
		}
	case "SENTENCE_DATES-CHANGED", "CONFIRMED_RELEASE_DATE-CHANGED":
		switch {
		case is.state == "COMPLETED":
			w.counted.either("ptpu_sentenceDateChange_total", "success")
		case is.state == "KEY_DATES_NOT_UPDATED" && is.reason != "no dates":
			w.counted.either("ptpu_sentenceDateChange_total", "fail_no")
		}
	}
}

// missed holds a business miss to its tier.
func (w *transaction) missed(was, is message) {
	w.counted.add("ptpu_retries_scheduled_total", "tier", tierOf(is.retries))
	if is.eventType != statusType || !slices.Contains(misses, is.state) || is.retries != was.retries+1 || is.stumbles != 0 {
		w.broken("I6", is.booking, is.id, "an attempt leaves it open as %s with %d retries after %d", is.state, is.retries, was.retries)
	}
	// Judged some time before it was written.
	first := nextFire(tierOf(is.retries), w.now.Add(-slack), w.cfg.Zone)
	last := nextFire(tierOf(is.retries), w.now, w.cfg.Zone)
	if !is.due.Equal(first) && !is.due.Equal(last) {
		w.broken("I6", is.booking, is.id, "after %d retries it is due at %s, want %s", is.retries, is.due, last)
	}
}

// slack is what may lie between a decision and its write. The write is tried
// again while the table cannot be had, and of a process that stands still
// meanwhile it arrives when it arrives.
const slack = time.Minute

func near(a, b time.Time) bool { return a.Sub(b).Abs() <= slack }
