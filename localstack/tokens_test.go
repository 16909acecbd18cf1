package localstack_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

// status calls a route that needs a token with the one given.
func (s *site) status(bearer string) int {
	s.t.Helper()
	before := s.bearer
	defer func() { s.bearer = before }()
	s.bearer = bearer
	status, _ := s.call(http.MethodGet, "/prison-api/api/bookings/1300101", nil)
	return status
}

func TestTokens(t *testing.T) {
	s := with(t, offenders(jo()))
	token := s.token("ptpu", "ptpu-secret")
	head, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	forged := func(head, payload string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + payload + "." + signature
	}
	stranger := with(t, localstack.People{})
	if err := stranger.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	stranger.bearer = stranger.token("ptpu", "ptpu-secret")
	for name, test := range map[string]struct {
		token string
		want  int
	}{
		"a good one":                {token, 200},
		"none":                      {"", 401},
		"no token at all":           {"nonsense", 401},
		"another world's":           {stranger.bearer, 401},
		"no algorithm":              {forged(`{"alg":"none"}`, payload), 401},
		"somebody else's signature": {head + "." + payload + "." + signature[:len(signature)-4] + "AAAA", 401},
		"altered claims":            {head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":9999999999,"jti":"0-x"}`)) + "." + signature, 401},
	} {
		if got := s.status(test.token); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
	for _, path := range []string{"/auth", "/prison-api", "/offender-search", "/community-api"} {
		s.bearer = ""
		var said map[string]string
		s.get(path+"/health/ping", &said)
		if said["status"] != "UP" {
			t.Errorf("%s ping: got %v, want UP", path, said)
		}
	}
}

func TestEveryRouteWantsAToken(t *testing.T) {
	s := with(t, offenders(jo()))
	s.bearer = ""
	for _, call := range [][2]string{
		{"GET", "/prison-api/api/bookings/1300101"},
		{"GET", "/prison-api/api/bookings/v2?prisonId=MDI"},
		{"GET", "/prison-api/api/prisoners?offenderNo=A1111BC"},
		{"GET", "/prison-api/nowhere"},
		{"POST", "/offender-search/match"},
		{"GET", crnPath + "X100001"},
		{"PUT", crnPath + "X100001/nomsNumber"},
		{"PUT", nomsPath + "A1111BC/custody/bookingNumber/41001A"},
	} {
		if status, body := s.call(call[0], call[1], object{"nomsNumber": "A2222BC"}); status != http.StatusUnauthorized {
			t.Errorf("%s %s: got %d %s, want 401", call[0], call[1], status, body)
		}
	}
	if changes := s.Changes(); len(changes) != 0 {
		t.Errorf("changes: got %v, want none", changes)
	}
	if writes := s.Writes(); len(writes) != 2 || writes[0].Status != http.StatusUnauthorized {
		t.Errorf("writes: got %+v, want two refused ones", writes)
	}
}

func TestTokensEnd(t *testing.T) {
	s := with(t, offenders(jo()))
	if err := s.ExpireTokens(); err != nil {
		t.Fatal(err)
	}
	if got := s.status(s.bearer); got != 401 {
		t.Errorf("after the forced expiry: got %d, want 401", got)
	}
	fresh := s.token("ptpu", "ptpu-secret")
	if got := s.status(fresh); got != 200 {
		t.Errorf("a token from after it: got %d, want 200", got)
	}
	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	if got := s.status(fresh); got != 401 {
		t.Errorf("after the rotation: got %d, want 401", got)
	}
	if got := s.status(s.token("ptpu", "ptpu-secret")); got != 200 {
		t.Errorf("a token from after it: got %d, want 200", got)
	}

	brief := open(t, localstack.Config{People: offenders(jo()), TokenLife: time.Nanosecond})
	if got := brief.status(brief.bearer); got != 401 {
		t.Errorf("a token past its expiry: got %d, want 401", got)
	}
}

func TestWhoGetsAToken(t *testing.T) {
	s := with(t, localstack.People{})
	form := url.Values{"grant_type": {"client_credentials"}}
	for name, test := range map[string]struct {
		id, secret string
		form       url.Values
		want       int
	}{
		"a client":        {"ptpu", "ptpu-secret", form, 200},
		"a wrong secret":  {"ptpu", "guess", form, 401},
		"a stranger":      {"stranger", "ptpu-secret", form, 401},
		"another grant":   {"ptpu", "ptpu-secret", url.Values{"grant_type": {"password"}}, 400},
		"nothing granted": {"ptpu", "ptpu-secret", url.Values{}, 400},
	} {
		if got, body := s.grant(test.id, test.secret, test.form); got != test.want {
			t.Errorf("%s: got %d %s, want %d", name, got, body, test.want)
		}
	}

	encoded := open(t, localstack.Config{Clients: []localstack.Client{
		{ID: "ptpu", Secret: "ptpu-secret"}, {ID: "odd", Secret: "100%/+&"},
	}})
	if status, _ := encoded.grant("odd", url.QueryEscape("100%/+&"), form); status != 200 {
		t.Errorf("a form-encoded secret: got %d, want 200", status)
	}
}

// What a token says, checked with the published key as its readers do.
func TestTokensOfEachRole(t *testing.T) {
	s := with(t, localstack.People{})
	var keys struct {
		Keys []struct {
			ID       string `json:"kid"`
			Modulus  string `json:"n"`
			Exponent string `json:"e"`
		} `json:"keys"`
	}
	s.get("/auth/.well-known/jwks.json", &keys)
	if len(keys.Keys) != 1 {
		t.Fatalf("keys: got %d, want 1", len(keys.Keys))
	}
	key := rsa.PublicKey{
		N: new(big.Int).SetBytes(raw(t, keys.Keys[0].Modulus)),
		E: int(new(big.Int).SetBytes(raw(t, keys.Keys[0].Exponent)).Int64()),
	}
	for id, roles := range map[string][]string{
		"reporter":    {"ROLE_PTPU_REPORT"},
		"queue-admin": {"ROLE_PTPU_QUEUE_ADMIN"},
		"operator":    {"ROLE_PTPU_ADMIN"},
		"nobody":      {},
	} {
		parts := strings.Split(s.token(id, id+"-secret"), ".")
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(&key, crypto.SHA256, sum[:], raw(t, parts[2])); err != nil {
			t.Errorf("%s: signature: %v", id, err)
		}
		var head, said map[string]any
		s.decode(raw(t, parts[0]), &head)
		s.decode(raw(t, parts[1]), &said)
		if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": keys.Keys[0].ID}, head); diff != "" {
			t.Errorf("%s: head (-want +got):\n%s", id, diff)
		}
		var authorities []string
		text, _ := json.Marshal(said["authorities"])
		s.decode(text, &authorities)
		if !slices.Equal(authorities, roles) || said["client_id"] != id || said["iss"] != s.url+"/auth/issuer" {
			t.Errorf("%s: got %v, want the client, its roles %v, and the issuer", id, said, roles)
		}
		if expires := said["exp"].(float64); expires <= float64(time.Now().Unix()) || said["jti"] == "" {
			t.Errorf("%s: got %v, want an expiry to come and an id", id, said)
		}
	}
}

func raw(t *testing.T, part string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
