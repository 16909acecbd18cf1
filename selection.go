package ptpu

import "time"

// Selection says which messages are read, in the order in which they were
// created, the oldest first.
type Selection struct {
	// Processed chooses the messages that are finished; otherwise those that
	// are not. Processed ones past their delete-by are invisible.
	Processed bool
	// After and Before bound the created date, both exclusive; zero is no bound.
	After, Before time.Time
}

// Backlog is how much work is due, as the index says.
type Backlog struct {
	// Due counts what is due: attempts, expiries, domain events. Counting ends
	// at a limit; then More is set.
	Due  int
	More bool
	// Oldest is the instant at which the longest due fell due; zero when
	// nothing is.
	Oldest time.Time
}
