package upstream

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// The rhythm of renewal.
const (
	// renewalMargin is how long before its end a token is renewed; a fifth of
	// its life when that is shorter. An outage of hmpps-auth shorter than this
	// is never noticed.
	renewalMargin = 5 * time.Minute
	// tokenPause is how long a failure to get a token is the answer for
	// everyone, so that many calls do not besiege a hmpps-auth in trouble.
	tokenPause = time.Second
)

// TokenConfig says how ptpu gets its own token.
type TokenConfig struct {
	// URL is the token endpoint: {OAUTH}/oauth/token.
	URL *url.URL
	// ClientID and ClientSecret are ptpu's credentials, sent by HTTP Basic.
	ClientID     string
	ClientSecret string
	// Version and Timeout are those of Config. The timeout is the deadline of
	// getting one token, its repeat included.
	Version string
	Timeout time.Duration
	// Circuit protects hmpps-auth, and ptpu from its outages; nil: nothing
	// does. One failed request for a token, its repeat included, is one failure:
	// set CircuitConfig.Enough to 1.
	Circuit *Circuit
	// Base is Config's, for tests.
	Base http.RoundTripper
}

// Tokens keeps ptpu's token for the calls to all neighbours. A token is renewed
// in the background some time before it ends, so that usually no call waits for
// one; without a valid token callers wait, all for the same request. It is safe
// for concurrent use.
type Tokens struct {
	credentials clientcredentials.Config
	http        *http.Client
	timeout     time.Duration

	mu      sync.Mutex
	token   string
	renew   time.Time // zero: the token says no end
	ends    time.Time
	request *tokenRequest // the one under way, or nil
	paused  time.Time     // until then failure is the answer
	failure error
}

// tokenRequest is a request for a token, under way. Its results may be read once
// done is closed.
type tokenRequest struct {
	done  chan struct{}
	token string
	err   error
}

// NewTokens makes a Tokens that has no token yet.
func NewTokens(c TokenConfig) (*Tokens, error) {
	if c.URL == nil {
		return nil, errors.New("upstream.TokenConfig.URL: want the token endpoint")
	}
	if c.ClientID == "" {
		return nil, errors.New("upstream.TokenConfig.ClientID: want ptpu's client id")
	}
	client, err := New(Config{
		Version:     c.Version,
		Timeout:     c.Timeout,
		Concurrency: 1,
		Safe:        func(*http.Request) bool { return true }, // it changes nothing there
		Base:        c.Base,
		fetches:     c.Circuit,
	})
	if err != nil {
		return nil, err
	}
	return &Tokens{
		credentials: clientcredentials.Config{
			ClientID:     c.ClientID,
			ClientSecret: c.ClientSecret,
			TokenURL:     c.URL.String(),
			AuthStyle:    oauth2.AuthStyleInHeader,
		},
		http:    client,
		timeout: cmp.Or(c.Timeout, DefaultTimeout),
	}, nil
}

// Token is a token that is valid as far as is known. It waits for one only when
// there is none, until ctx ends: then the error is ctx's, otherwise a
// *TokenError. At start it tells whether ptpu's credentials are good.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	t.mu.Lock()
	now := time.Now()
	if t.token != "" && (t.ends.IsZero() || now.Before(t.ends)) {
		defer t.mu.Unlock()
		if !t.renew.IsZero() && !now.Before(t.renew) && !now.Before(t.paused) {
			t.fetch(ctx)
		}
		return t.token, nil
	}
	if now.Before(t.paused) {
		defer t.mu.Unlock()
		return "", t.failure
	}
	request := t.fetch(ctx)
	t.mu.Unlock()
	select {
	case <-request.done:
		return request.token, request.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Drop forgets a token that was refused, unless another has taken its place
// already.
func (t *Tokens) Drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

// CloseIdleConnections closes the connections to hmpps-auth that are not in use.
func (t *Tokens) CloseIdleConnections() { t.http.CloseIdleConnections() }

// fetch is the request under way, begun now if there is none. It outlives the
// caller who began it, because others wait for it too. The lock is held.
func (t *Tokens) fetch(ctx context.Context) *tokenRequest {
	if t.request == nil {
		t.request = &tokenRequest{done: make(chan struct{})}
		go t.finish(context.WithoutCancel(ctx), t.request)
	}
	return t.request
}

func (t *Tokens) finish(ctx context.Context, request *tokenRequest) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, t.http), t.timeout)
	defer cancel()
	asked := time.Now()
	token, err := t.credentials.Token(ctx)

	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(request.done)
	t.request = nil
	if err != nil {
		request.err = newTokenError(err)
		if held := (*HeldError)(nil); !errors.As(err, &held) { // then hmpps-auth was not asked
			t.failure, t.paused = request.err, time.Now().Add(tokenPause)
		}
		return
	}
	request.token = token.AccessToken
	t.token, t.ends, t.renew = token.AccessToken, token.Expiry, time.Time{}
	if !token.Expiry.IsZero() {
		t.renew = token.Expiry.Add(-min(renewalMargin, token.Expiry.Sub(asked)/5))
	}
}
