package upstream

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// How a call is repeated.
const (
	// tries of a safe call, the first included. One repeat mends what a lost
	// connection or a restarted pod breaks; what it does not mend, more of them
	// would only make worse. The message is tried again in a minute.
	tries = 2
	// Between the tries lies a short random pause, so that many calls that
	// failed together do not return together.
	shortestPause = 100 * time.Millisecond
	longestPause  = 300 * time.Millisecond
	// longestWait is the longest Retry-After that is waited for within a call.
	longestWait = 2 * time.Second
)

var errBody = errors.New("the body of a safe request cannot be sent twice")

// repeating makes a safe call once more when that may help. A write is made
// once: whether it was done nobody knows, and the message asks again later.
type repeating struct {
	next     http.RoundTripper
	safe     func(*http.Request) bool
	executor failsafe.Executor[*http.Response]
}

//nolint:bodyclose // a policy on answers is none
func newRepeating(next http.RoundTripper, safe func(*http.Request) bool) repeating {
	policy := retrypolicy.NewBuilder[*http.Response]().
		HandleIf(worthRepeating).
		WithMaxAttempts(tries).
		WithDelayFunc(pause).
		ReturnLastFailure().
		Build()
	return repeating{next: next, safe: safe, executor: failsafe.With(policy)}
}

func (t repeating) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.safe(r) {
		return t.next.RoundTrip(r)
	}
	// Answers are whole by here, so none needs its context any longer.
	return t.executor.WithContext(r.Context()).Get(func() (*http.Response, error) {
		request, ok := rewound(r)
		if !ok {
			return nil, errBody
		}
		return t.next.RoundTrip(request)
	})
}

// safely tells which requests may be repeated, besides those that safe names.
func safely(safe func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			return true
		}
		return safe != nil && safe(r)
	}
}

// worthRepeating says whether the same call may well succeed in a moment. It is
// not asked once the caller's context has ended.
func worthRepeating(response *http.Response, err error) bool {
	if err != nil {
		var (
			token *TokenError
			held  *HeldError
		)
		switch {
		case errors.As(err, &token):
			return false // that call was repeated already
		case errors.As(err, &held):
			return false // nor would it be sent in a moment
		case errors.Is(err, errTooLarge), errors.Is(err, errUnreadable):
			return false // an answer after all, and no loss on the way
		}
		return true
	}
	status := response.StatusCode
	return (status == http.StatusTooManyRequests || status >= 500) && retryAfter(response) <= longestWait
}

// pause is how long to wait before the repeat: never less than the answer asks.
//
//nolint:bodyclose // answers are in memory by here
func pause(attempt failsafe.ExecutionAttempt[*http.Response]) time.Duration {
	delay := shortestPause + rand.N(longestPause-shortestPause)
	if response := attempt.LastResult(); response != nil {
		delay += retryAfter(response)
	}
	return delay
}
