// Package auth says who calls ptpu over HTTP, and keeps out whoever may not.
// Callers bring a token that hmpps-auth has signed. A Checker fetches the keys
// of hmpps-auth and checks tokens against them; its Guard stands in front of a
// mux and lets nobody through whom no rule lets in.
//
//	request ──> Guard ──> which route? who may use it?
//	              │ who calls?
//	              v
//	           Checker ──> form, key, signature, times, issuer ──> Caller
//	                             │
//	                             └ keys of hmpps-auth, kept in memory
package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// What a request without a known caller wants.
var (
	// ErrNoToken: the request brings no bearer token.
	ErrNoToken = errors.New("no bearer token")
	// ErrInvalidToken: it brings one that is not to be trusted. The error that
	// wraps this says why, in words that repeat nothing of the token.
	ErrInvalidToken = errors.New("invalid token")
	// ErrUnavailable: the keys of hmpps-auth could not be had since the start,
	// so that nobody can tell.
	ErrUnavailable = errors.New("keys of hmpps-auth unavailable")
)

// Config is what a Checker needs.
type Config struct {
	// KeysURL is where hmpps-auth publishes its keys, as a JSON web key set:
	// {OAUTH}/.well-known/jwks.json. Required.
	KeysURL *url.URL
	// Issuer is what a token must name as its issuer; empty: not checked.
	Issuer string
	// HTTP fetches the keys. Whatever it says of redirects and deadlines, none
	// is followed and a fetch ends after 5 s. Required.
	HTTP *http.Client
	// Stumbled is told that the keys could not be fetched, at most once a
	// minute; nil: nobody is told. The work goes on with the keys at hand.
	Stumbled func(ctx context.Context, err error)
}

// Checker tells by a request's token who calls. It is safe for concurrent use.
type Checker struct {
	keys   *keys
	issuer string
}

// New makes a Checker, which has no keys yet: Run gets them, or the first token.
func New(c Config) (*Checker, error) {
	switch {
	case c.KeysURL == nil:
		return nil, errors.New("auth.Config.KeysURL: want the address of hmpps-auth's keys")
	case c.HTTP == nil:
		return nil, errors.New("auth.Config.HTTP: want a client")
	}
	return &Checker{keys: newKeys(c), issuer: c.Issuer}, nil
}

// Run fetches the keys at once and keeps them fresh until ctx ends. With it, an
// outage of hmpps-auth is met with keys at hand even by a pod that nobody has
// called yet, and a key that hmpps-auth withdraws ends here too. Without it,
// only a token with an unknown key id has the keys fetched.
func (c *Checker) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.keys.refresh(ctx)):
		}
	}
}

// Caller is who makes the request. The error wraps one of this package's. When
// the token names a key that is not known, Caller waits for the keys to be
// fetched: until that has ended, 5 s at most, or until the request's context
// ends.
func (c *Checker) Caller(r *http.Request) (Caller, error) { return c.caller(r, true) }

// caller is Caller, which waits for a fetch only if told to.
func (c *Checker) caller(r *http.Request, wait bool) (Caller, error) {
	token, err := bearer(r.Header)
	if err != nil {
		return Caller{}, err
	}
	id, err := keyID(token)
	if err != nil {
		return Caller{}, err
	}
	key, err := c.keys.find(r.Context(), id, wait)
	if err != nil {
		return Caller{}, err
	}
	verified, err := key.Verify(r.Context(), token)
	if err != nil {
		// The library's words can repeat what the token says.
		return Caller{}, invalid("its signature does not fit, or its claims cannot be read")
	}
	var said claims
	if err := verified.Claims(&said); err != nil {
		return Caller{}, invalid("its claims cannot be read")
	}
	return said.caller(c.issuer, time.Now())
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalidToken, why) }
