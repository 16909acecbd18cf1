package ptpu

import (
	"errors"
	"strings"
	"time"
)

// Retention is how long an unprocessed message is tried, and how long a
// processed one is kept for reports.
const Retention = 30 * 24 * time.Hour

// MessageID is the identity of a notice and of the message made from it: the
// SNS MessageId, which survives a redrive, where the queue's own id does not.
type MessageID string

// Message is an accepted notice: what ptpu keeps because it matters. Instants
// are UTC; a zero instant means that there is none.
type Message struct {
	ID        MessageID
	BookingID BookingID
	EventType EventType
	Payload   string // the raw event
	// MovementSeq, StatusSeq and EventTime are read from the payload.
	MovementSeq int64
	StatusSeq   int64
	EventTime   time.Time

	State   State
	Reason  Reason
	Created time.Time
	// FirstSeen is when the oldest of the messages that this one supersedes was
	// created: the clock of the service level, which never restarts.
	FirstSeen time.Time
	// Due is when the next attempt is due: ripe at first, then by tier. Zero
	// for a processed message and for poison.
	Due       time.Time
	DeleteBy  time.Time // whole seconds
	Processed time.Time
	// Retries counts the attempts that met a business answer; it chooses the
	// tier. Attempts counts every attempt, Stumbles the transient failures in
	// a row.
	Retries  int
	Attempts int
	Stumbles int
	// SupersededBy is the message that took this one's place.
	SupersededBy MessageID

	Reportable bool
	// What the booking said at validation, for reports.
	OffenderNo          OffenderNo
	BookNumber          BookNumber
	LocationID          PrisonCode
	LocationDescription string
	Recall              *bool
	LegalStatus         string
	// Trace is that of the notice; the attempts on the message continue it.
	Trace TraceParent
	// MatchingCRNs are the CRNs that the last search left.
	MatchingCRNs []CRN

	// Version is the store's, for writing the message back.
	Version int64
}

// NewMessage makes the message of an accepted notice.
func NewMessage(id MessageID, p Payload, raw string, b Booking, now time.Time, holdback time.Duration) Message {
	return Message{
		ID:                  id,
		BookingID:           p.BookingID,
		EventType:           p.EventType,
		Payload:             raw,
		MovementSeq:         p.MovementSeq,
		StatusSeq:           p.StatusSeq,
		EventTime:           p.EventTime,
		State:               Validated,
		Created:             now,
		FirstSeen:           now,
		Due:                 now.Add(holdback),
		DeleteBy:            deleteBy(now),
		Reportable:          true,
		OffenderNo:          b.OffenderNo,
		BookNumber:          b.BookNumber,
		LocationID:          b.Agency,
		LocationDescription: b.LocationDescription,
		Recall:              b.Recall,
		LegalStatus:         b.LegalStatus,
	}
}

// deleteBy is the retention from now, in whole seconds as the table keeps it.
func deleteBy(now time.Time) time.Time { return now.Add(Retention).Truncate(time.Second) }

// Open reports whether the message is not processed yet.
func (m Message) Open() bool { return m.Processed.IsZero() }

// Poisoned reports whether the message waits for a person because work on it
// ended in a crash again and again.
func (m Message) Poisoned() bool { return m.Open() && m.Reason == Poison }

// IsDue reports whether the message asks for an attempt at now: it is ripe, or
// its retry is due.
func (m Message) IsDue(now time.Time) bool {
	return m.Open() && !m.Due.IsZero() && !m.Due.After(now)
}

// IsOverdue reports whether an unprocessed message is met past its delete-by:
// it expires before anything else is done with it.
func (m Message) IsOverdue(now time.Time) bool { return m.Open() && now.After(m.DeleteBy) }

// Wakes is when something must next be done with the message: its attempt, or
// its expiry when that comes first. Zero for a processed message.
func (m Message) Wakes() time.Time {
	if !m.Open() {
		return time.Time{}
	}
	expiry := m.DeleteBy.Add(time.Second)
	if m.Due.IsZero() || m.Due.After(expiry) {
		return expiry
	}
	return m.Due
}

// Rhythm says when the next fire of each tier's schedule is.
type Rhythm interface {
	// Next is the first fire of the tier's schedule after the instant.
	Next(tier Tier, after time.Time) time.Time
}

// Tier is a range of retry counts with a rhythm of its own.
type Tier string

// The tiers.
const (
	Short  Tier = "short"
	Medium Tier = "medium"
	Long   Tier = "long"
)

// TierOf is the tier of a message that has missed this often. The tiers slow
// down because most misses end when a person corrects Delius: soon after the
// sentence, or some day.
func TierOf(retries int) Tier {
	switch {
	case retries <= 4:
		return Short
	case retries <= 10:
		return Medium
	default:
		return Long
	}
}

// stumbleDelays is how long a message waits after its first, second, …
// transient failure in a row; the last one repeats. It leans to the front: most
// outages are short.
var stumbleDelays = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// After is the message once an attempt had the outcome.
func (m Message) After(o Outcome, now time.Time, rhythm Rhythm) Message {
	m.Attempts++
	m.Stumbles = 0
	m.State, m.Reason = o.State, o.Reason
	m = m.learning(o.Facts)
	if o.Done {
		return m.processed(now)
	}
	m.Retries++
	if until := o.DeleteBy.Truncate(time.Second); until.After(m.DeleteBy) {
		m.DeleteBy = until
	}
	return m.again(rhythm.Next(TierOf(m.Retries), now), now)
}

// AfterFailure is the message once an attempt could not find out; facts are what
// it learnt all the same. A refusal
// counts as an attempt, and is the one that an event type without business
// retries has; everything else is transient, counts nothing and is tried again
// soon.
func (m Message) AfterFailure(facts Facts, err error, now time.Time, rhythm Rhythm) Message {
	m.Attempts++
	m = m.learning(facts)
	m.State, m.Reason = Failed, reasonOf(err)
	if ClassOf(err) == RefusedHere {
		m.Stumbles = 0
		m.Retries++
		if !m.EventType.Retried() {
			return m.processed(now)
		}
		return m.again(rhythm.Next(TierOf(m.Retries), now), now)
	}
	m.Stumbles++
	delay := stumbleDelays[min(m.Stumbles, len(stumbleDelays))-1]
	return m.again(now.Add(delay), now)
}

// learning keeps the CRNs of the attempt's search, if there was one.
func (m Message) learning(facts Facts) Message {
	if facts.Match != nil {
		m.MatchingCRNs = facts.Match.Shown()
	}
	return m
}

// reasonOf is the error in one short line for those who read the message. The
// log and the attempt's steps have it in full; here it is kept with the message,
// whose row it would otherwise make twice as dear to write.
func reasonOf(err error) Reason {
	const most = 100
	text := strings.Join(strings.Fields(err.Error()), " ")
	var call *CallError
	if errors.As(err, &call) {
		text = call.Brief()
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return Reason(text)
}

// again sets the next attempt, or expires the message when that would come
// after its delete-by.
func (m Message) again(due, now time.Time) Message {
	if due.After(m.DeleteBy) {
		return m.Expire(now)
	}
	m.Due = due
	return m
}

// Expire is the message once its time has run out: processed, and kept as long
// as any other, so that somebody sees it.
func (m Message) Expire(now time.Time) Message {
	m.State = Expired
	return m.processed(now)
}

// SupersedeBy is the message once a newer one of its booking took its place.
func (m Message) SupersedeBy(survivor MessageID, now time.Time) Message {
	m.State, m.SupersededBy, m.Reason = Superseded, survivor, ""
	return m.processed(now)
}

// AsPoison is the message once work on it has crashed too often: it keeps its
// place for a person, and asks for no attempt.
func (m Message) AsPoison() Message {
	m.State, m.Reason = Failed, Poison
	m.Due = time.Time{}
	return m
}

func (m Message) processed(now time.Time) Message {
	m.Processed = now
	m.DeleteBy = deleteBy(now)
	m.Due = time.Time{}
	return m
}
