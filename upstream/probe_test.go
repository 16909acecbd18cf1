package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/upstream"
)

// since is how long after from each instant was.
func since(from time.Time, all []time.Time) []time.Duration {
	var after []time.Duration
	for _, at := range all {
		after = append(after, at.Sub(from))
	}
	return after
}

func TestAnOpenCircuitPingsOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(p.pinged()); got != 0 {
			t.Errorf("pinged a healthy neighbour %d times, want never", got)
		}
		p.breakDown(t, down, down)
		opened := time.Now()
		time.Sleep(time.Hour + time.Second/2)
		pings := since(opened, p.pinged())
		if len(pings) != 3600 {
			t.Fatalf("pinged %d times in an hour, want 3600", len(pings))
		}
		for i, at := range pings {
			if want := time.Duration(i+1) * time.Second; at != want {
				t.Fatalf("ping %d came after %v, want %v", i, at, want)
			}
		}
		if got := len(p.called()); got != 5 {
			t.Errorf("made %d calls in the outage, want the 5 that opened the circuit", got)
		}
		p.want(t, upstream.Open, true)
	})
}

func TestAPingIsKnownAndSendsNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{grant("token-1", 60)}}})
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		go p.circuit.Run(t.Context())
		p.breakDown(t, down, status(403))
		time.Sleep(time.Second + 1)
		asked := p.asked()
		ping := asked[len(asked)-1]
		if ping.Method != http.MethodGet || ping.URL.String() != "https://neighbour.example.org/base/health/ping" {
			t.Errorf("pinged by %s %s", ping.Method, ping.URL)
		}
		if got := ping.Header.Get("Authorization"); got != "" {
			t.Errorf("sent Authorization %q, want none", got)
		}
		if ping.Header.Get("User-Agent") != "ptpu/1.2.3" || ping.Header.Get("traceparent") == "" {
			t.Errorf("got header %v, want User-Agent and traceparent", ping.Header)
		}
	})
}

// The next one starts when the one before was given up.
func TestPingsThatAreNotAnsweredDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.breakDown(t, silent, down)
		opened := time.Now()
		time.Sleep(6 * time.Second)
		want := []time.Duration{time.Second, 3 * time.Second, 5 * time.Second}
		if diff := cmp.Diff(want, since(opened, p.pinged())); diff != "" {
			t.Errorf("pings after the opening: want - got +\n%s", diff)
		}
	})
}

func TestOnlyAnAnswered2xxIsAPing(t *testing.T) {
	for name, c := range map[string]struct {
		ping answer
		ok   bool
	}{
		"200":              {up, true},
		"204":              {status(204), true},
		"a word":           {body(200, "pong"), true},
		"302":              {status(302, "Location", "https://elsewhere.example.org"), false},
		"401":              {status(401), false},
		"503":              {status(503), false},
		"a reset":          {broken(errors.New("reset")), false},
		"a body that ends": {cut, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
				go p.circuit.Run(t.Context())
				p.breakDown(t, c.ping, down)
				time.Sleep(2*time.Second + time.Second/2)
				want, pings := upstream.Open, 2
				if c.ok {
					want, pings = upstream.HalfOpen, 1
				}
				if got := p.circuit.State(); got != want || len(p.pinged()) != pings {
					t.Errorf("the circuit is %s after %d pings, want %s after %d", got, len(p.pinged()), want, pings)
				}
			})
		})
	}
}

// cut is an answer that breaks within its body.
func cut(r *http.Request) (*http.Response, error) {
	response, err := up(r)
	response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"status`), brokenBody{}))
	return response, err
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Where no read is known that worked, calls have to find out, and work may begin.
func TestAHalfOpenCircuitLetsAFewThroughAndTheOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{Concurrency: 20}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.breakDown(t, up, down)
		p.now(up, slow(time.Second, up))
		before := len(p.called())
		time.Sleep(1500 * time.Millisecond)
		p.want(t, upstream.HalfOpen, false)

		var calls sync.WaitGroup
		began := time.Now()
		for range 20 {
			calls.Go(func() {
				if err := p.write(t.Context()); err != nil {
					t.Errorf("got error %v, want to wait", err)
				}
			})
		}
		synctest.Wait()
		if got := len(p.called()) - before; got != 3 {
			t.Errorf("let %d calls through, want 3", got)
		}
		p.want(t, upstream.HalfOpen, true) // nobody else should begin
		calls.Wait()
		p.want(t, upstream.Closed, false)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v, want 2s: the others go together once the circuit has closed", took)
		}
		var states []upstream.State
		for _, change := range p.told() {
			states = append(states, change.state)
			if (change.why != nil) != (change.state == upstream.Open) {
				t.Errorf("told of %s for %v, want a reason when it opens", change.state, change.why)
			}
		}
		if diff := cmp.Diff([]upstream.State{upstream.Open, upstream.HalfOpen, upstream.Closed}, states); diff != "" {
			t.Errorf("told of: want - got +\n%s", diff)
		}
	})
}

func TestWhoLeavesAHalfOpenCircuitFreesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.breakDown(t, up, down)
		p.now(up, silent)
		time.Sleep(1500 * time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { _ = p.write(ctx) })
		}
		synctest.Wait()
		cancel()
		calls.Wait()
		p.want(t, upstream.HalfOpen, false)
		p.now(up, up)
		if err := p.write(t.Context()); err != nil {
			t.Errorf("got error %v", err)
		}
	})
}

// What was sent before the outage was noticed says nothing about its end.
func TestLateAnswersDecideNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{Concurrency: 50}, upstream.Config{})
		go p.circuit.Run(t.Context())
		var late sync.WaitGroup
		for i := range 10 {
			p.now(up, slow(3*time.Second, []answer{up, down}[i%2]))
			late.Go(func() { _ = p.write(t.Context()) })
			synctest.Wait()
		}
		p.breakDown(t, up, down)
		time.Sleep(2 * time.Second)
		p.want(t, upstream.HalfOpen, false)
		late.Wait()
		p.want(t, upstream.HalfOpen, false)
	})
}

// A service whose ping is well and whose calls fail is not hammered, nor is one
// that refuses our credentials.
func TestAFailureOpensAHalfOpenCircuitForTwiceAsLong(t *testing.T) {
	for name, outage := range map[string]answer{"an outage": down, "a denial": status(403)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{})
				go p.circuit.Run(t.Context())
				if err := p.api.Call(t.Context(), read, nil); err != nil {
					t.Fatalf("got error %v", err)
				}
				p.breakDown(t, up, outage)
				opened := time.Now()
				time.Sleep(time.Hour)
				var want []time.Duration
				at := time.Duration(0)
				for open := time.Second; at+open < time.Hour; open = min(2*open, time.Minute) {
					at += open
					want = append(want, at)
				}
				if diff := cmp.Diff(want, since(opened, p.pinged())); diff != "" {
					t.Errorf("pings: want - got +\n%s", diff)
				}
				p.want(t, upstream.Open, true)

				p.now(up, up)
				time.Sleep(time.Minute)
				p.want(t, upstream.Closed, false)
				p.breakDown(t, up, outage)
				opened, before := time.Now(), len(p.pinged())
				time.Sleep(90 * time.Second)
				if diff := cmp.Diff([]time.Duration{time.Minute}, since(opened, p.pinged()[before:])); diff != "" {
					t.Errorf("soon after it closed, pings: want - got +\n%s", diff)
				}

				p.now(up, up)
				time.Sleep(3 * time.Minute)
				p.want(t, upstream.Closed, false)
				p.breakDown(t, up, outage)
				opened, before = time.Now(), len(p.pinged())
				time.Sleep(1500 * time.Millisecond)
				if diff := cmp.Diff([]time.Duration{time.Second}, since(opened, p.pinged()[before:])); diff != "" {
					t.Errorf("long after it closed, pings: want - got +\n%s", diff)
				}
			})
		})
	}
}

// Neither a notice nor an attempt is spent on finding out that an outage has
// ended, where a read is known that worked.
func TestACircuitClosesByItselfWhenWhatWorkedWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{grant("token-1", 3600)}}})
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{
			Tokens: tokens, Safe: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/match") },
		})
		go p.circuit.Run(t.Context())
		p.now(up, up)
		search := upstream.Request{Method: http.MethodPost, Route: "/match", Body: map[string]string{"surname": "Canaria"}}
		for _, request := range []upstream.Request{read, write, search} {
			if err := p.api.Call(t.Context(), request, nil); err != nil {
				t.Fatalf("got error %v", err)
			}
		}
		made := p.asked()
		p.breakDown(t, up, down)
		before := len(p.asked())
		p.now(up, slow(time.Second, up))
		time.Sleep(1500 * time.Millisecond)
		p.want(t, upstream.HalfOpen, true)
		time.Sleep(3 * time.Second)
		p.want(t, upstream.Closed, false)

		trials := p.asked()[before+1:]
		if len(trials) != 3 {
			t.Fatalf("made %d trials, want 3", len(trials))
		}
		for _, trial := range trials {
			if trial.Method == http.MethodPut {
				t.Error("a write was made again")
			}
			if trial.Header.Get("Authorization") != "Bearer token-1" || trial.Header.Get("User-Agent") != "ptpu/1.2.3" {
				t.Errorf("got header %v, want that of any call", trial.Header)
			}
			for _, earlier := range made {
				if trial.Header.Get("traceparent") == earlier.Header.Get("traceparent") {
					t.Error("a trial goes by the name of an earlier call")
				}
			}
			if trial.Method != http.MethodPost {
				continue
			}
			sent, err := trial.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(sent); string(got) != `{"surname":"Canaria"}` || err != nil {
				t.Errorf("searched again by %q, want the same body", got)
			}
		}
	})
}

// A record that the upstream cannot deal with does not keep the circuit open.
func TestTrialsTakeTurns(t *testing.T) {
	routes := []string{"/a", "/b", "/c", "/d", "/e", "/f"}
	for _, poison := range routes {
		synctest.Test(t, func(t *testing.T) {
			p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{})
			go p.circuit.Run(t.Context())
			for _, route := range routes {
				if err := p.api.Call(t.Context(), upstream.Request{Method: http.MethodGet, Route: route}, nil); err != nil {
					t.Fatalf("got error %v", err)
				}
			}
			p.breakDown(t, up, down)
			p.now(up, poisoned(poison))
			time.Sleep(10 * time.Second)
			p.want(t, upstream.Closed, false)
		})
	}
}

// poisoned is a neighbour that works but for one route.
func poisoned(route string) answer {
	return func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, route) {
			return down(r)
		}
		return up(r)
	}
}

// Nor does one that failed before the circuit opened.
func TestWhatFailedIsNotTriedWhereSomethingWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
		p.now(up, poisoned("/poison"))
		for p.circuit.State() == upstream.Closed {
			if err := p.api.Call(t.Context(), upstream.Request{Method: http.MethodGet, Route: "/poison"}, nil); err == nil {
				t.Fatal("got no error")
			}
		}
		time.Sleep(1500 * time.Millisecond)
		p.want(t, upstream.Closed, false)
	})
}

// Calls that have begun to find out go on to.
func TestACallOfAHalfOpenCircuitIsNoSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.breakDown(t, up, down)
		p.now(up, up)
		time.Sleep(1500 * time.Millisecond)
		for range 2 {
			if err := p.api.Call(t.Context(), read, nil); err != nil {
				t.Errorf("got error %v", err)
			}
			synctest.Wait()
			p.want(t, upstream.HalfOpen, false)
		}
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Errorf("got error %v", err)
		}
		p.want(t, upstream.Closed, false)
	})
}

// In a pod that starts in an outage nothing has worked yet.
func TestWhereNothingEverWorkedTheLastReadsAreTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: status(403)}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		if err := p.api.Call(t.Context(), read, nil); err == nil {
			t.Fatal("got no error")
		}
		p.now(up, status(403))
		for range 600 {
			time.Sleep(time.Second)
			if !p.circuit.Holding() {
				t.Fatalf("not holding, though the circuit is %s and can find out by itself", p.circuit.State())
			}
		}
		p.now(up, up)
		time.Sleep(time.Minute)
		p.want(t, upstream.Closed, false)
	})
}

// Without a token a trial says nothing; it is made again until it does.
func TestATrialWithoutATokenSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 10), status(400), status(400), grant("token-2", 3600)}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
		go p.circuit.Run(t.Context())
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
		p.breakDown(t, down, down)
		time.Sleep(10 * time.Second) // the token has ended
		p.now(up, up)
		time.Sleep(1500 * time.Millisecond)
		p.want(t, upstream.HalfOpen, true)
		time.Sleep(3 * time.Second)
		p.want(t, upstream.Closed, false)
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, state := range map[string]func(p *protected){
			"closed":  func(*protected) {},
			"open":    func(p *protected) { p.breakDown(t, down, down) },
			"pinging": func(p *protected) { p.breakDown(t, silent, down); time.Sleep(1500 * time.Millisecond) },
			"trying": func(p *protected) {
				p.now(up, up)
				_ = p.api.Call(t.Context(), read, nil)
				p.breakDown(t, up, down)
				p.now(up, silent)
				time.Sleep(1500 * time.Millisecond)
			},
		} {
			p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				p.circuit.Run(ctx)
				close(ended)
			}()
			state(p)
			synctest.Wait()
			cancel()
			synctest.Wait()
			select {
			case <-ended:
			default:
				t.Errorf("%s: still running", name)
			}
		}
	})
}

// What hmpps-auth was not asked for it has not refused.
func TestAHeldTokenRequestIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &service{ping: up, call: status(403)}
		circuit, err := upstream.NewCircuit(upstream.CircuitConfig{
			Name: "hmpps-auth", Version: "1.2.3", Enough: 1, Transport: authority,
			Base: &url.URL{Scheme: "https", Host: "auth.example.org", Path: "/auth"},
		})
		if err != nil {
			t.Fatal(err)
		}
		go circuit.Run(t.Context())
		tokens := newTokens(t, upstream.TokenConfig{Base: authority, Circuit: circuit})
		for _, rest := range []time.Duration{2500 * time.Millisecond, 600 * time.Millisecond} {
			if _, err := tokens.Token(t.Context()); err == nil {
				t.Error("got a token")
			}
			if rest < time.Second { // half a second before the circuit is tried again
				authority.now(up, grant("token-1", 3600))
			}
			time.Sleep(rest)
		}
		wantToken(t, tokens, "token-1")
	})
}

// idle notes that its connections were closed.
type idle struct {
	*service
	closed bool
}

func (i *idle) CloseIdleConnections() { i.closed = true }

func TestRunClosesTheConnectionOfPings(t *testing.T) {
	transport := &idle{service: &service{}}
	circuit, err := upstream.NewCircuit(upstream.CircuitConfig{
		Name: "neighbour", Version: "1.2.3", Base: &url.URL{Scheme: "https", Host: "neighbour.example.org"}, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	circuit.Run(ctx)
	if !transport.closed {
		t.Error("its connection is still open")
	}
}

// reasons are told by several goroutines.
type reasons struct {
	mu   sync.Mutex
	list []error
}

func (r *reasons) add(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, why)
}

func (r *reasons) all() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// One request for a token stands for all calls, so that one failure is enough,
// and one success.
func TestACircuitForTokens(t *testing.T) {
	for name, c := range map[string]struct {
		outage answer
		kind   error
		tries  int // 0: a trial may have been one of them
	}{
		"an outage":       {down, ptpu.ErrUnavailable, 2},
		"silence":         {silent, ptpu.ErrUnavailable, 0},
		"no token":        {body(200, `{"status": "UP"}`), ptpu.ErrUnavailable, 1},
		"bad credentials": {body(401, `{"error": "invalid_client"}`), ptpu.ErrDenied, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority := &service{ping: up, call: c.outage}
				var opened reasons
				circuit, err := upstream.NewCircuit(upstream.CircuitConfig{
					Name: "hmpps-auth", Version: "1.2.3", Concurrency: 1, Enough: 1, Transport: authority,
					Base: &url.URL{Scheme: "https", Host: "auth.example.org", Path: "/auth"},
					Changed: func(_ string, state upstream.State, why error) {
						if state == upstream.Open {
							opened.add(why)
						}
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				go circuit.Run(t.Context())
				tokens := newTokens(t, upstream.TokenConfig{Base: authority, Circuit: circuit})
				if _, err := tokens.Token(t.Context()); !errors.Is(err, c.kind) {
					t.Errorf("got error %v, want %v", err, c.kind)
				}
				if got := len(authority.called()); c.tries > 0 && got != c.tries {
					t.Errorf("asked for a token %d times, want %d", got, c.tries)
				}
				if got := opened.all(); len(got) != 1 || !errors.Is(got[0], c.kind) {
					t.Errorf("opened for %v, want once for %v", got, c.kind)
				}
				time.Sleep(1500 * time.Millisecond)
				_, err = tokens.Token(t.Context())
				if got := ptpu.ClassOf(err); got != ptpu.Transient || !strings.Contains(err.Error(), "hmpps-auth is held") {
					t.Errorf("got class %s of %v, want %s that says what is held", got, err, ptpu.Transient)
				}
				// At start-up these end the process.
				if got, want := errors.Is(err, ptpu.ErrDenied), errors.Is(c.kind, ptpu.ErrDenied); got != want {
					t.Errorf("error %v is a denial = %v, want %v", err, got, want)
				}
				authority.now(up, grant("token-1", 3600))
				time.Sleep(time.Minute)
				if got := circuit.State(); got != upstream.Closed {
					t.Errorf("the circuit is %s, want %s", got, upstream.Closed)
				}
				wantToken(t, tokens, "token-1")
			})
		})
	}
}
