package upstream

import (
	"cmp"
	"container/list"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
)

// State is what a circuit lets through.
type State string

// The states.
const (
	Closed   State = "closed"    // everything, within the limits
	HalfOpen State = "half-open" // a few requests, to see whether it works again
	Open     State = "open"      // nothing
)

// When a circuit opens and closes.
const (
	// A circuit opens when failedShare of the requests that ended within
	// longWindow failed, and they were enoughCalls at least, or as many within
	// shortWindow: where much was under way, failures that take their time
	// would be lost for ten seconds among the successes of before.
	longWindow  = 10 * time.Second
	shortWindow = 4 * time.Second
	failedShare = 0.5
	enoughCalls = 5
	// trialCalls in a row have to succeed before it closes, and so many may be
	// under way meanwhile.
	trialCalls = 3
	// A circuit stays open for shortestOpen at least, and twice as long each
	// time it opens again before it was closed for calmAfter: an upstream whose
	// ping is well and whose calls fail is not hammered.
	shortestOpen = time.Second
	longestOpen  = time.Minute
	calmAfter    = time.Minute
)

// maxRate is the highest rate that a circuit keeps to; above it the gaps are too
// short to be timed.
const maxRate = 10_000

// CircuitConfig says what one circuit protects.
type CircuitConfig struct {
	// Name is the upstream's, for errors and for Changed. Required.
	Name string
	// Base is the address below which /health/ping lies (ParseBase). Required.
	Base *url.URL
	// Version is ptpu's own, for User-Agent. Required.
	Version string
	// Timeout is how long a call may wait for its turn; give it Config's.
	// DefaultTimeout when zero.
	Timeout time.Duration
	// Concurrency is how many requests are under way at once at most; 8 when
	// zero. The limit falls below it while the upstream shows overload.
	Concurrency int
	// Rate is how many requests are begun in a second at most, evenly spread;
	// no limit when zero.
	Rate int
	// Enough is how many requests within ten seconds are enough to judge by; 5
	// when zero. Where one request serves everyone, as at hmpps-auth, 1: then
	// one success closes the circuit too.
	Enough int
	// Changed, when set, is told of each new state, in order. why says why the
	// circuit opened, and is nil otherwise; it wraps ptpu.ErrDenied when a
	// person has to see to our credentials. Changed must return at once and not
	// use the circuit.
	Changed func(name string, state State, why error)
	// Transport carries the pings in place of a connection of the circuit's
	// own. For tests.
	Transport http.RoundTripper
}

// Circuit stands between ptpu and one upstream, and protects each from the
// other's troubles. While the upstream fails, calls end at once; Run finds out
// when it is well again. At all times calls keep to a number at once, which
// adapts, and to a rate. It takes effect as Config.Circuit or
// TokenConfig.Circuit, and may serve several clients of one upstream. It is safe
// for concurrent use.
type Circuit struct {
	name    string
	timeout time.Duration
	pace    ratelimiter.RateLimiter[any] // nil: no rate
	changed func(name string, state State, why error)
	enough  int
	trials  int
	pingURL string
	pinging identify
	wake    chan struct{} // tells Run of news

	mu sync.Mutex
	// breaker counts and keeps the state. Whether a request may go, and when
	// an open circuit is tried again, is decided here: no policy of the library
	// lets calls wait, heeds Retry-After or asks for a ping first.
	breaker circuitbreaker.CircuitBreaker[any]
	// recent opens the breaker by what the short window shows.
	recent circuitbreaker.CircuitBreaker[any]
	// epoch counts the changes of state. What was begun in an earlier one says
	// nothing about this one.
	epoch    int
	why      error         // of the last failure
	earliest time.Time     // no probe of an open circuit before
	asked    bool          // open because the upstream asked for it
	openFor  time.Duration // the last time
	closed   time.Time     // since when; zero: from the start
	probed   time.Time     // the last ping
	tried    time.Time     // the last trial that said nothing

	limit    limit
	underWay int
	trying   int       // those begun in this half-open epoch
	queue    list.List // of *turn

	samples samples
}

// NewCircuit makes a closed circuit. Once it has opened, only Run closes it.
func NewCircuit(c CircuitConfig) (*Circuit, error) {
	switch {
	case c.Name == "":
		return nil, errors.New("upstream.CircuitConfig.Name: want the upstream's name")
	case c.Base == nil:
		return nil, errors.New("upstream.CircuitConfig.Base: want the upstream's address")
	case c.Version == "":
		return nil, errors.New("upstream.CircuitConfig.Version: want ptpu's version")
	case c.Timeout < 0:
		return nil, errors.New("upstream.CircuitConfig.Timeout: want a positive duration")
	case c.Concurrency < 0:
		return nil, errors.New("upstream.CircuitConfig.Concurrency: want a positive number")
	case c.Rate < 0, c.Rate > maxRate:
		return nil, errors.New("upstream.CircuitConfig.Rate: want 0 to 10000 a second")
	case c.Enough < 0:
		return nil, errors.New("upstream.CircuitConfig.Enough: want a positive number")
	}
	enough := cmp.Or(c.Enough, enoughCalls)
	trials := min(trialCalls, enough)
	circuit := &Circuit{
		name:    c.Name,
		timeout: cmp.Or(c.Timeout, DefaultTimeout),
		changed: c.Changed,
		enough:  enough,
		trials:  trials,
		pingURL: c.Base.JoinPath("health", "ping").String(),
		pinging: newPinging(c.Transport, c.Version),
		wake:    make(chan struct{}, 1),
		limit:   newLimit(cmp.Or(c.Concurrency, defaultConcurrency)),
		breaker: newBreaker(enough, trials, longWindow),
		recent:  newBreaker(enough, trials, shortWindow),
	}
	if c.Rate > 0 {
		circuit.pace = ratelimiter.NewSmooth[any](uint(c.Rate), time.Second)
	}
	return circuit, nil
}

func newBreaker(enough, trials int, window time.Duration) circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(failedShare, uint(enough), window).
		WithSuccessThreshold(uint(trials)).
		Build()
}

// State is the circuit's state.
func (c *Circuit) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state()
}

// Holding reports whether nothing should be begun now that needs this upstream.
// A half-open circuit holds too while it can find out by itself whether the
// upstream works again: neither a notice nor an attempt is spent on that.
func (c *Circuit) Holding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state() {
	case Open:
		return true
	case HalfOpen:
		return !c.samples.empty() || c.full()
	default:
		return false
	}
}

func (c *Circuit) state() State {
	switch c.breaker.State() {
	case circuitbreaker.OpenState:
		return Open
	case circuitbreaker.HalfOpenState:
		return HalfOpen
	default:
		return Closed
	}
}
