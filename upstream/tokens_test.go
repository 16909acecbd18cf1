package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

const secret = "s3cr3t&hunter2"

// grant answers with a token that lives for some seconds.
func grant(token string, seconds int) answer {
	return body(http.StatusOK, fmt.Sprintf(`{"access_token": %q, "token_type": "bearer", "expires_in": %d, "jti": "x"}`, token, seconds))
}

func body(code int, text string) answer {
	return func(r *http.Request) (*http.Response, error) {
		header := http.Header{"Content-Type": {"application/json"}}
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	}
}

func newTokens(t *testing.T, c upstream.TokenConfig) *upstream.Tokens {
	t.Helper()
	c.Version, c.ClientID, c.ClientSecret = "1.2.3", "ptpu", secret
	if c.URL == nil {
		c.URL = &url.URL{Scheme: "https", Host: "auth.example.org", Path: "/auth/oauth/token"}
	}
	tokens, err := upstream.NewTokens(c)
	if err != nil {
		t.Fatalf("making the tokens: %v", err)
	}
	t.Cleanup(tokens.CloseIdleConnections)
	return tokens
}

// auth is an hmpps-auth over real HTTP.
func auth(t *testing.T, answers ...http.HandlerFunc) (*upstreamtest.Server, *upstream.Tokens) {
	t.Helper()
	server := upstreamtest.Serve(t, answers...)
	address, err := url.Parse(server.URL() + "/auth/oauth/token")
	if err != nil {
		t.Fatal(err)
	}
	return server, newTokens(t, upstream.TokenConfig{URL: address})
}

func granted(token string) http.HandlerFunc {
	return upstreamtest.JSON(http.StatusOK, fmt.Sprintf(`{"access_token": %q, "token_type": "bearer", "expires_in": 3600}`, token))
}

func TestOneTokenForAllCalls(t *testing.T) {
	authority, tokens := auth(t, granted("token-1"))
	for range 2 { // neighbours
		server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
		api := server.API(t, upstream.Config{Tokens: tokens}, "")
		for _, request := range []upstream.Request{read, write} {
			if err := api.Call(t.Context(), request, nil); err != nil {
				t.Fatalf("got error %v", err)
			}
		}
		for _, asked := range server.Asked() {
			if got := asked.Header.Get("Authorization"); got != "Bearer token-1" {
				t.Errorf("got Authorization %q, want the token", got)
			}
		}
	}
	asked := authority.Asked()
	if len(asked) != 1 {
		t.Fatalf("asked for %d tokens, want 1", len(asked))
	}
	request := http.Request{Header: asked[0].Header}
	id, password, _ := request.BasicAuth()
	password, err := url.QueryUnescape(password) // RFC 6749, 2.3.1
	if id != "ptpu" || password != secret || err != nil {
		t.Errorf("asked as %q with %q, want HTTP Basic with ptpu's credentials", id, password)
	}
	if asked[0].Method != http.MethodPost || asked[0].Target != "/auth/oauth/token" || asked[0].Body != "grant_type=client_credentials" {
		t.Errorf("asked %+v, want client credentials of the token endpoint", asked[0])
	}
	if got := asked[0].Header.Get("User-Agent"); got != "ptpu/1.2.3" {
		t.Errorf("got User-Agent %q", got)
	}
}

// accepts answers 401 to all tokens but one, and notes nothing else.
func accepts(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		upstreamtest.JSON(http.StatusOK, `{}`)(w, r)
	}
}

func TestA401BringsANewTokenAndOneRepeat(t *testing.T) {
	for name, request := range map[string]upstream.Request{"read": read, "write": write} {
		t.Run(name, func(t *testing.T) {
			authority, tokens := auth(t, granted("token-1"), granted("token-2"))
			server := upstreamtest.Serve(t, accepts("token-2"))
			if err := server.API(t, upstream.Config{Tokens: tokens}, "").Call(t.Context(), request, nil); err != nil {
				t.Fatalf("got error %v", err)
			}
			asked := server.Asked()
			if len(asked) != 2 || asked[0].Body != asked[1].Body || asked[0].Target != asked[1].Target {
				t.Errorf("asked %+v, want the same twice", asked)
			}
			if got := len(authority.Asked()); got != 2 {
				t.Errorf("asked for %d tokens, want 2", got)
			}
		})
	}
}

func TestASecond401IsTheAnswer(t *testing.T) {
	for name, request := range map[string]upstream.Request{"read": read, "write": write} {
		t.Run(name, func(t *testing.T) {
			authority, tokens := auth(t, granted("token-1"), granted("token-2"))
			server := upstreamtest.Serve(t, accepts("another"))
			err := server.API(t, upstream.Config{Tokens: tokens}, "").Call(t.Context(), request, nil)
			var failure *ptpu.CallError
			if !errors.As(err, &failure) || !errors.Is(err, ptpu.ErrDenied) || failure.Status != http.StatusUnauthorized {
				t.Errorf("got error %v, want %v with status 401", err, ptpu.ErrDenied)
			}
			if calls, asked := len(server.Asked()), len(authority.Asked()); calls != 2 || asked != 2 {
				t.Errorf("made %d requests with %d tokens, want 2 with 2", calls, asked)
			}
		})
	}
}

func TestNoNewTokenAfterA401(t *testing.T) {
	_, tokens := auth(t, granted("token-1"), upstreamtest.JSON(http.StatusServiceUnavailable, ""))
	server := upstreamtest.Serve(t, accepts("another"))
	err := server.API(t, upstream.Config{Tokens: tokens}, "").Call(t.Context(), write, nil)
	var failure *upstream.TokenError
	if !errors.As(err, &failure) || !errors.Is(err, ptpu.ErrUnavailable) || errors.Is(err, ptpu.ErrDenied) {
		t.Errorf("got error %v, want %v for want of a token", err, ptpu.ErrUnavailable)
	}
}

func TestManyRefusedAtOnceAskForOneToken(t *testing.T) {
	authority, tokens := auth(t, granted("token-1"), granted("token-2"))
	server := upstreamtest.Serve(t, accepts("token-2"))
	api := server.API(t, upstream.Config{Tokens: tokens}, "")
	if _, err := tokens.Token(t.Context()); err != nil {
		t.Fatalf("got error %v", err)
	}
	var calls sync.WaitGroup
	for range 16 {
		calls.Go(func() {
			if err := api.Call(t.Context(), write, nil); err != nil {
				t.Errorf("got error %v", err)
			}
		})
	}
	calls.Wait()
	if got := len(authority.Asked()); got != 2 {
		t.Errorf("asked for %d tokens, want 2", got)
	}
}

func TestManyWithAnExpiredTokenAskForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 60), slow(time.Second, grant("token-2", 60))}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		wantToken(t, tokens, "token-1")
		time.Sleep(time.Minute)
		var calls sync.WaitGroup
		for range 16 {
			calls.Go(func() { wantToken(t, tokens, "token-2") })
		}
		calls.Wait()
		if got := len(authority.times()); got != 2 {
			t.Errorf("asked for %d tokens, want 2", got)
		}
	})
}

// Nobody waits for a renewal, nor notices that it fails, while the token is good.
func TestRenewsBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{
			grant("token-1", 3600), silent, grant("token-2", 3600),
		}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		wantToken(t, tokens, "token-1")
		time.Sleep(54 * time.Minute)
		wantToken(t, tokens, "token-1")
		synctest.Wait()
		if got := len(authority.times()); got != 1 {
			t.Fatalf("asked for %d tokens, want 1 six minutes before its end", got)
		}
		time.Sleep(2 * time.Minute)
		for range 3 { // asks once, in vain
			began := time.Now()
			wantToken(t, tokens, "token-1")
			if took := time.Since(began); took != 0 {
				t.Errorf("waited %v for a renewal", took)
			}
			time.Sleep(time.Second)
		}
		if got := len(authority.times()); got != 2 {
			t.Fatalf("asked for %d tokens, want 2: one is under way", got)
		}
		time.Sleep(time.Minute)
		wantToken(t, tokens, "token-1") // asks again
		synctest.Wait()
		wantToken(t, tokens, "token-2")
		if got := len(authority.times()); got != 3 {
			t.Errorf("asked for %d tokens, want 3", got)
		}
	})
}

func TestAFailedRenewalIsNotTriedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 3600), body(401, "")}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		wantToken(t, tokens, "token-1")
		time.Sleep(56 * time.Minute)
		for range 10 {
			wantToken(t, tokens, "token-1")
			synctest.Wait()
		}
		if got := len(authority.times()); got != 2 {
			t.Errorf("asked for %d tokens, want 2", got)
		}
	})
}

func TestAShortLivedTokenIsRenewedInItsLastFifth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 60), grant("token-2", 60)}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		wantToken(t, tokens, "token-1")
		time.Sleep(47 * time.Second)
		wantToken(t, tokens, "token-1")
		synctest.Wait()
		if got := len(authority.times()); got != 1 {
			t.Errorf("asked for %d tokens, want 1 before the last fifth", got)
		}
		time.Sleep(time.Second)
		wantToken(t, tokens, "token-1")
		synctest.Wait()
		wantToken(t, tokens, "token-2")
	})
}

func TestATokenThatSaysNoEndIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{grant("token-1", 0), grant("token-2", 0)}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		wantToken(t, tokens, "token-1")
		time.Sleep(24 * time.Hour)
		wantToken(t, tokens, "token-1")
		tokens.Drop("token-0") // somebody is late
		wantToken(t, tokens, "token-1")
		tokens.Drop("token-1")
		wantToken(t, tokens, "token-2")
	})
}

func TestTokenFailures(t *testing.T) {
	const canary = `{"error": "hunter2", "error_description": "hunter2"}`
	for name, c := range map[string]struct {
		answer answer
		want   error
		status int
		asked  int
	}{
		"400":                  {answer: body(400, canary), want: ptpu.ErrDenied, status: 400, asked: 1},
		"401":                  {answer: body(401, canary), want: ptpu.ErrDenied, status: 401, asked: 1},
		"403":                  {answer: body(403, "hunter2"), want: ptpu.ErrDenied, status: 403, asked: 1},
		"404":                  {answer: body(404, canary), want: ptpu.ErrUnavailable, status: 404, asked: 1},
		"429":                  {answer: body(429, canary), want: ptpu.ErrUnavailable, status: 429, asked: 2},
		"500":                  {answer: body(500, "hunter2"), want: ptpu.ErrUnavailable, status: 500, asked: 2},
		"503":                  {answer: body(503, canary), want: ptpu.ErrUnavailable, status: 503, asked: 2},
		"a reset":              {answer: broken(syscall.ECONNRESET), want: ptpu.ErrUnavailable, asked: 2},
		"silence":              {answer: silent, want: ptpu.ErrUnavailable, asked: 1},
		"a page":               {answer: body(200, "<html>hunter2</html>"), want: ptpu.ErrUnavailable, asked: 1},
		"JSON without a token": {answer: body(200, `{"secret": "hunter2"}`), want: ptpu.ErrUnavailable, asked: 1},
		"a redirect":           {answer: status(302, "Location", "https://hunter2.example.org"), want: ptpu.ErrUnavailable, status: 302, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority := &told{answers: []answer{c.answer}}
				neighbour := &told{answers: []answer{status(200)}}
				api := upstream.API{
					Name: "neighbour",
					Base: &url.URL{Scheme: "https", Host: "neighbour.example.org"},
					HTTP: newClient(t, upstream.Config{Base: neighbour, Tokens: newTokens(t, upstream.TokenConfig{Base: authority})}),
				}
				began := time.Now()
				err := api.Call(t.Context(), read, nil)
				if took := time.Since(began); took > upstream.DefaultTimeout {
					t.Errorf("took %v, want %v at most", took, upstream.DefaultTimeout)
				}
				var failure *upstream.TokenError
				if !errors.As(err, &failure) || failure.Status != c.status {
					t.Fatalf("got error %v, want a *TokenError with status %d", err, c.status)
				}
				for _, kind := range []error{ptpu.ErrDenied, ptpu.ErrUnavailable} {
					if got, want := errors.Is(err, kind), errors.Is(c.want, kind); got != want {
						t.Errorf("got error %v, want %v", err, c.want)
					}
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("error %q shows a secret", err)
				}
				if got := len(authority.times()); got != c.asked {
					t.Errorf("asked for a token %d times, want %d", got, c.asked)
				}
				if got := len(neighbour.times()); got != 0 {
					t.Errorf("made %d requests without a token, want none", got)
				}
			})
		})
	}
}

func TestAFailureIsTheAnswerForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{body(401, ""), grant("token-1", 60)}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		for range 10 {
			if _, err := tokens.Token(t.Context()); !errors.Is(err, ptpu.ErrDenied) {
				t.Errorf("got error %v, want %v", err, ptpu.ErrDenied)
			}
		}
		if got := len(authority.times()); got != 1 {
			t.Errorf("asked %d times, want 1", got)
		}
		time.Sleep(time.Second)
		wantToken(t, tokens, "token-1")
	})
}

// Who began the request may leave; the others still get their token.
func TestATokenRequestOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := &told{answers: []answer{slow(5*time.Second, grant("token-1", 60))}}
		tokens := newTokens(t, upstream.TokenConfig{Base: authority})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := tokens.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
			}
		})
		synctest.Wait()
		wantToken(t, tokens, "token-1")
		first.Wait()
		if got := len(authority.times()); got != 1 {
			t.Errorf("asked %d times, want 1", got)
		}
	})
}

func TestNewTokensRefusesNonsense(t *testing.T) {
	address := &url.URL{Scheme: "https", Host: "auth.example.org"}
	for name, c := range map[string]upstream.TokenConfig{
		"URL":      {Version: "1", ClientID: "ptpu"},
		"ClientID": {Version: "1", URL: address},
		"Version":  {ClientID: "ptpu", URL: address},
	} {
		if _, err := upstream.NewTokens(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want one that names %s", err, name)
		}
	}
}

func wantToken(t *testing.T, tokens *upstream.Tokens, want string) {
	t.Helper()
	got, err := tokens.Token(t.Context())
	if err != nil || got != want {
		t.Errorf("got token %q and error %v, want %q", got, err, want)
	}
}

// slow gives the answer after a while.
func slow(after time.Duration, then answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
			return then(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}
