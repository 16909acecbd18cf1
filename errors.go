package ptpu

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of failure, named for what to do about them. A failed call is a
// CallError that wraps one of the first five.
var (
	// ErrNotFound: the other side has no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the other side holds something that disagrees.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: no answer, or none to be trusted. Try later.
	ErrUnavailable = errors.New("unavailable")
	// ErrDenied: our credentials are refused, for whatever we ask. A person
	// must look; no single booking is to blame.
	ErrDenied = errors.New("denied")
	// ErrRefused: this very request is refused; asking again in the same way
	// will not help.
	ErrRefused = errors.New("refused")
	// ErrMalformed: a notice that can never be validated. Never retried.
	ErrMalformed = errors.New("malformed notice")
	// ErrClaimLost: another worker owns the booking now. Nothing that was
	// written under the claim after that counts.
	ErrClaimLost = errors.New("claim lost")
)

// CallError is a call to a neighbour that did not succeed. Its text names the
// call by its route template, never by ids or bodies.
type CallError struct {
	Upstream string // prison-api, community-api, …
	Method   string
	Route    string // template, such as /api/bookings/{bookingId}
	Status   int    // HTTP status; 0 = there was no answer
	Kind     error  // one of the errors above
	Cause    error  // what the transport said, or nil
	// NamesBookNumber: a 404 whose text speaks of the booking number. Then
	// the offender is known and the conviction is not.
	NamesBookNumber bool
	// RetryAfter is how long the other side asks to be left alone, an hour at
	// most; 0 when it does not say.
	RetryAfter time.Duration
}

// Error names the call and how it failed.
func (e *CallError) Error() string {
	text := fmt.Sprintf("%s %s %s: %v", e.Upstream, e.Method, e.Route, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Brief is the failure in few words, for those who read a message: which API,
// the last word of its route, and how it failed.
func (e *CallError) Brief() string {
	word := ""
	for segment := range strings.SplitSeq(e.Route, "/") {
		if segment != "" && !strings.HasPrefix(segment, "{") {
			word = segment
		}
	}
	text := fmt.Sprintf("%s %s %s: %v", e.Upstream, e.Method, word, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	return text
}

// Unwrap gives the kind, and the cause when there is one.
func (e *CallError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// Class says what a failed attempt means for its message.
type Class string

const (
	// Transient failures are tried again soon and count no attempt.
	Transient Class = "transient"
	// DeniedWholly is a transient failure that a person has to end.
	DeniedWholly Class = "denied"
	// RefusedHere is a refusal of this booking's request: it counts an attempt.
	RefusedHere Class = "refused"
)

// ClassOf classifies the error of an attempt. What is not known to be a refusal
// is transient: it costs a retry, where the opposite mistake costs the message.
// A "not found" or "conflict" that the rules gave no meaning ends up here as an
// error and is a refusal.
func ClassOf(err error) Class {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrUnavailable):
		return Transient
	case errors.Is(err, ErrDenied):
		return DeniedWholly
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict):
		return RefusedHere
	default:
		return Transient
	}
}
