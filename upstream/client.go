package upstream

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// defaultConcurrency is how many calls run side by side where nothing is set.
const defaultConcurrency = 8

// DefaultTimeout is the deadline of one HTTP request where none is set.
const DefaultTimeout = 10 * time.Second

// Config says how calls to one neighbour are carried.
type Config struct {
	// Version is ptpu's own, for User-Agent. Required.
	Version string
	// Timeout is the deadline of one HTTP request, from dialling to the last
	// byte of its answer; DefaultTimeout when zero. A call that is repeated, or
	// that meets a 401, makes two requests, and may first wait for a token.
	Timeout time.Duration
	// Concurrency is how many calls to the neighbour run side by side, and so
	// how many connections are worth keeping open; 8 when zero. It limits
	// nothing: Circuit does.
	Concurrency int
	// Safe tells which requests may be repeated besides GET and HEAD, because
	// they only read; nil: none.
	Safe func(*http.Request) bool
	// Tokens gives the bearer token, one for all neighbours; nil sends none.
	Tokens *Tokens
	// Circuit protects the neighbour, and ptpu from its outages; nil: nothing
	// does. A call may wait for its turn, as long as the circuit's own Timeout,
	// before the deadline of its request begins.
	Circuit *Circuit
	// Base carries single HTTP requests in place of New's own pool of
	// connections. For tests.
	Base http.RoundTripper
	// fetches is the circuit of hmpps-auth. It stands above the repeat: who
	// waits for the token waits for both tries.
	fetches *Circuit
}

// New makes the http.Client for the calls to one neighbour. It is safe for
// concurrent use. It follows no redirect: none of the APIs sends any, and a
// token must not travel to wherever an answer says. Its answers are in memory:
// complete when they are successful, and closing them is optional.
func New(c Config) (*http.Client, error) {
	if c.Version == "" {
		return nil, errors.New("upstream.Config.Version: want ptpu's version")
	}
	if c.Timeout < 0 {
		return nil, errors.New("upstream.Config.Timeout: want a positive duration")
	}
	if c.Concurrency < 0 {
		return nil, errors.New("upstream.Config.Concurrency: want a positive number")
	}
	base := c.Base
	if base == nil {
		base = pool(cmp.Or(c.Concurrency, defaultConcurrency))
	}
	timeout := cmp.Or(c.Timeout, DefaultTimeout)
	var carry http.RoundTripper = whole{next: base, timeout: timeout}
	if c.Tokens != nil {
		carry = bearer{next: carry, tokens: c.Tokens}
	}
	safe := safely(c.Safe)
	if c.Circuit != nil {
		carry = guard{next: carry, circuit: c.Circuit, judge: judge, tokens: c.Tokens, late: lateAfter(timeout), safe: safe}
	}
	carry = newRepeating(carry, safe)
	if c.fetches != nil {
		carry = guard{next: carry, circuit: c.fetches, judge: judgeToken, late: lateAfter(timeout), safe: safe}
	}
	carry = identify{next: carry, userAgent: "ptpu/" + c.Version}
	return &http.Client{Transport: chain{RoundTripper: carry, base: base}, CheckRedirect: followNone}, nil
}

func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// chain is a whole chain of transports, for http.Client to find the end of.
type chain struct {
	http.RoundTripper
	base http.RoundTripper
}

// CloseIdleConnections closes those of the pool at the end.
func (c chain) CloseIdleConnections() {
	if pool, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		pool.CloseIdleConnections()
	}
}

// pool keeps connections to one neighbour. Its timeouts are those that a
// request's own deadline does not give.
func pool(concurrency int) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: concurrency,
		// Below the minute after which load balancers drop an idle connection:
		// a write that meets one just dropped is not repeated.
		IdleConnTimeout:        50 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
