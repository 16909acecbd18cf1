package ptpu

import "time"

// EntryKind says what an audit entry records.
type EntryKind string

// The kinds of audit entry.
const (
	EntryIgnored    EntryKind = "ignored"
	EntryStored     EntryKind = "stored"
	EntrySuperseded EntryKind = "superseded"
	EntryAttempt    EntryKind = "attempt"
	// EntryCutOff is an attempt whose worker died: what it meant to write is
	// known, what it wrote is not.
	EntryCutOff     EntryKind = "attempt cut off"
	EntryHandedBack EntryKind = "attempt handed back"
	EntryFinished   EntryKind = "open write finished"
	EntryPublished  EntryKind = "domain event published"
	EntryExpired    EntryKind = "expired"
	EntryPoisoned   EntryKind = "poisoned"
)

// Entry is one line of a booking's timeline: a decision or an effect, kept
// append-only. It holds no personal data beyond the numbers of a case.
type Entry struct {
	At        time.Time
	BookingID BookingID
	MessageID MessageID
	EventType EventType
	Kind      EntryKind
	Attempt   int
	State     State
	Reason    Reason
	Steps     []Step
	// Others are further messages that the entry is about.
	Others []MessageID
	// Version is the ptpu that wrote the entry; the store sets it.
	Version string
	// TraceID joins the entry to logs and traces.
	TraceID string
}

// Step is one thing that an attempt learnt or wrote.
type Step struct {
	Name string `json:"name"`
	// Write is set for a write: the intent, with its result.
	Write *Write `json:"write,omitempty"`
	// Result is how a write ended: "done", or the failure in one line; empty
	// when it was not reached or its answer never came.
	Result string `json:"result,omitempty"`
	// Facts are what was used of a neighbour's answer: codes, dates, CRNs.
	Facts map[string]string `json:"facts,omitempty"`
}
