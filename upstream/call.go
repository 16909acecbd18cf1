package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"ptpu"
)

// API is one neighbour: what it is called, where it is and who carries calls
// there. It is safe for concurrent use.
type API struct {
	// Name stands in errors and measurements, such as prison-api.
	Name string
	// Base is the address below which its routes lie (ParseBase).
	Base *url.URL
	// HTTP carries the calls (New). It must not follow redirects.
	HTTP *http.Client
	// Observe, when set, is told of each call before it is made. The call runs
	// in the context that it gives back; ended is called once, with the HTTP
	// status, 0 when there was no answer, and the error that Call returns. It
	// is given the route's template, and so never sees whom a call is about.
	Observe func(ctx context.Context, method, route string) (_ context.Context, ended func(status int, err error))
}

// Request is one call to be made.
type Request struct {
	Method string
	// Route is the path below the base, each argument a segment of its own:
	// /api/bookings/{bookingId}/movement/{movementSeq}.
	Route string
	// Args fill the placeholders in order. They are escaped.
	Args  []string
	Query url.Values
	// Body is sent as JSON; nil is no body.
	Body any
}

// Partial is an answer that knows what it cannot do without. Such an answer
// with a field missing is not trusted: a gateway that answers {} must not pass
// for an API that says no.
type Partial interface {
	// Missing names the first field that should be there and is not; empty
	// when the answer is complete.
	Missing() string
}

// Call makes the request and reads its answer into out, unless that is nil: then
// the answer only has to be JSON, or empty. Fields that out does not name are
// ignored.
//
// It returns nil for a 200 that can be read, else a *ptpu.CallError: wrapping
// ErrNotFound, ErrConflict, ErrDenied and ErrRefused where the API itself says
// so, and ErrUnavailable for everything that is no answer of the API's. The end
// of ctx is ErrUnavailable too, and stays visible to errors.Is. Call returns by
// the deadlines of its http.Client; one that a circuit holds has a *HeldError as
// its cause.
func (a API) Call(ctx context.Context, r Request, out any) error {
	ended := func(int, error) {}
	if a.Observe != nil {
		ctx, ended = a.Observe(ctx, r.Method, r.Route)
	}
	status, err := a.call(ctx, r, out)
	ended(status, err)
	return err
}

// Refuse is the error of a request that is not worth sending because the API
// could only refuse it. The reason names what is wrong and never shows it.
func (a API) Refuse(r Request, reason string) error {
	return a.fail(r, ptpu.ErrRefused, errors.New(reason))
}

// NotFound is the error of a request whose answer, in its own way, says that
// there is none.
func (a API) NotFound(r Request) error {
	failure := a.fail(r, ptpu.ErrNotFound, nil)
	failure.Status = http.StatusOK
	return failure
}

func (a API) call(ctx context.Context, r Request, out any) (status int, _ error) {
	request, err := a.request(ctx, r)
	if err != nil {
		return 0, a.fail(r, ptpu.ErrRefused, err)
	}
	response, err := a.HTTP.Do(request)
	if err != nil {
		return 0, a.unanswered(ctx, r, err)
	}
	defer response.Body.Close()
	body, err := readCapped(response.Body)
	if ctx.Err() != nil && err != nil {
		return response.StatusCode, a.unanswered(ctx, r, err)
	}
	verdict := judge(response, body, err)
	if verdict.kind == nil {
		verdict.cause = decode(body, out)
		if verdict.cause == nil {
			return response.StatusCode, nil
		}
		distrust(response.Body, verdict.cause)
		verdict.kind = ptpu.ErrUnavailable
	}
	failure := a.fail(r, verdict.kind, verdict.cause)
	failure.Status = response.StatusCode
	failure.NamesBookNumber = verdict.namesBookNumber
	failure.RetryAfter = retryAfter(response)
	return response.StatusCode, failure
}

func (a API) request(ctx context.Context, r Request) (*http.Request, error) {
	address, err := locate(a.Base, r.Route, r.Args, r.Query)
	if err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		if body, err = json.Marshal(r.Body); err != nil {
			return nil, errors.New("the body cannot be written as JSON")
		}
	}
	// The reader's type lets net/http rewind the body when the call is repeated.
	request, err := http.NewRequestWithContext(ctx, r.Method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("no valid HTTP request")
	}
	request.Header.Set("Accept", "application/json")
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// unanswered is the failure of a call without an answer. That no token is given
// to us says more than that the call was not made.
func (a API) unanswered(ctx context.Context, r Request, err error) *ptpu.CallError {
	if ctx.Err() != nil {
		return a.fail(r, ptpu.ErrUnavailable, ctx.Err())
	}
	if ptpu.ClassOf(err) == ptpu.DeniedWholly {
		return a.fail(r, ptpu.ErrDenied, harmless(err))
	}
	return a.fail(r, ptpu.ErrUnavailable, harmless(err))
}

func (a API) fail(r Request, kind, cause error) *ptpu.CallError {
	return &ptpu.CallError{Upstream: a.Name, Method: r.Method, Route: r.Route, Kind: kind, Cause: cause}
}
