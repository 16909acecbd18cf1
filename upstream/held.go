package upstream

import (
	"errors"
	"fmt"

	"ptpu"
)

// errNoTurn is the end of a wait for a turn: others filled all places for as
// long as a call may wait.
var errNoTurn = errors.New("no turn within the deadline")

// HeldError is a call that was not sent, because its upstream's circuit is open
// or no turn came in time. It is ErrUnavailable, also when what opened the
// circuit was a refusal of ptpu's credentials; then it is ErrDenied besides.
type HeldError struct {
	Upstream string // as its circuit is called
	Why      error  // shows nothing of a person
}

// Error says which upstream is held, and why.
func (e *HeldError) Error() string { return fmt.Sprintf("%s is held: %v", e.Upstream, e.Why) }

// Unwrap gives the kind and the reason.
func (e *HeldError) Unwrap() []error { return []error{ptpu.ErrUnavailable, e.Why} }
