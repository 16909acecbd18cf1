package ptpu

import (
	"slices"
	"time"
)

// The rhythm of claims.
const (
	// ClaimLength is how long a claim holds after it was last written.
	ClaimLength = 5 * time.Second
	// ClaimRenewal is how often its owner writes it again.
	ClaimRenewal = 1500 * time.Millisecond
	// MaxStarts is the start at which a message that was in hand at every
	// crash before is poison.
	MaxStarts = 3
)

// Claim is one worker's hold on a booking: whoever has it is the only one to
// work on the booking's messages. The row stays when the claim ends, so that
// its version never goes back and a writer who slept can never mistake a later
// claim for its own.
type Claim struct {
	BookingID BookingID
	// Owner is the worker that holds the booking, or held it last. Ended is set
	// by an orderly end.
	Owner string
	Ended bool
	// Term grows with every owner.
	Term int64
	// Starts counts claims in a row that no orderly end followed, this one
	// included.
	Starts int
	// Message and Attempt are what is in hand; empty between messages.
	Message MessageID
	Attempt int
	// Intents are the writes that the attempt in hand is about to make. They
	// are durable before the first is sent.
	Intents []Write
	// Until is the owner's own deadline; to others only information, because
	// their clock is another one.
	Until time.Time
	// Version is the row's; 0 when there is none yet.
	Version int64
}

// Held reports whether a worker holds the booking, alive or not.
func (c Claim) Held() bool { return c.Owner != "" && !c.Ended }

// Next is the claim that owner makes after c, with the first message in hand.
// Starts goes on counting when c was never ended.
func (c Claim) Next(owner string) Claim {
	next := Claim{BookingID: c.BookingID, Owner: owner, Term: c.Term + 1, Starts: 1, Version: c.Version}
	if c.Held() {
		next.Starts = c.Starts + 1
	}
	return next
}

// Released is the claim after an orderly end.
func (c Claim) Released() Claim {
	return Claim{BookingID: c.BookingID, Owner: c.Owner, Ended: true, Term: c.Term, Version: c.Version}
}

// OpenWrite is an identifier write of which nobody knows whether Delius took
// it: its answer never came. It is finished before anything else is done with
// the booking, because a domain event may be owed.
type OpenWrite struct {
	BookingID BookingID
	Write     Write
	MessageID MessageID
	Attempt   int
	// Until is the message's delete-by: later the write is no longer sent
	// again, only looked up.
	Until time.Time
	// Due is when to look at it next.
	Due time.Time
}

// Announcement is a domain event that is owed for a change that Delius has
// taken. It is kept until the topic has it.
type Announcement struct {
	BookingID BookingID
	Change    IdentifierChange
	MessageID MessageID
	// Since is when Delius took the change.
	Since time.Time
	// Trace is that of the attempt that made the change.
	Trace TraceParent
	// Due is when to publish it next; Tries counts the failures so far.
	Due   time.Time
	Tries int
}

// Waiting is everything that waits at one booking, as one read shows it.
type Waiting struct {
	Claim         Claim
	Messages      []Message // unprocessed
	OpenWrites    []OpenWrite
	Announcements []Announcement
}

// MessageDue reports whether any message asks for an attempt.
func (w Waiting) MessageDue(now time.Time) bool {
	return slices.ContainsFunc(w.Messages, func(m Message) bool { return m.IsDue(now) })
}

// AnythingDue reports whether anything at the booking wants a worker: an
// attempt, an expiry, a domain event, an open write.
func (w Waiting) AnythingDue(now time.Time) bool {
	return w.MessageDue(now) ||
		slices.ContainsFunc(w.Messages, func(m Message) bool { return m.IsOverdue(now) }) ||
		slices.ContainsFunc(w.OpenWrites, func(o OpenWrite) bool { return !o.Due.After(now) }) ||
		slices.ContainsFunc(w.Announcements, func(a Announcement) bool { return !a.Due.After(now) })
}

// Changes are what is written together with a claim, all or nothing.
type Changes struct {
	Messages []Message
	Entries  []Entry
	// Announce and Unfinished are put; Announced and Finished are removed.
	Announce   []Announcement
	Announced  []Announcement
	Unfinished []OpenWrite
	Finished   []OpenWrite
}
