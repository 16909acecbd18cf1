package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"ptpu"
)

// effect is what the end of one request says about the upstream as a whole.
type effect struct {
	sign sign
	why  error // of all signs but works
	// leaveAlone goes with asks: how long.
	leaveAlone time.Duration
	// overload: fewer requests at once may go better.
	overload bool
}

type sign int

const (
	// works: it answered, if only to refuse this one request.
	works sign = iota
	// fails: there was no answer, or none to be trusted.
	fails
	// asks: it wants to be left alone for a while, which is no outage.
	asks
	// denies: it refuses ptpu's credentials, for whatever is asked.
	denies
)

// effectOf says what an answer means for its upstream, by the judgement that
// decides about the call too.
func effectOf(response *http.Response, v verdict) effect {
	status := response.StatusCode
	busy := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
	leaveAlone := retryAfter(response)
	switch {
	case v.kind == ptpu.ErrDenied: //nolint:errorlint // a verdict's kind is never wrapped
		return effect{sign: denies, why: why(v, status)}
	case busy && leaveAlone > 0:
		why := fmt.Errorf("asked to be left alone for %v (status %d)", leaveAlone, status)
		return effect{sign: asks, why: why, leaveAlone: leaveAlone, overload: true}
	case v.kind == ptpu.ErrUnavailable: //nolint:errorlint // as above
		return effect{sign: fails, why: why(v, status), overload: busy}
	default:
		return effect{sign: works}
	}
}

// failure is the effect of no answer.
func failure(err error) effect {
	return effect{
		sign:     fails,
		why:      fmt.Errorf("%w: %w", ptpu.ErrUnavailable, harmless(err)),
		overload: errors.Is(err, errTimeout),
	}
}

func why(v verdict, status int) error {
	if v.cause != nil {
		return fmt.Errorf("%w (status %d): %w", v.kind, status, v.cause)
	}
	return fmt.Errorf("%w (status %d)", v.kind, status)
}
