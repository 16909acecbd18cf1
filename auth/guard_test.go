package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/auth"
	"ptpu/auth/authtest"
)

// rules of the routes below. "GET /forgotten" has none.
var rules = map[string]auth.Access{
	"GET /health":            {Open: true},
	"GET /report":            {Roles: []string{"ROLE_PTPU_REPORT"}},
	"PUT /queue/{name}":      {Roles: []string{"ROLE_PTPU_QUEUE_ADMIN", "ROLE_PTPU_ADMIN"}},
	"GET /pages/":            {Roles: []string{"ROLE_PTPU_REPORT"}},
	"GET /nobody":            {},
	"GET /open/{any...}":     {Open: true},
	"":                       {Open: true}, // must not open what does not exist
	"GET /report/in-process": {Open: true},
}

// guarded are routes that answer with their caller, behind a guard.
func guarded(checker *auth.Checker) http.Handler {
	mux := http.NewServeMux()
	for _, pattern := range []string{
		"GET /health", "GET /report", "PUT /queue/{name}", "GET /pages/", "GET /nobody", "GET /forgotten", "GET /open/{any...}",
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			caller, ok := auth.CallerOf(r.Context())
			fmt.Fprintf(w, "%s %s %v %q", r.Pattern, r.PathValue("name"), ok, caller.Name)
		})
	}
	return checker.Guard(mux, func(pattern string) auth.Access { return rules[pattern] })
}

// ask sends a request; an empty token is none.
func ask(handler http.Handler, method, target, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

func TestNobodyGetsWhereNoRuleLetsThem(t *testing.T) {
	authority := authtest.New(t)
	handler := guarded(newChecker(t, authority))
	tokens := map[string]string{
		"no token": "", "invalid token": authority.Token("ROLE_PTPU_REPORT") + "x", "no role": authority.Token(), "another role": authority.Token("ROLE_COMMUNITY"),
		"report": authority.Token("ROLE_PTPU_REPORT"), "queue": authority.TokenOf("tool", "ROLE_PTPU_QUEUE_ADMIN"), "admin": authority.Token("ROLE_PTPU_ADMIN"),
	}
	for _, c := range []struct {
		method, target string
		open           bool           // to all tokens, and to none
		want           int            // with a valid token
		except         map[string]int // for these
	}{
		{method: "GET", target: "/health", open: true, want: 200},
		{method: "HEAD", target: "/health", open: true, want: 200},
		{method: "GET", target: "/health?a=b", open: true, want: 200},
		{method: "GET", target: "/open/to/all", open: true, want: 200},
		{method: "GET", target: "/report", want: 403, except: map[string]int{"report": 200}},
		{method: "HEAD", target: "/report", want: 403, except: map[string]int{"report": 200}},
		{method: "PUT", target: "/queue/a", want: 403, except: map[string]int{"queue": 200, "admin": 200}},
		{method: "PUT", target: "/queue/a%2Fb", want: 403, except: map[string]int{"queue": 200, "admin": 200}},
		{method: "GET", target: "/pages/", want: 403, except: map[string]int{"report": 200}},
		{method: "GET", target: "/pages/any/page", want: 403, except: map[string]int{"report": 200}},
		{method: "GET", target: "/pages", want: 403, except: map[string]int{"report": 307}},   // to /pages/
		{method: "GET", target: "//report", want: 403, except: map[string]int{"report": 307}}, // to /report
		{method: "GET", target: "/open/../report", want: 403, except: map[string]int{"report": 307}},
		{method: "GET", target: "/report/../health", open: true, want: 307},
		{method: "GET", target: "/nobody", want: 403},
		{method: "GET", target: "/forgotten", want: 403},
		{method: "GET", target: "/", want: 404},
		{method: "GET", target: "/unknown", want: 404},
		{method: "GET", target: "/health/", want: 404},
		{method: "GET", target: "/HEALTH", want: 404},
		{method: "GET", target: "//unknown", want: 404},
		{method: "GET", target: "/report/in-process", want: 404}, // has a rule, and no route
		{method: "POST", target: "/unknown", want: 404},
		{method: "POST", target: "/health", want: 405},
		{method: "OPTIONS", target: "/health", want: 405},
		{method: "TRACE", target: "/report", want: 405},
		{method: "GET", target: "/queue/a", want: 405},
		{method: "get", target: "/report", want: 405},
	} {
		for name, token := range tokens {
			want := c.want
			if valid := name != "no token" && name != "invalid token"; !valid && !c.open {
				want = 401
			} else if except, ok := c.except[name]; ok {
				want = except
			}
			answer := ask(handler, c.method, c.target, token)
			if answer.Code != want {
				t.Errorf("%s %s with %s: got %d, want %d", c.method, c.target, name, answer.Code, want)
			}
			if want >= 400 {
				wantProblem(t, answer, want)
			}
		}
	}
}

// wantProblem holds an answer to the shape of all problems.
func wantProblem(t *testing.T, answer *httptest.ResponseRecorder, status int) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Errorf("%d: got %q, want JSON", status, answer.Body)
		return
	}
	if got["detail"] == "" {
		t.Errorf("%d: got no detail", status)
	}
	want := map[string]any{"title": http.StatusText(status), "status": float64(status), "detail": got["detail"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d: (-want +got)\n%s", status, diff)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"} {
		if got := answer.Header().Get(name); got != want {
			t.Errorf("%d: got %s %q, want %q", status, name, got, want)
		}
	}
}

func TestEveryMutationIs401AtTheGuard(t *testing.T) {
	authority := authtest.New(t)
	handler := guarded(newChecker(t, authority))
	for _, m := range authority.Mutations("ROLE_PTPU_REPORT") {
		for _, target := range []string{"/report", "/forgotten", "/unknown"} {
			if got := ask(handler, "GET", target, m.Token).Code; got != http.StatusUnauthorized {
				t.Errorf("%s, %s: got %d, want 401", target, m.Name, got)
			}
		}
		if got, want := ask(handler, "GET", "/health", m.Token).Body.String(), `GET /health  false ""`; got != want {
			t.Errorf("an open route, %s: got %s, want %s", m.Name, got, want)
		}
	}
}

func TestRefusalsSayHowToSignIn(t *testing.T) {
	authority := authtest.New(t)
	handler := guarded(newChecker(t, authority))
	for name, c := range map[string]struct{ token, want, detail string }{
		"no token":      {want: `Bearer realm="ptpu"`, detail: "This needs a bearer token of hmpps-auth."},
		"invalid token": {token: "a.b", want: `Bearer realm="ptpu", error="invalid_token"`, detail: "invalid token: it has not three parts"},
		"no role": {
			token: authority.Token(), want: `Bearer realm="ptpu", error="insufficient_scope"`,
			detail: "This needs the role ROLE_PTPU_QUEUE_ADMIN or ROLE_PTPU_ADMIN.",
		},
	} {
		answer := ask(handler, "PUT", "/queue/a", c.token)
		if got := answer.Header().Get("WWW-Authenticate"); got != c.want {
			t.Errorf("%s: got WWW-Authenticate %s, want %s", name, got, c.want)
		}
		var got struct{ Detail string }
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || got.Detail != c.detail {
			t.Errorf("%s: got detail %q and error %v, want %q", name, got.Detail, err, c.detail)
		}
	}
	if got, want := ask(handler, "POST", "/report", authority.Token()).Header().Get("Allow"), "GET, HEAD"; got != want {
		t.Errorf("another method: got Allow %q, want %q", got, want)
	}
}

func TestHandlersLearnWhoCalls(t *testing.T) {
	authority := authtest.New(t)
	handler := guarded(newChecker(t, authority))
	for _, c := range []struct{ method, target, token, want string }{
		{"GET", "/report", authority.Token("ROLE_PTPU_REPORT"), `GET /report  true "TURA_GEN"`},
		{"PUT", "/queue/a%2Fb", authority.TokenOf("tool", "ROLE_PTPU_ADMIN"), `PUT /queue/{name} a/b true "tool"`},
		{"GET", "/health", authority.Token(), `GET /health  true "TURA_GEN"`},
		{"GET", "/health", "", `GET /health  false ""`},
		{"GET", "/health", "stale", `GET /health  false ""`},
	} {
		if got := ask(handler, c.method, c.target, c.token).Body.String(); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.method, c.target, got, c.want)
		}
	}
}

// What measures around the guard sees the route's template, of refusals too,
// and no path that somebody has made up.
func TestThePatternIsKnownAroundTheGuard(t *testing.T) {
	authority := authtest.New(t)
	handler := guarded(newChecker(t, authority))
	for target, want := range map[string]string{"/health": "GET /health", "/report": "GET /report", "/unknown": ""} {
		r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != want {
			t.Errorf("%s: got pattern %q, want %q", target, r.Pattern, want)
		}
	}
}

func TestWithoutAnyKeysAGuardedRouteIs503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(silent)
		handler, token := guarded(checker), authority.Token("ROLE_PTPU_REPORT")
		for _, target := range []string{"/report", "/forgotten", "/unknown"} {
			answer := ask(handler, "GET", target, token)
			if answer.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: got %d, want 503", target, answer.Code)
			}
			wantProblem(t, answer, http.StatusServiceUnavailable)
			if got := answer.Header().Get("Retry-After"); got != "5" { // five of ten have passed
				t.Errorf("%s: got Retry-After %q, want 5", target, got)
			}
		}
		if got := ask(handler, "GET", "/report", "").Code; got != http.StatusUnauthorized {
			t.Errorf("without a token: got %d, want 401", got)
		}
		w.answers(nil)
		retry, err := strconv.Atoi(ask(handler, "GET", "/report", token).Header().Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(retry) * time.Second)
		if got := ask(handler, "GET", "/report", token).Code; got != http.StatusOK {
			t.Errorf("after as long as it said: got %d, want 200", got)
		}
	})
}

// Health must answer within two seconds whatever hmpps-auth does. The token
// still has the keys fetched, for the next time.
func TestAnOpenRouteDoesNotWaitForKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(func(r *http.Request) (*http.Response, error) {
			time.Sleep(4 * time.Second)
			return authority.Client().Transport.RoundTrip(r)
		})
		handler, token, began := guarded(checker), authority.Token(), time.Now()
		if got, want := ask(handler, "GET", "/health", token).Body.String(), `GET /health  false ""`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %v, want no wait", took)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got, want := ask(handler, "GET", "/health", token).Body.String(), `GET /health  true "TURA_GEN"`; got != want {
			t.Errorf("with keys: got %s, want %s", got, want)
		}
	})
}
