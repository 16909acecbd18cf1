package faulttest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Seam is where a call is made.
type Seam string

// The seams.
const (
	Table Seam = "table"
	Queue Seam = "queue"
	Topic Seam = "topic"
	HTTP  Seam = "http"
)

// Kind is a way in which a call goes wrong.
type Kind string

// The kinds of fault. Those that are "done" carry the call out and spoil its
// answer; the others keep it from being done.
const (
	Slow Kind = "slow" // answered late, by up to Rule.Latency; done
	Down Kind = "down" // no connection, or throttled
	Lost Kind = "lost" // done; the answer never comes

	Hang      Kind = "hang"      // HTTP: nothing until the caller gives up
	Status    Kind = "status"    // HTTP: Rule.Status with Rule.Header and Rule.Body
	Garbage   Kind = "garbage"   // HTTP: 200, JSON by its header and not by its body
	Huge      Kind = "huge"      // HTTP: 200 and a body beyond all measure
	Truncated Kind = "truncated" // HTTP: done; half of the answer
	Drip      Kind = "drip"      // HTTP: done; the answer comes a byte a second

	Again Kind = "again" // Queue: what is received is delivered to others at once, too
	Lag   Kind = "lag"   // Table: an index shows a write late, by up to Rule.Latency

	// These strike a process, at a call.
	Killed  Kind = "killed"
	Stopped Kind = "stopped" // and goes on later, as after SIGSTOP and SIGCONT
	Ended   Kind = "ended"   // told to end, as by SIGTERM
)

// Rule is one kind of fault. Every field given narrows it down.
type Rule struct {
	Kind Kind
	Seam Seam
	// Op is a part of the call's operation: "Write", "Receive", or of method and
	// path of a request, such as "GET /prison-api". Of Lag it is the index.
	Op string
	// Process is the process that makes the call.
	Process string
	// From and Until bound the window; zero is open.
	From, Until time.Time
	// Rate is how many of the calls are struck, from 0 to 1.
	Rate float64
	// Latency is the most of Slow and of Lag.
	Latency time.Duration
	// What Status answers.
	Status int
	Header http.Header
	Body   string
}

// Plan is everything that goes wrong.
type Plan struct {
	Seed uint64
	// Rules are tried in their order; of those that strike a call, the first that
	// is not Slow is carried out, after the latencies of all.
	Rules []Rule
	// Whose names the booking that a request is about; empty for none.
	Whose func(*http.Request) string
	// InHand names the booking that a process works on, for calls that are about
	// none: a fault on its token is one on its work. Nil: nobody can tell.
	InHand func(process string) string
	// Told, when set, is told of each call as it ends. It must not wait.
	Told func(Call, Kind, error)
}

// Call is one call of a process.
type Call struct {
	Process string
	Seam    Seam
	Op      string
	// Key is what the call is about, without what is different each time.
	Key string
	// Whose is the booking; empty when the call is about none.
	Whose string
	// Time counts the calls of the process with this Op and Key, from 1.
	Time int
}

// asksFor is how long an answer of Status asks to be left alone, where that is
// so short that a caller may wait for it within a call.
func (r Rule) asksFor() time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds > 5 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func (r Rule) fits(c Call, now time.Time) bool {
	return (r.Seam == "" || r.Seam == c.Seam) &&
		strings.Contains(c.Op, r.Op) &&
		(r.Process == "" || r.Process == c.Process) &&
		!now.Before(r.From) && (r.Until.IsZero() || now.Before(r.Until))
}
