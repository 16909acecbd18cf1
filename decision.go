package ptpu

import "time"

// Decision is what became of a notice that was delivered.
type Decision string

// The decisions.
const (
	Stored       Decision = "stored"
	Duplicate    Decision = "duplicate"
	Ignored      Decision = "ignored"
	HandedBack   Decision = "handed back"
	DeadLettered Decision = "dead-lettered"
	// Interrupted notices were in hand when the process was told to stop.
	Interrupted Decision = "interrupted"
)

// Ruling is a decision about a notice with its grounds.
type Ruling struct {
	Decision Decision
	ID       MessageID // empty when the notice could not be read
	Payload  Payload
	Reason   Reason // why ignored
	Err      error  // why handed back or dead-lettered
	Receives int    // how often the notice has been delivered
}

// Attempt is one finished attempt with what came of it.
type Attempt struct {
	Before, After Message
	// Outcome is what was established; when Err is set, only its Facts count.
	Outcome Outcome
	Err     error
	Started time.Time
	Took    time.Duration
}
