package auth_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"ptpu/auth"
)

func TestOnlyAGoodKeySetTakesThePlaceOfAnother(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(set []byte) answer // set is hmpps-auth's own
		taken  bool
	}{
		"a set of 1 MiB":          {answer: changed(padded(1 << 20)), taken: true},
		"a set of 1 MiB and 1":    {answer: changed(padded(1<<20 + 1))},
		"half a set":              {answer: changed(func(set []byte) []byte { return set[:len(set)/2] })},
		"a set and more":          {answer: changed(func(set []byte) []byte { return append(set, "{}"...) })},
		"nothing":                 {answer: instead("")},
		"a page":                  {answer: instead("<html>Sign in</html>")},
		"null":                    {answer: instead("null")},
		"a list":                  {answer: instead("[]")},
		"an empty set":            {answer: instead(`{"keys": []}`)},
		"keys of the wrong type":  {answer: instead(`{"keys": {}}`)},
		"members that are no key": {answer: instead(`{"keys": [null, 1, "RS256", {}, {"kty": "RSA", "kid": "a"}]}`)},
		"only keys of no use":     {answer: instead(string(keySet(t, oddKeys(t)...)))},
		"a set with status 201":   {answer: func(set []byte) answer { return says(http.StatusCreated, set) }},
		"a set with status 404":   {answer: func(set []byte) answer { return says(http.StatusNotFound, set) }},
		"a set with status 500":   {answer: func(set []byte) answer { return says(http.StatusInternalServerError, set) }},
		"a set that breaks off": {answer: func(set []byte) answer {
			return endsWith(set, func(context.Context) error { return io.ErrUnexpectedEOF })
		}},
		"a set that never ends": {answer: func(set []byte) answer {
			return endsWith(set, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority, w, checker := wired(t)
				running(t, checker)
				before := lasting(authority)
				authority.Rotate()
				w.answers(c.answer(authority.KeySet()))
				time.Sleep(time.Minute)
				_, err := checker.Caller(bringing(authority.Token()))
				if taken := err == nil; taken != c.taken {
					t.Errorf("a token of the new key: got error %v, want taken %v", err, c.taken)
				}
				time.Sleep(time.Hour)
				wantTaken(t, checker, before)
			})
		})
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	stranger := oddKey{private: newKey(t, 2048)}
	stranger.published = jose.JSONWebKey{Key: &stranger.private.PublicKey, KeyID: "stranger"}
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority, w, checker := wired(t)
				w.answers(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == authority.KeysURL().Host {
						return says(status, nil)(r)
					}
					return says(http.StatusOK, keySet(t, stranger))(r)
				})
				wantRefused(t, checker, stranger.mint(t, authority.Claims()), auth.ErrUnavailable)
				w.wantAsked(t, 1)
			})
		})
	}
}

// Whatever hmpps-auth publishes besides its keys for RS256, no token is checked
// with that, and it does no harm to the others.
func TestKeysOfNoUseArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		odd, good := oddKeys(t), oddKey{private: newKey(t, 2048)}
		good.published = jose.JSONWebKey{Key: &good.private.PublicKey, KeyID: "good"}
		strange := []byte(`{"keys":[null,{"kty":"OKP","crv":"Ed448","kid":"a","x":"AA"},{"kty":"RSA","kid":"b","n":"?","e":"AQAB"},`)
		w.answers(says(http.StatusOK, bytes.Replace(keySet(t, append(odd, good)...), []byte(`{"keys":[`), strange, 1)))
		wantTaken(t, checker, good.mint(t, authority.Claims()))
		for _, key := range odd {
			if key.private != nil {
				wantRefused(t, checker, key.mint(t, authority.Claims()), auth.ErrInvalidToken)
			}
		}
	})
}

// Two keys under one id are both taken: one may be replacing the other.
func TestKeysMayShareAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		var both []oddKey
		for range 2 {
			private := newKey(t, 2048)
			both = append(both, oddKey{private, jose.JSONWebKey{Key: &private.PublicKey, KeyID: "one"}})
		}
		w.answers(says(http.StatusOK, keySet(t, both...)))
		for _, key := range both {
			wantTaken(t, checker, key.mint(t, authority.Claims()))
		}
	})
}

// oddKey is a key that an authtest.Authority would not publish, or not like this.
type oddKey struct {
	private   *rsa.PrivateKey // nil: no RSA key
	published jose.JSONWebKey
}

// oddKeys are keys that a set may hold and no token is checked with.
func oddKeys(t *testing.T) []oddKey {
	t.Helper()
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	short, sound := newKey(t, 1024), newKey(t, 2048)
	return []oddKey{
		{nil, jose.JSONWebKey{Key: elliptical.Public(), KeyID: "elliptical"}},
		{nil, jose.JSONWebKey{Key: []byte("secret"), KeyID: "symmetric"}},
		{short, jose.JSONWebKey{Key: &short.PublicKey, KeyID: "short"}},
		{sound, jose.JSONWebKey{Key: &sound.PublicKey, KeyID: "for encryption", Use: "enc"}},
		{sound, jose.JSONWebKey{Key: &sound.PublicKey, KeyID: "for another algorithm", Algorithm: "RS512"}},
		{sound, jose.JSONWebKey{Key: sound, KeyID: "with its secret half"}},
		{sound, jose.JSONWebKey{Key: &sound.PublicKey}},
	}
}

func newKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	return key
}

// mint signs the claims and names the key by its id.
func (k oddKey) mint(t *testing.T, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	token.Header["kid"] = k.published.KeyID
	signed, err := token.SignedString(k.private)
	if err != nil {
		t.Fatalf("signing a token: %v", err)
	}
	return signed
}

func keySet(t *testing.T, keys ...oddKey) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, key.published)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatalf("writing a key set: %v", err)
	}
	return text
}

// changed answers with hmpps-auth's own set, changed.
func changed(how func(set []byte) []byte) func([]byte) answer {
	return func(set []byte) answer { return says(http.StatusOK, how(set)) }
}

// instead answers with a text instead of the set.
func instead(text string) func([]byte) answer {
	return func([]byte) answer { return says(http.StatusOK, []byte(text)) }
}

// padded brings a set to the size.
func padded(size int) func([]byte) []byte {
	return func(set []byte) []byte { return append(set, bytes.Repeat([]byte(" "), size-len(set))...) }
}

// endsWith answers with the set, whose reading ends with an error.
func endsWith(set []byte, end func(context.Context) error) answer {
	return func(r *http.Request) (*http.Response, error) {
		body := io.MultiReader(bytes.NewReader(set), reader(func() error { return end(r.Context()) }))
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
	}
}

type reader func() error

func (f reader) Read([]byte) (int, error) { return 0, f() }
