package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu/auth/authtest"
)

// rules say who may use each route: "" is everybody.
var rules = map[string]string{
	"GET /health":           "",
	"GET /health/ping":      "",
	"GET /health/liveness":  "",
	"GET /health/readiness": "",
	"GET /info":             "",
	"GET /prometheus":       "",

	"GET /v3/api-docs":       "",
	"GET /swagger-ui.html":   "",
	"GET /swagger-ui/{file}": "",

	"GET /report/in-progress":   "ROLE_PTPU_REPORT",
	"GET /report/not-matched":   "ROLE_PTPU_REPORT",
	"GET /report/processed":     "ROLE_PTPU_REPORT",
	"GET /report/match-summary": "ROLE_PTPU_REPORT",

	"PUT /queue-admin/retry-dlq/{dlqName}":        "ROLE_PTPU_QUEUE_ADMIN",
	"PUT /queue-admin/retry-all-dlqs":             "ROLE_PTPU_QUEUE_ADMIN",
	"PUT /queue-admin/purge-queue/{queueName}":    "ROLE_PTPU_QUEUE_ADMIN",
	"GET /queue-admin/get-dlq-messages/{dlqName}": "ROLE_PTPU_QUEUE_ADMIN",
}

// roles are all that hmpps-auth may give for ptpu, and one that it gives for
// others.
var roles = []string{"ROLE_PTPU_REPORT", "ROLE_PTPU_QUEUE_ADMIN", "ROLE_PTPU_ADMIN", "ROLE_SOMETHING_ELSE"}

// shown is the whole surface on an empty store, with an authority of its own.
type shown struct {
	router    *router
	handler   http.Handler
	authority *authtest.Authority
	backend   *backend
	service   *service
}

// newShown makes a surface; more settings win over those of the test.
func newShown(tb testing.TB, more map[string]string) *shown {
	tb.Helper()
	w := &shown{authority: authtest.New(tb)}
	keys := httptest.NewServer(http.StripPrefix("/auth", w.authority))
	tb.Cleanup(keys.Close)
	environ := with(worldSettings(keys.URL), map[string]string{"PTPU_DATA_DIR": tb.TempDir(), "PTPU_AUTH_ISSUER": authtest.Issuer})
	for name, value := range more {
		if !strings.HasSuffix(name, "_ENDPOINT_URL") || strings.HasPrefix(name, "AWS_") {
			environ[name] = value
		}
	}
	s, err := readSettings(environ)
	if err != nil {
		tb.Fatal(err)
	}
	o, err := observe(tb.Context(), s, environ, &output{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(o.close)
	if w.backend, err = openBackend(tb.Context(), s, true); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.backend.close() })
	apis, err := newUpstreams(s, version, o)
	if err != nil {
		tb.Fatal(err)
	}
	if w.service, err = newService(s, w.backend, apis, o.observer, o); err != nil {
		tb.Fatal(err)
	}
	f, err := newSurface(s, o, o.observer.Stumbled)
	if err != nil {
		tb.Fatal(err)
	}
	if w.router, err = f.complete(w.backend, w.service); err != nil {
		tb.Fatal(err)
	}
	w.handler = f.guarded(w.router)
	return w
}

func TestEveryRouteHasARule(t *testing.T) {
	r := newShown(t, nil).router
	got := map[string]string{}
	for _, pattern := range r.patterns {
		access := r.who(pattern)
		if access.Open != (len(access.Roles) == 0) {
			t.Errorf("%s is for nobody, or for everybody and roles too: %+v", pattern, access)
		}
		got[pattern] = strings.Join(access.Roles, ",")
	}
	if diff := cmp.Diff(rules, got); diff != "" {
		t.Errorf("who may use the routes (-want +got):\n%s", diff)
	}
}

// A caller without a good token gets 401, one without the role 403, on every
// route there is; the right role, and no other, gets behind the guard.
func TestEveryRouteHoldsToItsRule(t *testing.T) {
	w := newShown(t, nil)
	r, handler, authority := w.router, w.handler, w.authority
	ask := func(pattern, token string) *httptest.ResponseRecorder {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{dlqName}", deadQueue, "{queueName}", eventQueue, "{file}", "swagger-ui.css").Replace(path)
		request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}
	refused := func(pattern, who string, answer *httptest.ResponseRecorder, want int) {
		t.Helper()
		if answer.Code != want || answer.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s, %s: got %d %s, want %d as problem JSON", pattern, who, answer.Code, answer.Header().Get("Content-Type"), want)
		}
	}
	mutations := authority.Mutations(roles...)
	if len(mutations) < 40 {
		t.Fatalf("%d mutations of a token, want at least 40", len(mutations))
	}
	for _, pattern := range r.patterns {
		needs := rules[pattern]
		if needs == "" {
			if answer := ask(pattern, ""); answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden {
				t.Errorf("%s without a token: got %d, want it open", pattern, answer.Code)
			}
			continue
		}
		refused(pattern, "without a token", ask(pattern, ""), http.StatusUnauthorized)
		for _, m := range mutations {
			refused(pattern, m.Name, ask(pattern, m.Token), http.StatusUnauthorized)
		}
		refused(pattern, "without any role", ask(pattern, authority.Token()), http.StatusForbidden)
		for _, role := range roles {
			answer := ask(pattern, authority.Token(role))
			if role != needs {
				refused(pattern, "with "+role, answer, http.StatusForbidden)
			} else if answer.Code != http.StatusOK {
				t.Errorf("%s with %s: got %d %s, want 200", pattern, role, answer.Code, answer.Body)
			}
		}
	}
}

func TestWhatIsNotThereNeedsATokenToo(t *testing.T) {
	w := newShown(t, nil)
	handler, authority := w.handler, w.authority
	for _, c := range []struct {
		method, path, token string
		want                int
	}{
		{http.MethodGet, "/nothing", "", http.StatusUnauthorized},
		{http.MethodGet, "/nothing", authority.Token(roles...), http.StatusNotFound},
		{http.MethodPost, "/report/in-progress", "", http.StatusUnauthorized},
		{http.MethodPost, "/report/in-progress", authority.Token(roles...), http.StatusMethodNotAllowed},
		{http.MethodGet, "/queue-admin/retry-all-dlqs", authority.Token(roles...), http.StatusMethodNotAllowed},
		{http.MethodGet, "/queue-admin/get-dlq-messages/somebody-elses", authority.Token(roles...), http.StatusNotFound},
		{http.MethodPut, "/queue-admin/purge-queue/somebody-elses", authority.Token(roles...), http.StatusNotFound},
	} {
		request := httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody)
		if c.token != "" {
			request.Header.Set("Authorization", "Bearer "+c.token)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != c.want || answer.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: got %d %s, want %d as problem JSON", c.method, c.path, answer.Code, answer.Header().Get("Content-Type"), c.want)
		}
	}
}
