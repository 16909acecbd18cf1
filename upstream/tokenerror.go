package upstream

import (
	"errors"
	"fmt"

	"golang.org/x/oauth2"

	"ptpu"
)

// TokenError is a call that was not made because there is no token for it. It
// wraps ptpu.ErrDenied when hmpps-auth refuses ptpu's credentials, so that a
// person must look, and ptpu.ErrUnavailable when it could not be asked.
type TokenError struct {
	Status int   // of hmpps-auth's answer; 0 = there was none
	kind   error // one of ptpu's
	cause  error // nil when the status says it all
}

func newTokenError(err error) *TokenError {
	failure := &TokenError{kind: ptpu.ErrUnavailable}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		failure.cause = harmless(err)
		return failure
	}
	failure.Status = refused.Response.StatusCode
	failure.kind = tokenKind(failure.Status)
	return failure
}

// Error says how asking for the token failed. It repeats nothing of what was
// sent or answered.
func (e *TokenError) Error() string {
	text := fmt.Sprintf("getting a token: %v", e.kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the kind, and the cause when there is one.
func (e *TokenError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}
