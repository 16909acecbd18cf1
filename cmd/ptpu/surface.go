package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"ptpu/apidocs"
	"ptpu/auth"
	"ptpu/health"
	"ptpu/reports"
	"ptpu/telemetry"
	"ptpu/upstream"
)

// surface is what the process shows to callers over HTTP: at first that it
// starts, and everything once the service is there.
type surface struct {
	*server
	checker  *auth.Checker
	metrics  *telemetry.Metrics
	stumbled func(context.Context, error)
	checks   map[string]health.Check
	details  string // PTPU_HEALTH_DETAILS
}

// rolePrefix begins every role of ptpu's.
const rolePrefix = "ROLE_PTPU_"

// askTime is the deadline of a call of health's and of one for keys.
const (
	pingTime = 2 * time.Second
	keysTime = 5 * time.Second
)

func newSurface(s settings, o *observation, stumbled func(context.Context, error)) (*surface, error) {
	base, err := upstream.ParseBase(s.OAuthURL, false)
	if err != nil {
		return nil, fmt.Errorf("OAUTH_ENDPOINT_URL: %w", err)
	}
	checker, err := auth.New(auth.Config{
		KeysURL: base.JoinPath(".well-known", "jwks.json"), Issuer: s.AuthIssuer, HTTP: &http.Client{Timeout: keysTime}, Stumbled: stumbled,
	})
	if err != nil {
		return nil, err
	}
	f := &surface{
		server: newServer(s.Port, o.log), checker: checker, metrics: o.metrics, stumbled: stumbled, details: s.HealthDetails,
		checks: map[string]health.Check{"healthInfo": health.Info(version)},
	}
	pinging := &http.Client{Timeout: pingTime, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute}}
	for name, raw := range map[string]string{
		"OAuthApiHealth": s.OAuthURL, "prisonApiHealth": s.PrisonURL, "communityApiHealth": s.CommunityURL, "searchApiHealth": s.SearchURL,
	} {
		base, err := upstream.ParseBase(raw, false)
		if err != nil {
			return nil, fmt.Errorf("address for %s: %w", name, err)
		}
		f.checks[name] = health.Ping(pinging, base)
	}
	return f, nil
}

// starting shows what a process answers that has not reached everything yet.
func (f *surface) starting() error {
	r, err := f.router(nil)
	if err != nil {
		return err
	}
	f.show(f.guarded(r))
	return nil
}

// running shows everything.
func (f *surface) running(b *backend, svc *service) error {
	r, err := f.complete(b, svc)
	if err != nil {
		return err
	}
	f.show(f.guarded(r))
	return nil
}

// complete is the router with all routes.
func (f *surface) complete(b *backend, svc *service) (*router, error) {
	reporting, err := reports.New(reports.Config{Store: svc.store, Who: caller, Stumbled: f.stumbled})
	if err != nil {
		return nil, err
	}
	r, err := f.router(b)
	if err != nil {
		return nil, err
	}
	reporting.Register(r.api)
	svc.dead.Register(r.api)
	return r, nil
}

// router is a router with what is asked of any process. Without a backend its
// tables and queues count as down.
func (f *surface) router(b *backend) (*router, error) {
	config := health.Config{Checks: f.checks, Stumbled: f.stumbled}
	if b != nil {
		config.Checks = b.checks(f.checks)
	}
	if f.details == "authorised" {
		config.Details = isOurs
	}
	checking, err := health.New(config)
	if err != nil {
		return nil, err
	}
	r := newRouter()
	operating{health: checking, metrics: f.metrics, ready: f.serving.Load}.register(r)
	apidocs.New(r.api.OpenAPI()).Register(r.api)
	return r, nil
}

// guarded lets through whom the routes' rules name, and measures.
func (f *surface) guarded(r *router) http.Handler {
	return measured(f.metrics, f.checker.Guard(r.ServeMux, r.who))
}

// caller is who calls, for the record.
func caller(ctx context.Context) string {
	c, _ := auth.CallerOf(ctx)
	return c.Name
}

// isOurs reports whether the caller has any role of ptpu's.
func isOurs(ctx context.Context) bool {
	c, _ := auth.CallerOf(ctx)
	return slices.ContainsFunc(c.Roles, func(role string) bool { return strings.HasPrefix(role, rolePrefix) })
}
