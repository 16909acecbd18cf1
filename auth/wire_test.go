package auth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/auth"
	"ptpu/auth/authtest"
)

// answer is how hmpps-auth answers a request.
type answer func(*http.Request) (*http.Response, error)

// wire is the way to hmpps-auth. It remembers when it was asked.
type wire struct {
	authority *authtest.Authority

	mu     sync.Mutex
	asked  []time.Time
	answer answer // nil: the authority's own
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, time.Now())
	answer := w.answer
	w.mu.Unlock()
	if answer == nil {
		answer = w.authority.Client().Transport.RoundTrip
	}
	return answer(r)
}

// answers has the wire answer like this from now on; nil: as hmpps-auth does.
func (w *wire) answers(how answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = how
}

func (w *wire) wantAsked(t *testing.T, want int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.asked) != want {
		t.Errorf("hmpps-auth was asked for keys %d times, want %d", len(w.asked), want)
	}
}

func broken(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

func silent(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func says(status int, body []byte) answer {
	return func(r *http.Request) (*http.Response, error) {
		header := http.Header{"Location": {"https://stranger.example.org/jwks.json"}}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	}
}

// wired makes an authority, the wire to it and a checker.
func wired(t *testing.T) (*authtest.Authority, *wire, *auth.Checker) {
	t.Helper()
	authority := authtest.New(t)
	w := &wire{authority: authority}
	return authority, w, configured(t, auth.Config{
		KeysURL: authority.KeysURL(), HTTP: &http.Client{Transport: w}, Issuer: authtest.Issuer,
	})
}

// running runs the checker's own loop until the test ends.
func running(t *testing.T, checker *auth.Checker) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var loop sync.WaitGroup
	loop.Go(func() { checker.Run(ctx) })
	t.Cleanup(func() {
		stop()
		loop.Wait()
	})
	synctest.Wait()
}

// lasting is a good token for a day.
func lasting(authority *authtest.Authority) string {
	claims := authority.Claims()
	claims["exp"] = time.Now().Add(24 * time.Hour).Unix()
	return authority.Mint(claims)
}

func wantTaken(t *testing.T, checker *auth.Checker, token string) {
	t.Helper()
	if _, err := checker.Caller(bringing(token)); err != nil {
		t.Errorf("got error %v, want the token taken", err)
	}
}

func wantRefused(t *testing.T, checker *auth.Checker, token string, want error) {
	t.Helper()
	if _, err := checker.Caller(bringing(token)); !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// wantAtOnce is wantTaken of a caller who does not wait.
func wantAtOnce(t *testing.T, checker *auth.Checker, token string) {
	t.Helper()
	began := time.Now()
	wantTaken(t, checker, token)
	if took := time.Since(began); took != 0 {
		t.Errorf("the caller waited %v, want no wait", took)
	}
}
