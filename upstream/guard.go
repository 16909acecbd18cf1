package upstream

import (
	"errors"
	"net/http"
	"time"
)

// guard puts requests under a circuit. It stands below the repeat, so that a
// call that was held is not repeated, and above the token, so that a 401 which
// a new token mends is not held against the upstream.
type guard struct {
	next    http.RoundTripper
	circuit *Circuit
	judge   func(response *http.Response, body []byte, broken error) verdict
	// tokens, when set, are asked for one before a place is taken: who waits
	// for a token keeps nobody else from calling.
	tokens *Tokens
	// late is how long a request may go unanswered before it counts as failed,
	// though it still may succeed: an upstream that is silent is noticed before
	// the first deadline has passed.
	late time.Duration
	safe func(*http.Request) bool
}

// lateAfter is the share of its deadline after which a request is late.
func lateAfter(timeout time.Duration) time.Duration { return timeout / 5 * 4 }

func (t guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.tokens != nil {
		if err := t.circuit.holds(); err != nil {
			return nil, err
		}
		if _, err := t.tokens.Token(r.Context()); err != nil {
			return nil, err
		}
	}
	place, err := t.circuit.enter(r.Context())
	if err != nil {
		return nil, err
	}
	defer place.leave()
	late := time.AfterFunc(t.late, func() { t.fails(r, place, errTimeout) })
	defer late.Stop()
	response, err := t.next.RoundTrip(r)
	if err != nil {
		t.failed(r, place, err)
		return nil, err
	}
	t.answered(r, place, response)
	return response, nil
}

func (t guard) failed(r *http.Request, p *place, err error) {
	var token *TokenError
	switch {
	case r.Context().Err() != nil: // the caller's doing
	case errors.As(err, &token): // that of hmpps-auth
	default:
		t.fails(r, p, err)
	}
}

func (t guard) fails(r *http.Request, p *place, err error) {
	t.remember(r, false)
	p.says(failure(err))
}

// answered takes in what the answer says. A 200 counts once it is closed: its
// reader may still find that it cannot be trusted.
func (t guard) answered(r *http.Request, p *place, response *http.Response) {
	body := response.Body.(*wholeBody)
	verdict := t.judge(response, body.content, body.broken)
	e := effectOf(response, verdict)
	t.remember(r, e.sign == works)
	if verdict.kind != nil {
		p.says(e)
		return
	}
	body.read = func(err error) {
		if err != nil {
			e = failure(err)
		}
		p.says(e)
	}
}

// remember keeps a safe request for trials.
func (t guard) remember(r *http.Request, worked bool) {
	if t.safe(r) {
		t.circuit.remember(sample{request: r, via: t}, worked)
	}
}
