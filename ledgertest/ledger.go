package ledgertest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"ptpu/table"
)

// Violation is a broken invariant.
type Violation struct {
	Invariant string // I1 to I9
	At        time.Time
	Booking   string // empty: none in particular
	Message   string // the message's id; empty: none in particular
	What      string
}

// String names invariant, instant, booking and message.
func (v Violation) String() string {
	text := fmt.Sprintf("%s broken at %s", v.Invariant, v.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	if v.Booking != "" {
		text += ", booking " + v.Booking
	}
	if v.Message != "" {
		text += ", message " + v.Message
	}
	return text + ": " + v.What
}

// Config is what a Ledger has to know.
type Config struct {
	Holdback time.Duration
	// Tick is how long a pod rests between two looks for due work.
	Tick time.Duration
	// Zone is that of the retry schedules.
	Zone *time.Location
	// Whose names the booking that a request is about.
	Whose func(*http.Request) string
	// Faults is how many faults struck work on the booking; Refusals, how many of
	// them were refusals of its request (400, 410, 422).
	Faults, Refusals func(booking string) int
	// PoisonUnfounded tolerates that a message is set aside as poison although its
	// workers were not cut off: they had lost their claims to a table that
	// throttled. It is counted instead.
	PoisonUnfounded bool
	// Disturbed is when something was wrong last: a fault, a pod that stood
	// still, an index that lagged.
	Disturbed func() time.Time
}

// Ledger is the account. It is safe for concurrent use.
type Ledger struct {
	cfg Config

	mu         sync.Mutex
	violations []Violation

	sent      map[string]*sent
	messages  map[table.Key]message
	ended     map[string]message // the messages that were processed, by id; they outlive their rows
	claims    map[string]claim   // by booking
	owners    map[string]string  // process by owner
	rows      map[table.Key]row  // all rows as they stand
	visible   map[string]time.Time
	receipts  map[string]delivered
	facts     map[field][]fact
	newest    map[field]int // the newest fact written so far
	writes    []write
	orderly   map[string]int  // attempts that met a business answer, by message
	refused   map[string]int  // attempts that were refused, by booking
	cuts      map[string]int  // how often whoever held the booking was cut off
	poison    map[string]bool // the bookings with a message set aside
	unfounded int             // messages set aside although nobody was cut off
	traces    map[string]message
	published []announcement
	counted   counts
}

// New begins a ledger.
func New(cfg Config) *Ledger {
	return &Ledger{
		cfg:  cfg,
		sent: map[string]*sent{}, messages: map[table.Key]message{}, ended: map[string]message{}, claims: map[string]claim{},
		owners: map[string]string{}, rows: map[table.Key]row{}, visible: map[string]time.Time{}, receipts: map[string]delivered{},
		facts: map[field][]fact{}, newest: map[field]int{}, orderly: map[string]int{}, refused: map[string]int{}, cuts: map[string]int{}, poison: map[string]bool{}, traces: map[string]message{},
		counted: counts{},
	}
}

// Violations are those found so far: of each write as it was made, and of each
// check that was asked for.
func (l *Ledger) Violations() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Violation(nil), l.violations...)
}

// broken notes a violation. The lock is held.
func (l *Ledger) broken(invariant, booking, message, format string, args ...any) {
	l.violations = append(l.violations, Violation{
		Invariant: invariant, At: time.Now(), Booking: booking, Message: message, What: fmt.Sprintf(format, args...),
	})
}

// kindOf is the kind of a row, the first part of its sort key.
func kindOf(key table.Key) string {
	kind, _, _ := strings.Cut(key.Sort, "#")
	return kind
}
