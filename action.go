package ptpu

import "time"

// Action is something that a person did with ptpu: a report downloaded, a dead
// letter retried. It is kept append-only, as long as the timelines of bookings.
type Action struct {
	At time.Time
	// By is the principal: the user name of the token, else its client id.
	By string
	// What was done, in a few words: "report downloaded".
	What string
	// Details say with what: the report, the filter, the queue. They hold no
	// personal data beyond the numbers of a case.
	Details map[string]string
	TraceID string
}
