package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/upstream"
)

// busy is a neighbour that takes its time and answers 429 to what is more than
// it can do at once.
type busy struct {
	takes func() time.Duration
	can   int // 0: any number

	mu                sync.Mutex
	underWay, most    int
	answered, refused int
}

func (b *busy) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	if b.can > 0 && b.underWay >= b.can {
		b.refused++
		b.mu.Unlock()
		return slow(5*time.Millisecond, status(http.StatusTooManyRequests))(r)
	}
	b.underWay++
	b.most = max(b.most, b.underWay)
	takes := b.takes()
	b.mu.Unlock()
	response, err := slow(takes, up)(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underWay--
	if err == nil {
		b.answered++
	}
	return response, err
}

// count is how many calls were answered and refused so far, and the most that
// there were at once.
func (b *busy) count() (answered, refused, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answered, b.refused, b.most
}

func constant(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// longTailed has half the calls take longer than the median, and one in a
// thousand more than twenty times as long.
func longTailed(median time.Duration) func() time.Duration {
	random := rand.New(rand.NewPCG(1, 2))
	return func() time.Duration { return time.Duration(float64(median) * math.Exp(random.NormFloat64())) }
}

// succeed makes a call that must succeed unless it is stopped.
func succeed(ctx context.Context, t *testing.T, p *protected) {
	t.Helper()
	if err := p.write(ctx); err != nil && ctx.Err() == nil {
		t.Errorf("got error %v", err)
		time.Sleep(time.Second) // or a call that fails at once would spin
	}
}

func TestAHealthyUpstreamIsNotHeldBack(t *testing.T) {
	for name, takes := range map[string]func() func() time.Duration{
		"constant":    func() func() time.Duration { return constant(50 * time.Millisecond) },
		"long-tailed": func() func() time.Duration { return longTailed(50 * time.Millisecond) },
	} {
		for _, n := range []int{8, 64, 256} {
			t.Run(fmt.Sprint(name, ", ", n, " callers"), func(t *testing.T) {
				throughput := func(protected bool) (answered int) {
					synctest.Test(t, func(t *testing.T) {
						s := &busy{takes: takes()}
						api := &service{ping: up, call: s.RoundTrip}
						p := protect(t, api, upstream.CircuitConfig{Concurrency: n}, upstream.Config{})
						if !protected {
							p.api.HTTP = newClient(t, upstream.Config{Base: api})
						}
						// After a quiet time: what was learnt in it must not count.
						callers(t, 1, func(ctx context.Context) {
							_ = p.write(ctx)
							time.Sleep(10 * time.Second)
						})()
						stop := callers(t, n, func(ctx context.Context) { succeed(ctx, t, p) })
						time.Sleep(2 * time.Second)
						var most int
						answered, _, most = s.count()
						stop()
						if most > n {
							t.Errorf("%d at once, want %d at most", most, n)
						}
					})
					return answered
				}
				free, got := throughput(false), throughput(true)
				if share := float64(got) / float64(free); share < 0.95 {
					t.Errorf("%d calls got through and %d without limits: %.3f, want 0.95 at least", got, free, share)
				}
			})
		}
	}
}

// The limit finds what the neighbour can do, a quarter of the callers here.
func TestAnOverloadedUpstreamIsCalledLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &busy{takes: constant(50 * time.Millisecond), can: 16}
		p := protect(t, &service{ping: up, call: s.RoundTrip}, upstream.CircuitConfig{Concurrency: 64}, upstream.Config{})
		go p.circuit.Run(t.Context())
		stop := callers(t, 64, func(ctx context.Context) {
			if p.write(ctx) != nil {
				time.Sleep(100 * time.Millisecond)
			}
		})
		time.Sleep(30 * time.Second) // to find it
		answered, refused, _ := s.count()
		time.Sleep(time.Minute)
		answeredThen, refusedThen, _ := s.count()
		stop()
		answered, refused = answeredThen-answered, refusedThen-refused
		const can = 16 * 20 * 60
		if share := float64(answered) / can; share < 0.6 {
			t.Errorf("answered %d of the %d calls that it could: %.2f, want 0.6 at least", answered, can, share)
		}
		if share := float64(refused) / float64(answered+refused); share > 0.02 {
			t.Errorf("refused %d of %d: %.3f, want 0.02 at most", refused, answered+refused, share)
		}
		p.want(t, upstream.Closed, false)
	})
}

func TestTheLimitGrowsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &busy{takes: constant(50 * time.Millisecond)}
		api := &service{call: status(http.StatusTooManyRequests)}
		p := protect(t, api, upstream.CircuitConfig{Concurrency: 64}, upstream.Config{})
		for range 4 { // too few to open the circuit
			_ = p.write(t.Context())
			time.Sleep(3 * time.Second)
		}
		time.Sleep(10 * time.Second)
		p.now(up, s.RoundTrip)
		stop := callers(t, 64, func(ctx context.Context) { succeed(ctx, t, p) })
		time.Sleep(100 * time.Millisecond)
		if _, _, most := s.count(); most > 6 {
			t.Errorf("%d at once after four signs of overload, want 6 at most of 64", most)
		}
		time.Sleep(5 * time.Second)
		stop()
		if _, _, most := s.count(); most != 64 {
			t.Errorf("%d at once in the end, want 64 again", most)
		}
	})
}

// Calls that went out together say the same thing once.
func TestWhatIsASignOfOverload(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   int // at once, of 64
	}{
		"429":                 {status(429), 32},
		"503":                 {status(503), 32},
		"503 for a second":    {status(503, "Retry-After", "1"), 32},
		"silence":             {silent, 32},
		"500":                 {status(500), 64},
		"502":                 {status(502), 64},
		"504":                 {status(504), 64},
		"a reset":             {broken(syscall.ECONNRESET), 64},
		"an answer cut short": {cut, 64},
		"404":                 {status(404), 64},
		"200":                 {up, 64},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{call: up}, upstream.CircuitConfig{Concurrency: 64}, upstream.Config{})
				go p.circuit.Run(t.Context())
				if err := p.api.Call(t.Context(), read, nil); err != nil {
					t.Fatalf("got error %v", err)
				}
				time.Sleep(11 * time.Second)
				p.now(up, func(r *http.Request) (*http.Response, error) {
					time.Sleep(time.Millisecond) // all are under way
					return c.answer(r)
				})
				var calls sync.WaitGroup
				for range 4 { // too few to open the circuit
					calls.Go(func() { _ = p.write(t.Context()) })
				}
				calls.Wait()
				p.now(up, up)
				time.Sleep(10 * time.Second)
				s := &busy{takes: constant(time.Minute)}
				p.now(up, s.RoundTrip)
				ctx, stop := context.WithCancel(t.Context())
				for range 64 {
					calls.Go(func() { _ = p.write(ctx) })
				}
				synctest.Wait()
				if _, _, most := s.count(); most != c.want {
					t.Errorf("%d at once, want %d", most, c.want)
				}
				stop()
				calls.Wait()
			})
		})
	}
}

func TestTurnsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: slow(time.Second, up)}, upstream.CircuitConfig{Concurrency: 2}, upstream.Config{Timeout: time.Minute})
		var (
			mu    sync.Mutex
			order []int
			calls sync.WaitGroup
		)
		for i := range 10 {
			calls.Go(func() {
				if err := p.write(t.Context()); err != nil {
					t.Errorf("got error %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i/2) // pairs go together
			})
			synctest.Wait()
		}
		calls.Wait()
		if got, want := fmt.Sprint(order), "[0 0 1 1 2 2 3 3 4 4]"; got != want {
			t.Errorf("got the turns in order %s, want %s", got, want)
		}
	})
}

// A call that waited has all its time left.
func TestAWaitDoesNotUseUpTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: slow(7*time.Second, up)}, upstream.CircuitConfig{Concurrency: 1}, upstream.Config{})
		var calls sync.WaitGroup
		began := time.Now()
		for range 2 {
			calls.Go(func() {
				if err := p.write(t.Context()); err != nil {
					t.Errorf("got error %v after %v", err, time.Since(began))
				}
			})
		}
		calls.Wait()
		if took := time.Since(began); took != 14*time.Second {
			t.Errorf("took %v, want 14s, one after the other", took)
		}
	})
}

func TestAWaitEnds(t *testing.T) {
	for name, c := range map[string]struct {
		caller time.Duration // its own deadline
		took   time.Duration
		end    error
	}{
		"after as long as a request may take": {time.Hour, upstream.DefaultTimeout, ptpu.ErrUnavailable},
		"with its caller":                     {time.Second, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := protect(t, &service{call: silent}, upstream.CircuitConfig{Concurrency: 1}, upstream.Config{Timeout: time.Hour})
				occupied, free := context.WithCancel(t.Context())
				var calls sync.WaitGroup
				calls.Go(func() { _ = p.write(occupied) })
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), c.caller)
				defer cancel()
				began := time.Now()
				err := p.write(ctx)
				if took := time.Since(began); took != c.took || !errors.Is(err, c.end) || ptpu.ClassOf(err) != ptpu.Transient {
					t.Errorf("got error %v after %v, want a transient %v after %v", err, took, c.end, c.took)
				}
				var held *upstream.HeldError
				if got, want := errors.As(err, &held), c.end == ptpu.ErrUnavailable; got != want { //nolint:errorlint // it stands in the table
					t.Errorf("error %v says that the neighbour was held = %v, want %v", err, got, want)
				}
				free()
				calls.Wait()
				// Who left takes nobody's turn.
				p.now(up, up)
				if err := p.write(t.Context()); err != nil {
					t.Errorf("got error %v", err)
				}
				p.want(t, upstream.Closed, false)
			})
		})
	}
}

func TestTheRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: up}, upstream.CircuitConfig{Concurrency: 100, Rate: 20}, upstream.Config{})
		time.Sleep(time.Hour) // saves nothing up
		stop := callers(t, 100, func(ctx context.Context) { succeed(ctx, t, p) })
		time.Sleep(10 * time.Second)
		stop()
		called := p.called()
		if got := len(called); got < 199 || got > 201 {
			t.Errorf("made %d calls in 10 seconds, want 200", got)
		}
		for i, at := range called[:len(called)-20] {
			if within := called[i+20].Sub(at); within < 950*time.Millisecond {
				t.Errorf("made calls %d to %d within %v, want no more than 20 a second", i, i+20, within)
			}
		}
	})
}

func TestNoRateIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: up}, upstream.CircuitConfig{}, upstream.Config{})
		began := time.Now()
		for range 1000 {
			if err := p.write(t.Context()); err != nil {
				t.Fatalf("got error %v", err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v for 1000 calls that take no time", took)
		}
	})
}

// What waits for its turn by the rate is not sent to a neighbour that has
// failed meanwhile.
func TestWhoWaitsForTheRateIsSentAwayWhenTheCircuitOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := protect(t, &service{call: slow(time.Second/2, status(403))}, upstream.CircuitConfig{Concurrency: 10, Rate: 1}, upstream.Config{})
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if p.write(t.Context()) == nil {
					t.Error("a call succeeded")
				}
			})
		}
		calls.Wait()
		if got := len(p.called()); got != 1 {
			t.Errorf("sent %d requests, want 1", got)
		}
	})
}
