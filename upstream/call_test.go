package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

// person is an answer that cannot do without a number.
type person struct {
	Number string    `json:"number"`
	Born   ptpu.Date `json:"born"`
}

func (p *person) Missing() string {
	if p.Number == "" {
		return "number"
	}
	return ""
}

func TestCallReadsTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want person
		ok   bool
	}{
		"unknown fields":   {body: `{"number": "1", "other": {"number": 2}}`, want: person{Number: "1"}, ok: true},
		"absent and null":  {body: `{"number": "1", "born": null}`, want: person{Number: "1"}, ok: true},
		"a field missing":  {body: `{"born": "1984-02-29"}`},
		"a field mistyped": {body: `{"number": 1984}`},
		"a date mistyped":  {body: `{"number": "1", "born": "29.2.1984"}`},
		"a list":           {body: `[{"number": "1"}]`},
		"null":             {body: ` null `},
		"nothing":          {body: ``},
		"two answers":      {body: `{"number": "1"}{"number": "1984"}`},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, c.body))
			var got person
			err := server.API(t, upstream.Config{}, "").Call(t.Context(), read, &got)
			if c.ok {
				if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
					t.Errorf("got error %v; want - got +\n%s", err, diff)
				}
				return
			}
			if !errors.Is(err, ptpu.ErrUnavailable) {
				t.Errorf("got %+v and error %v, want %v", got, err, ptpu.ErrUnavailable)
			}
			if strings.Contains(err.Error(), "1984") {
				t.Errorf("error %q shows a part of the answer", err)
			}
		})
	}
}

// What an answer means does not depend on how it was carried.
func TestFailures(t *testing.T) {
	for name, request := range map[string]upstream.Request{"read": read, "write": write} {
		t.Run(name+" by net/http's own client", func(t *testing.T) {
			upstreamtest.Failures(t, func(ctx context.Context, api upstream.API) error {
				return api.Call(ctx, request, new(person))
			})
		})
		t.Run(name, func(t *testing.T) {
			upstreamtest.Failures(t, func(ctx context.Context, api upstream.API) error {
				api.HTTP = newClient(t, upstream.Config{})
				defer api.HTTP.CloseIdleConnections()
				return api.Call(ctx, request, new(person))
			})
		})
	}
}

// Whatever words a transport finds for it.
func TestTheCallersEndStaysVisibleOverAnyHTTPClient(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	api := upstreamtest.Serve(t, upstreamtest.Break).API(t, upstream.Config{}, "")
	api.HTTP.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		cancel(errors.New("stopping"))
		return nil, errors.New("no longer")
	})
	if err := api.Call(ctx, read, nil); !errors.Is(err, context.Canceled) || !errors.Is(err, ptpu.ErrUnavailable) {
		t.Errorf("got error %v, want both %v and %v", err, context.Canceled, ptpu.ErrUnavailable)
	}
}

func TestRetryAfterIsHandedOn(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "30": 30 * time.Second, "86400": time.Hour} {
		server := upstreamtest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		err := server.API(t, upstream.Config{}, "").Call(t.Context(), write, nil)
		var failure *ptpu.CallError
		if !errors.As(err, &failure) || failure.RetryAfter != want {
			t.Errorf("%q: got error %v, want one to be left alone for %v", value, err, want)
		}
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
	api := server.API(t, upstream.Config{}, "")
	for name, request := range map[string]upstream.Request{
		"an argument too few": {Method: http.MethodGet, Route: "/a/{b}"},
		"a path of dots":      {Method: http.MethodGet, Route: "/a/{b}/c", Args: []string{".."}},
		"no JSON":             {Method: http.MethodPut, Route: "/a", Body: func() {}},
		"no method":           {Method: "Canaria 1984", Route: "/a"},
	} {
		err := api.Call(t.Context(), request, nil)
		if !errors.Is(err, ptpu.ErrRefused) {
			t.Errorf("%s: got error %v, want %v", name, err, ptpu.ErrRefused)
		}
	}
	if asked := server.Asked(); len(asked) != 0 {
		t.Errorf("asked %+v, want nothing", asked)
	}
}

func TestErrorsNameTheRouteAndNotThePerson(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusBadRequest, `{"message": "A9999XX"}`))
	err := server.API(t, upstream.Config{}, "").Call(t.Context(), upstream.Request{
		Method: http.MethodPut,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/nomsNumber",
		Args:   []string{"A9999XX"},
		Query:  url.Values{"offenderNo": {"A9999XX"}},
		Body:   map[string]string{"nomsNumber": "A9999XX"},
	}, nil)
	const want = "neighbour PUT /secure/offenders/nomsNumber/{nomsNumber}/nomsNumber: refused (status 400)"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestObserve(t *testing.T) {
	type key struct{}
	type seen struct {
		method, route string
		status        int
		err           error
	}
	var got []seen
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`), upstreamtest.JSON(http.StatusConflict, ``), upstreamtest.Break)
	api := server.API(t, upstream.Config{}, "")
	api.Observe = func(ctx context.Context, method, route string) (context.Context, func(int, error)) {
		return context.WithValue(ctx, key{}, true), func(status int, err error) {
			got = append(got, seen{method: method, route: route, status: status, err: err})
		}
	}
	base := api.HTTP.Transport
	api.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Context().Value(key{}) == nil {
			t.Error("the call does not run in the observer's context")
		}
		return base.RoundTrip(r)
	})
	var errs []error
	for range 3 {
		errs = append(errs, api.Call(t.Context(), write, nil))
	}
	want := []seen{
		{method: http.MethodPut, route: "/write", status: http.StatusOK},
		{method: http.MethodPut, route: "/write", status: http.StatusConflict, err: errs[1]},
		{method: http.MethodPut, route: "/write", err: errs[2]},
	}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("observed %+v, want %+v", got, want)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
