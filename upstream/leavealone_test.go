package upstream_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/upstream"
)

func TestRetryAfterHoldsTheCircuit(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		held  time.Duration // 0: an ordinary failure
	}{
		"seconds":                     {"30", 30 * time.Second},
		"a date":                      {"Sat, 01 Jan 2000 00:10:00 GMT", 10 * time.Minute},
		"a year":                      {"31536000", time.Hour},
		"a date in another century":   {"Mon, 01 Jan 2300 00:00:00 GMT", time.Hour},
		"more than a number can hold": {"99999999999999999999999", time.Hour},
		"none":                        {"0", 0},
		"negative":                    {"-30", 0},
		"a date gone by":              {"Fri, 31 Dec 1999 23:00:00 GMT", 0},
		"a word":                      {"soon", 0},
		"nothing":                     {"", 0},
	} {
		for _, code := range []int{429, 503} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := protect(t, &service{ping: up, call: status(code, "Retry-After", c.value)}, upstream.CircuitConfig{}, upstream.Config{})
					go p.circuit.Run(t.Context())
					began := time.Now()
					if err := p.write(t.Context()); err == nil {
						t.Error("got no error")
					}
					if c.held == 0 {
						p.want(t, upstream.Closed, false)
						return
					}
					p.want(t, upstream.Open, true)
					if told := p.told(); len(told) != 1 || !strings.Contains(told[0].why.Error(), "left alone for "+c.held.String()) {
						t.Errorf("told %v, want that it is to be left alone for %v", told, c.held)
					}
					err := p.write(t.Context())
					var held *upstream.HeldError
					if !errors.As(err, &held) || ptpu.ClassOf(err) != ptpu.Transient {
						t.Errorf("got error %v, want a transient one that says that it is held", err)
					}
					time.Sleep(c.held + time.Second/2)
					if diff := cmp.Diff([]time.Duration{c.held}, since(began, p.pinged())); diff != "" {
						t.Errorf("pings: want - got +\n%s", diff)
					}
					if got := len(p.called()); got != 1 {
						t.Errorf("made %d calls while it was to be left alone, want only the first", got)
					}
					p.now(up, up)
					for range 3 {
						if err := p.write(t.Context()); err != nil {
							t.Errorf("got error %v", err)
						}
					}
					p.want(t, upstream.Closed, false)
				})
			})
		}
	}
}

// It says that it is well, only busy.
func TestRetryAfterIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{ping: up}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		for range 10 {
			p.now(up, status(503, "Retry-After", "10"))
			_ = p.write(t.Context())
			p.want(t, upstream.Open, true)
			p.now(up, up)
			time.Sleep(10*time.Second + 1)
			for range 3 {
				if err := p.write(t.Context()); err != nil {
					t.Fatalf("got error %v", err)
				}
			}
		}
		p.breakDown(t, up, down)
		before := len(p.pinged())
		opened := time.Now()
		time.Sleep(1500 * time.Millisecond)
		if diff := cmp.Diff([]time.Duration{time.Second}, since(opened, p.pinged()[before:])); diff != "" {
			t.Errorf("pings after an outage: want - got +\n%s", diff)
		}
	})
}

// An outage of long ago does not lengthen one that follows a pause.
func TestAPauseLetsAnOldOutageBeForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
		p.breakDown(t, up, down)
		time.Sleep(10 * time.Minute)
		p.now(up, up)
		time.Sleep(time.Hour)
		p.now(up, status(503, "Retry-After", "5"))
		_ = p.write(t.Context())
		p.now(up, up)
		time.Sleep(6 * time.Second)
		p.want(t, upstream.Closed, false)
		p.breakDown(t, up, down)
		p.now(up, up)
		time.Sleep(1500 * time.Millisecond)
		p.want(t, upstream.Closed, false)
	})
}

// A moment is waited for: sent away, each booking in hand would lose a minute.
func TestAMomentOfRetryAfterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{Concurrency: 10}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.now(up, up)
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
		p.now(up, status(429, "Retry-After", "2"))
		_ = p.write(t.Context())
		p.now(up, up)
		began, before := time.Now(), len(p.called())
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if err := p.write(t.Context()); err != nil {
					t.Errorf("got error %v, want to wait", err)
				}
			})
		}
		p.want(t, upstream.Open, true)
		calls.Wait()
		for _, at := range since(began, p.called()[before:]) {
			if at != 2*time.Second {
				t.Errorf("called after %v, want 2s", at)
			}
		}
	})
}

// Then it is an outage after all.
func TestNobodyWaitsForAMomentThatBringsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.now(down, status(503, "Retry-After", "1"))
		_ = p.write(t.Context())
		began := time.Now()
		var held *upstream.HeldError
		if err := p.write(t.Context()); !errors.As(err, &held) || time.Since(began) != time.Second {
			t.Errorf("got error %v after %v, want to be sent away after 1s", err, time.Since(began))
		}
		if err := p.write(t.Context()); !errors.As(err, &held) || time.Since(began) != time.Second {
			t.Errorf("got error %v after %v, want to be sent away at once", err, time.Since(began))
		}
	})
}

// The repeat of a call waits as long as it is asked to, and then goes through.
func TestACallThatIsToWaitAMomentIsRepeatedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{ping: up, call: status(503, "Retry-After", "2")}
		p := protect(t, s, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		time.AfterFunc(time.Second, func() { p.now(up, up) })
		if err := p.api.Call(t.Context(), read, nil); err != nil {
			t.Errorf("got error %v, want the answer of the second try", err)
		}
	})
}

func TestAPingThatAsksToBeLeftAloneIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
		go p.circuit.Run(t.Context())
		p.breakDown(t, status(503, "Retry-After", "60"), down)
		opened := time.Now()
		time.Sleep(2 * time.Minute)
		want := []time.Duration{time.Second, time.Minute + time.Second}
		if diff := cmp.Diff(want, since(opened, p.pinged())); diff != "" {
			t.Errorf("pings: want - got +\n%s", diff)
		}
	})
}

// A late answer may ask for more time than the outage would have taken, even
// while the ping is under way that would have ended it.
func TestALateRetryAfterIsHeededToo(t *testing.T) {
	for name, c := range map[string]struct {
		late  time.Duration
		pings []time.Duration // after the opening
	}{
		"before the ping":    {500 * time.Millisecond, []time.Duration{60500 * time.Millisecond}},
		"while it is pinged": {1500 * time.Millisecond, []time.Duration{time.Second, 61500 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{})
				go p.circuit.Run(t.Context())
				p.now(up, slow(c.late, status(503, "Retry-After", "60")))
				var late sync.WaitGroup
				late.Go(func() { _ = p.write(t.Context()) })
				synctest.Wait()
				p.breakDown(t, slow(time.Second, up), down)
				opened := time.Now()
				late.Wait()
				time.Sleep(61 * time.Second)
				if diff := cmp.Diff(c.pings, since(opened, p.pinged())); diff != "" {
					t.Errorf("pings: want - got +\n%s", diff)
				}
			})
		})
	}
}
