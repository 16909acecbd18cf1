package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/upstream"
)

// service is a neighbour without sockets whose ping and calls can be told to go
// differently at any time. It notes when it was asked.
type service struct {
	mu         sync.Mutex
	ping, call answer
	pings      []time.Time
	calls      []time.Time
	requests   []*http.Request
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	answer := s.call
	if strings.HasSuffix(r.URL.Path, "/health/ping") {
		answer = s.ping
		s.pings = append(s.pings, time.Now())
	} else {
		s.calls = append(s.calls, time.Now())
	}
	s.mu.Unlock()
	return answer(r)
}

// now has ping and calls answered like this from now on.
func (s *service) now(ping, call answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ping, s.call = ping, call
}

func (s *service) pinged() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pings)
}

func (s *service) called() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *service) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// protected is a service with a circuit before it, and what the circuit told.
type protected struct {
	*service
	circuit *upstream.Circuit
	api     upstream.API

	mu      sync.Mutex
	changes []change
}

type change struct {
	state upstream.State
	why   error
}

func protect(t *testing.T, s *service, c upstream.CircuitConfig, client upstream.Config) *protected {
	t.Helper()
	p := &protected{service: s}
	c.Name, c.Version, c.Transport = "neighbour", "1.2.3", s
	c.Base = &url.URL{Scheme: "https", Host: "neighbour.example.org", Path: "/base"}
	c.Changed = func(name string, state upstream.State, why error) {
		if name != "neighbour" {
			t.Errorf("told of %q, want neighbour", name)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changes = append(p.changes, change{state, why})
	}
	circuit, err := upstream.NewCircuit(c)
	if err != nil {
		t.Fatalf("making the circuit: %v", err)
	}
	p.circuit = circuit
	client.Circuit, client.Base = circuit, s
	p.api = upstream.API{Name: "neighbour", Base: c.Base, HTTP: newClient(t, client)}
	return p
}

func (p *protected) write(ctx context.Context) error { return p.api.Call(ctx, write, nil) }

func (p *protected) told() []change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.changes)
}

func (p *protected) want(t *testing.T, state upstream.State, holding bool) {
	t.Helper()
	if got := p.circuit.State(); got != state {
		t.Errorf("the circuit is %s after %v, want %s", got, p.told(), state)
	}
	if got := p.circuit.Holding(); got != holding {
		t.Errorf("holding %v, want %v", got, holding)
	}
}

// breakDown has writes fail until the circuit is open.
func (p *protected) breakDown(t *testing.T, ping, call answer) {
	t.Helper()
	p.now(ping, call)
	for range 100 {
		if p.circuit.State() == upstream.Open {
			return
		}
		if err := p.write(t.Context()); err == nil {
			t.Fatal("a call succeeded in an outage")
		}
	}
	t.Fatal("100 failed calls left the circuit closed")
}

var (
	up   = status(http.StatusOK)
	down = status(http.StatusBadGateway)
)

func TestWhatOpensACircuit(t *testing.T) {
	for name, c := range map[string]struct {
		calls string // w = works, f = fails, - = five seconds pass
		want  upstream.State
	}{
		"four failures are too few":             {"ffff", upstream.Closed},
		"five failures":                         {"fffff", upstream.Open},
		"two failures of five":                  {"wwwff", upstream.Closed},
		"three failures of five":                {"wwfff", upstream.Open},
		"four failures, and a fifth call":       {"ffffw", upstream.Open},
		"three failures of seven":               {"wwwwfff", upstream.Closed},
		"half":                                  {"wwwwffff", upstream.Open},
		"failures within ten seconds":           {"ff-fff", upstream.Open},
		"what failed before that is forgotten":  {"ffff---ffff", upstream.Closed},
		"what worked before that is, too":       {"wwwwwwwwww---fffff", upstream.Open},
		"nothing":                               {"", upstream.Closed},
		"many successes and as many but one":    {strings.Repeat("w", 50) + strings.Repeat("f", 48), upstream.Closed},
		"many successes and as many failures":   {strings.Repeat("w", 50) + strings.Repeat("f", 50), upstream.Open},
		"a few failures now and then":           {strings.Repeat("wwwf", 25), upstream.Closed},
		"many failures and nothing ever worked": {strings.Repeat("f", 30), upstream.Open},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{ping: up}, upstream.CircuitConfig{}, upstream.Config{})
				for _, call := range c.calls {
					switch call {
					case 'w':
						p.now(up, up)
					case 'f':
						p.now(up, down)
					case '-':
						time.Sleep(5 * time.Second)
						continue
					}
					_ = p.write(t.Context())
				}
				p.want(t, c.want, c.want == upstream.Open)
			})
		})
	}
}

// callers call over and over until they are stopped.
func callers(t *testing.T, n int, call func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	for range n {
		calling.Go(func() {
			for ctx.Err() == nil {
				call(ctx)
			}
		})
	}
	return func() {
		cancel()
		calling.Wait()
	}
}

// A call that nobody answers counts before its deadline, so that silence is
// noticed in time too. The callers here are the default number of workers.
func TestAnOutageOpensTheCircuitWithinTenSeconds(t *testing.T) {
	for name, outage := range map[string]answer{
		"500": status(500), "503": status(503), "429": status(429), "a reset": broken(syscall.ECONNRESET),
		"silence": silent, "a redirect": status(302), "nothing": status(204), "a page": body(200, "<html>"),
		"half an answer": body(200, `{"half`), "a slow failure": slow(3*time.Second, status(500)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{ping: up, call: slow(50*time.Millisecond, up)}, upstream.CircuitConfig{Concurrency: 40}, upstream.Config{})
				stop := callers(t, 8, func(ctx context.Context) {
					if p.api.Call(ctx, read, nil) != nil {
						time.Sleep(time.Second)
					}
				})
				defer stop()
				time.Sleep(12 * time.Second)
				p.want(t, upstream.Closed, false)
				p.now(up, outage)
				time.Sleep(10 * time.Second)
				p.want(t, upstream.Open, true)
			})
		})
	}
}

func TestARefusalOfOurCredentialsOpensTheCircuitAtOnce(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{grant("token-1", 60)}}})
			p := protect(t, &service{call: status(code)}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
			err := p.write(t.Context())
			if got := ptpu.ClassOf(err); got != ptpu.DeniedWholly {
				t.Errorf("%d: got class %s of %v, want %s", code, got, err, ptpu.DeniedWholly)
			}
			p.want(t, upstream.Open, true)
			told := p.told()
			if len(told) != 1 || told[0].state != upstream.Open || !errors.Is(told[0].why, ptpu.ErrDenied) ||
				!strings.Contains(told[0].why.Error(), fmt.Sprint(code)) {
				t.Errorf("%d: told %v, want one opening for denied credentials that names the status", code, told)
			}
		})
	}
}

func TestA401ThatANewTokenMendsIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		number := 0
		tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{func(r *http.Request) (*http.Response, error) {
			number++
			return grant(fmt.Sprint("token-", number), 3600)(r)
		}}}})
		refused := map[string]bool{}
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		p.now(up, func(r *http.Request) (*http.Response, error) {
			// Every token is good for one call.
			if token := r.Header.Get("Authorization"); refused[token] {
				return status(401)(r)
			} else if refused[token] = true; true {
				return up(r)
			}
			return nil, nil
		})
		for range 20 {
			if err := p.write(t.Context()); err != nil {
				t.Fatalf("got error %v", err)
			}
		}
		p.want(t, upstream.Closed, false)
	})
}

func TestAHeldCallIsNotSent(t *testing.T) {
	for name, outage := range map[string]answer{"an outage": down, "a denial": status(403)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
				p.breakDown(t, down, outage)
				before := len(p.called())
				for _, request := range []upstream.Request{read, write} {
					began := time.Now()
					err := p.api.Call(t.Context(), request, nil)
					var held *upstream.HeldError
					if !errors.As(err, &held) || held.Upstream != "neighbour" || !strings.Contains(err.Error(), "neighbour is held") {
						t.Errorf("got error %v, want one that says that neighbour is held", err)
					}
					var call *ptpu.CallError
					if !errors.As(err, &call) || call.Kind != ptpu.ErrUnavailable || ptpu.ClassOf(err) != ptpu.Transient { //nolint:errorlint // never wrapped
						t.Errorf("got class %s of %v, want %s", ptpu.ClassOf(err), err, ptpu.Transient)
					}
					if took := time.Since(began); took != 0 {
						t.Errorf("took %v, want it to fail at once", took)
					}
				}
				if got := len(p.called()); got != before {
					t.Errorf("sent %d requests to a held neighbour, want none", got-before)
				}
			})
		})
	}
}

func TestWhoWaitsForATurnIsSentAwayWhenTheCircuitOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: slow(time.Second, status(403))}, upstream.CircuitConfig{Concurrency: 1}, upstream.Config{})
		var calls sync.WaitGroup
		began := time.Now()
		for range 10 {
			calls.Go(func() {
				if err := p.write(t.Context()); err == nil {
					t.Error("a call succeeded")
				}
			})
		}
		calls.Wait()
		if took, sent := time.Since(began), len(p.called()); took != time.Second || sent != 1 {
			t.Errorf("took %v and sent %d requests, want 1s and 1", took, sent)
		}
	})
}

// Neither is ptpu's own stopping, nor the loss of a claim.
func TestTheCallersEndIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: silent}, upstream.CircuitConfig{Concurrency: 100}, upstream.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				if err := p.write(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("got error %v, want %v", err, context.Canceled)
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		calls.Wait()
		p.want(t, upstream.Closed, false)
	})
}

func TestNoTokenIsNotTheNeighboursFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{status(500)}}})
		p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		for range 20 {
			if err := p.write(t.Context()); err == nil {
				t.Error("a call succeeded without a token")
			}
			time.Sleep(500 * time.Millisecond)
		}
		p.want(t, upstream.Closed, false)
	})
}

// Nor is it when a 401 asks for another one.
func TestNoNewTokenIsNotTheNeighboursFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []answer
		for range 20 {
			answers = append(answers, grant("token-1", 3600), status(400))
		}
		tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: answers}})
		p := protect(t, &service{call: status(401)}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		for range 20 {
			if err := p.write(t.Context()); err == nil {
				t.Error("a call succeeded without a token")
			}
			time.Sleep(1100 * time.Millisecond)
		}
		if got := len(p.called()); got != 20 {
			t.Errorf("made %d requests, want one for each call", got)
		}
		p.want(t, upstream.Closed, false)
	})
}

func TestWhoWaitsForATokenTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{slow(9*time.Second, grant("token-1", 60))}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		s := &service{call: slow(time.Second, up)}
		p := protect(t, s, upstream.CircuitConfig{Concurrency: 1}, upstream.Config{Tokens: tokens})
		without := upstream.API{Base: p.api.Base, HTTP: newClient(t, upstream.Config{Base: s, Circuit: p.circuit})}
		var calls sync.WaitGroup
		calls.Go(func() { _ = p.write(t.Context()) })
		time.Sleep(time.Second)
		began := time.Now()
		if err := without.Call(t.Context(), write, nil); err != nil || time.Since(began) != time.Second {
			t.Errorf("got error %v after %v, want none after 1s", err, time.Since(began))
		}
		calls.Wait()
		p.want(t, upstream.Closed, false)
	})
}

// Nobody waits for a token that could not be used.
func TestAHeldCallAsksForNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 1), silent}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		p.breakDown(t, down, down)
		time.Sleep(time.Minute)
		began := time.Now()
		var held *upstream.HeldError
		if err := p.write(t.Context()); !errors.As(err, &held) || time.Since(began) != 0 {
			t.Errorf("got error %v after %v, want to be sent away at once", err, time.Since(began))
		}
		if got := len(authority.times()); got != 1 {
			t.Errorf("asked for %d tokens, want 1", got)
		}
	})
}

// An answer that is JSON, and not the one that was asked for, is none.
func TestAnAnswerOfAnotherShapeIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: body(200, `{"status": "UP"}`)}, upstream.CircuitConfig{}, upstream.Config{})
		for i := range 5 {
			if got := p.circuit.State(); got != upstream.Closed {
				t.Errorf("the circuit is %s after %d answers, want %s", got, i, upstream.Closed)
			}
			if err := p.api.Call(t.Context(), read, new(person)); err == nil {
				t.Error("got no error for an answer without what was asked for")
			}
		}
		p.want(t, upstream.Open, true)
	})
}

func TestNewCircuitRefusesNonsense(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "neighbour.example.org"}
	for name, c := range map[string]upstream.CircuitConfig{
		"Name":        {Base: base, Version: "1"},
		"Base":        {Name: "n", Version: "1"},
		"Version":     {Name: "n", Base: base},
		"Timeout":     {Name: "n", Base: base, Version: "1", Timeout: -1},
		"Concurrency": {Name: "n", Base: base, Version: "1", Concurrency: -1},
		"Rate":        {Name: "n", Base: base, Version: "1", Rate: 10_001},
		"Enough":      {Name: "n", Base: base, Version: "1", Enough: -1},
	} {
		if _, err := upstream.NewCircuit(c); err == nil || !strings.Contains(err.Error(), "CircuitConfig."+name) {
			t.Errorf("got error %v, want one that names %s", err, name)
		}
	}
}
