package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"ptpu/communityapi"
	"ptpu/offendersearch"
	"ptpu/prisonapi"
	"ptpu/telemetry"
	"ptpu/upstream"
)

// upstreams are the clients of the three APIs, which share one token.
type upstreams struct {
	prison    *prisonapi.Client
	search    *offendersearch.Client
	community *communityapi.Client
	tokens    *upstream.Tokens
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

func newUpstreams(s settings, version string, o *telemetry.Observer) (upstreams, error) {
	timeout := time.Duration(s.UpstreamTimeout)
	auth, err := upstream.ParseBase(s.OAuthURL, false)
	if err != nil {
		return upstreams{}, fmt.Errorf("OAUTH_ENDPOINT_URL: %w", err)
	}
	tokens, err := upstream.NewTokens(upstream.TokenConfig{
		URL: auth.JoinPath("oauth", "token"), ClientID: s.OAuthClientID, ClientSecret: string(s.OAuthClientSecret),
		Version: version, Timeout: timeout,
	})
	if err != nil {
		return upstreams{}, err
	}
	api := func(name, base string, safe func(*http.Request) bool) (upstream.API, error) {
		at, err := upstream.ParseBase(base, false)
		if err != nil {
			return upstream.API{}, fmt.Errorf("address of %s: %w", name, err)
		}
		client, err := upstream.New(upstream.Config{
			Version: version, Timeout: timeout, Safe: safe, Tokens: tokens,
			Concurrency: s.ListenerConcurrency + callsPerBooking*s.ProcessorConcurrency,
		})
		return upstream.API{Name: name, Base: at, HTTP: client, Observe: o.Calling(name)}, err
	}
	prison, err := api("prison-api", s.PrisonURL, nil)
	if err != nil {
		return upstreams{}, err
	}
	search, err := api("probation-offender-search", s.SearchURL, offendersearch.Safe)
	if err != nil {
		return upstreams{}, err
	}
	community, err := api("community-api", s.CommunityURL, nil)
	if err != nil {
		return upstreams{}, err
	}
	return upstreams{prison: prisonapi.New(prison), search: offendersearch.New(search), community: communityapi.New(community), tokens: tokens}, nil
}
