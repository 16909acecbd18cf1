package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"ptpu/communityapi"
	"ptpu/offendersearch"
	"ptpu/prisonapi"
	"ptpu/upstream"
)

// upstreams are the clients of the three APIs, which share one token, and the
// circuits that stand before each and before hmpps-auth.
type upstreams struct {
	prison    *prisonapi.Client
	search    *offendersearch.Client
	community *communityapi.Client
	tokens    *upstream.Tokens
	circuits  map[string]*upstream.Circuit
}

// The neighbours, as errors, measurements and circuits name them.
const (
	hmppsAuth      = "hmpps-auth"
	prisonAPI      = "prison-api"
	offenderSearch = "probation-offender-search"
	communityAPI   = "community-api"
)

// watch finds out, until ctx ends, when a neighbour that failed is well again.
func (u upstreams) watch(ctx context.Context) {
	var watching sync.WaitGroup
	for _, circuit := range u.circuits {
		watching.Go(func() { circuit.Run(ctx) })
	}
	watching.Wait()
}

// noAttempt reports whether an attempt could not succeed now, because one of the
// neighbours is known to be down. What is due stays due, and counts nothing.
func (u upstreams) noAttempt() bool {
	for _, circuit := range u.circuits {
		if circuit.Holding() {
			return true
		}
	}
	return false
}

// noVerdict reports whether no notice could be judged now: that takes NOMIS, and
// a token.
func (u upstreams) noVerdict() bool {
	return u.circuits[prisonAPI].Holding() || u.circuits[hmppsAuth].Holding()
}

// signIn gets a first token, so that refused credentials show at start-up.
func (u upstreams) signIn(ctx context.Context) error {
	if _, err := u.tokens.Token(ctx); err != nil {
		return fmt.Errorf("signing in at OAUTH_ENDPOINT_URL as OAUTH_CLIENT_ID: %w", err)
	}
	return nil
}

// callsPerBooking is how many calls one booking may have under way to one API:
// convictions are read a few at a time.
const callsPerBooking = 4

func newUpstreams(s settings, version string, seen *observation) (upstreams, error) {
	return upstreamsOver(nil, s, version, seen)
}

// upstreamsOver makes the clients on the caller's carrier of single requests;
// nil is a pool of connections for each API.
func upstreamsOver(carrier http.RoundTripper, s settings, version string, seen *observation) (upstreams, error) {
	timeout := time.Duration(s.UpstreamTimeout)
	concurrency := s.ListenerConcurrency + callsPerBooking*s.ProcessorConcurrency
	u := upstreams{circuits: map[string]*upstream.Circuit{}}
	circuit := func(name string, base *url.URL, enough int) (*upstream.Circuit, error) {
		c, err := upstream.NewCircuit(upstream.CircuitConfig{
			Name: name, Base: base, Version: version, Timeout: timeout, Concurrency: concurrency, Rate: s.UpstreamRate, Enough: enough,
			Transport: carrier,
			Changed: func(name string, state upstream.State, why error) {
				seen.observer.CircuitChanged(name, string(state), why)
			},
		})
		seen.metrics.CircuitIs(name, string(upstream.Closed))
		u.circuits[name] = c
		return c, err
	}
	auth, err := upstream.ParseBase(s.OAuthURL, false)
	if err != nil {
		return upstreams{}, fmt.Errorf("OAUTH_ENDPOINT_URL: %w", err)
	}
	signing, err := circuit(hmppsAuth, auth, 1) // one request for a token serves everyone
	if err != nil {
		return upstreams{}, err
	}
	u.tokens, err = upstream.NewTokens(upstream.TokenConfig{
		URL: auth.JoinPath("oauth", "token"), ClientID: s.OAuthClientID, ClientSecret: string(s.OAuthClientSecret),
		Version: version, Timeout: timeout, Circuit: signing, Base: carrier,
	})
	if err != nil {
		return upstreams{}, err
	}
	api := func(name, base string, safe func(*http.Request) bool) (upstream.API, error) {
		at, err := upstream.ParseBase(base, false)
		if err != nil {
			return upstream.API{}, fmt.Errorf("address of %s: %w", name, err)
		}
		protection, err := circuit(name, at, 0)
		if err != nil {
			return upstream.API{}, err
		}
		client, err := upstream.New(upstream.Config{
			Version: version, Timeout: timeout, Safe: safe, Tokens: u.tokens, Concurrency: concurrency, Circuit: protection,
			Base: carrier,
		})
		return upstream.API{Name: name, Base: at, HTTP: client, Observe: seen.observer.Calling(name)}, err
	}
	prison, err := api(prisonAPI, s.PrisonURL, nil)
	if err != nil {
		return upstreams{}, err
	}
	search, err := api(offenderSearch, s.SearchURL, offendersearch.Safe)
	if err != nil {
		return upstreams{}, err
	}
	community, err := api(communityAPI, s.CommunityURL, nil)
	if err != nil {
		return upstreams{}, err
	}
	u.prison, u.search, u.community = prisonapi.New(prison), offendersearch.New(search), communityapi.New(community)
	return u, nil
}
