// Package authtest is an hmpps-auth for tests of what auth guards: it makes up
// keys, publishes them, signs tokens with them, and knows many ways in which a
// token can be wrong (Mutations). It needs no sockets, so that it works in a
// synctest bubble too.
package authtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer is what an Authority's tokens name as their issuer. Some Mutations are
// wrong in that alone, so the checker under test must expect it.
const Issuer = "https://sign-in.example.org/auth/issuer"

// Authority issues tokens and publishes the keys to check them with. It is safe
// for concurrent use.
type Authority struct {
	tb testing.TB

	mu        sync.Mutex
	made      int
	signing   key
	published []key
}

// New makes an Authority with one key.
func New(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{tb: tb}
	a.Rotate()
	a.Withdraw()
	return a
}

// Rotate has a new key sign from now on. The earlier ones stay published.
func (a *Authority) Rotate() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signing = nth(a.tb, a.made)
	a.made++
	a.published = append(a.published, a.signing)
}

// Withdraw publishes no key any longer but the one that signs.
func (a *Authority) Withdraw() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.published = []key{a.signing}
}

// KeysURL is where the keys are, for the Client.
func (a *Authority) KeysURL() *url.URL {
	return &url.URL{Scheme: "https", Host: "sign-in.example.org", Path: "/auth/.well-known/jwks.json"}
}

// Client reaches the Authority, and nothing else.
func (a *Authority) Client() *http.Client { return &http.Client{Transport: near{a}} }

// ServeHTTP answers every request with the published keys.
func (a *Authority) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(a.KeySet())
}

// KeySet is the JSON web key set that is published.
func (a *Authority) KeySet() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	set := map[string][]map[string]string{"keys": {}}
	for _, k := range a.published {
		set["keys"] = append(set["keys"], k.jwk())
	}
	return must(json.Marshal(set))
}

// Claims are those of a good token of a person with the roles, valid for an
// hour.
func (a *Authority) Claims(roles ...string) map[string]any {
	now := time.Now().Unix()
	return map[string]any{
		"sub": "TURA_GEN", "user_name": "TURA_GEN", "client_id": "reporter", "auth_source": "nomis",
		"authorities": slices.Concat([]string{}, roles), "scope": []string{"read", "write"}, "grant_type": "authorization_code",
		"iss": Issuer, "iat": now, "nbf": now, "exp": now + 3600, "jti": rand.Text(),
	}
}

// Token is a good token of a caller with the roles.
func (a *Authority) Token(roles ...string) string { return a.Mint(a.Claims(roles...)) }

// TokenOf is a good token of a client that acts for nobody else.
func (a *Authority) TokenOf(client string, roles ...string) string {
	said := a.Claims(roles...)
	maps.DeleteFunc(said, func(name string, _ any) bool { return name == "user_name" })
	said["sub"], said["client_id"], said["grant_type"] = client, client, "client_credentials"
	return a.Mint(said)
}

// Mint signs whatever claims with the current key.
func (a *Authority) Mint(claims map[string]any) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	token.Header["kid"] = a.signing.id()
	return must(token.SignedString(a.signing.PrivateKey))
}

// near carries requests to a handler in this process.
type near struct{ http.Handler }

func (n near) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	n.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// key is an RSA key with an id that follows from it.
type key struct{ *rsa.PrivateKey }

func (k key) id() string {
	sum := sha256.Sum256(k.N.Bytes())
	return "key-" + hex.EncodeToString(sum[:8])
}

func (k key) jwk() map[string]string {
	return map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id(),
		"n": encode(k.N.Bytes()), "e": encode(big.NewInt(int64(k.E)).Bytes()),
	}
}

// pool holds the keys made so far: making one takes long, and no test looks at
// the keys of two authorities.
var pool struct {
	sync.Mutex
	keys []key
}

func nth(tb testing.TB, n int) key {
	tb.Helper()
	pool.Lock()
	defer pool.Unlock()
	for len(pool.keys) <= n {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			tb.Fatalf("making a key: %v", err)
		}
		pool.keys = append(pool.keys, key{made})
	}
	return pool.keys[n]
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// must is for what fails only when this package is wrong.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
