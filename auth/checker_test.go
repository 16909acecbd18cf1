package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ptpu/auth"
	"ptpu/auth/authtest"
)

// newChecker makes a Checker that has its keys from the authority and expects
// its issuer.
func newChecker(t *testing.T, authority *authtest.Authority) *auth.Checker {
	t.Helper()
	return configured(t, auth.Config{KeysURL: authority.KeysURL(), HTTP: authority.Client(), Issuer: authtest.Issuer})
}

func configured(t *testing.T, c auth.Config) *auth.Checker {
	t.Helper()
	checker, err := auth.New(c)
	if err != nil {
		t.Fatalf("making the checker: %v", err)
	}
	return checker
}

// with is a request with the Authorization headers.
func with(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header["Authorization"] = headers
	return r
}

// bringing is a request with the token.
func bringing(token string) *http.Request { return with("Bearer " + token) }

func TestAGoodTokenNamesItsCaller(t *testing.T) {
	authority := authtest.New(t)
	checker := newChecker(t, authority)
	for name, c := range map[string]struct {
		claims map[string]any
		want   auth.Caller
	}{
		"a person": {
			claims: map[string]any{"user_name": "TURA_GEN", "client_id": "reporter", "authorities": []string{"ROLE_A", "ROLE_B"}},
			want:   auth.Caller{Name: "TURA_GEN", Roles: []string{"ROLE_A", "ROLE_B"}},
		},
		"a client": {
			claims: map[string]any{"sub": "other", "client_id": "reporter", "authorities": []string{"ROLE_A"}},
			want:   auth.Caller{Name: "reporter", Roles: []string{"ROLE_A"}},
		},
		"a client with an empty user":       {claims: map[string]any{"user_name": "", "client_id": "reporter"}, want: auth.Caller{Name: "reporter"}},
		"a client with a null user":         {claims: map[string]any{"user_name": nil, "client_id": "reporter"}, want: auth.Caller{Name: "reporter"}},
		"no list of roles":                  {claims: map[string]any{"client_id": "reporter"}, want: auth.Caller{Name: "reporter"}},
		"null for roles":                    {claims: map[string]any{"client_id": "reporter", "authorities": nil}, want: auth.Caller{Name: "reporter"}},
		"a role that is not in a list":      {claims: map[string]any{"client_id": "reporter", "authorities": "ROLE_A"}, want: auth.Caller{Name: "reporter"}},
		"roles by name":                     {claims: map[string]any{"client_id": "reporter", "authorities": map[string]any{"ROLE_A": true}}, want: auth.Caller{Name: "reporter"}},
		"roles among other things":          {claims: map[string]any{"client_id": "reporter", "authorities": []any{"ROLE_A", 1}}, want: auth.Caller{Name: "reporter"}},
		"a name in capitals is another one": {claims: map[string]any{"client_id": "reporter", "AUTHORITIES": []string{"ROLE_A"}}, want: auth.Caller{Name: "reporter"}},
	} {
		c.claims["iss"], c.claims["exp"] = authtest.Issuer, time.Now().Unix()+60
		got, err := checker.Caller(bringing(authority.Mint(c.claims)))
		if err != nil {
			t.Errorf("%s: got error %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestACallerHasARole(t *testing.T) {
	caller := auth.Caller{Name: "reporter", Roles: []string{"ROLE_A", "ROLE_B"}}
	for name, c := range map[string]struct {
		roles []string
		want  bool
	}{
		"the role":              {roles: []string{"ROLE_B"}, want: true},
		"any of them suffices":  {roles: []string{"ROLE_C", "ROLE_A"}, want: true},
		"another role":          {roles: []string{"ROLE_C"}},
		"in lower case":         {roles: []string{"role_a"}},
		"its beginning":         {roles: []string{"ROLE_"}},
		"none is nobody's role": {},
	} {
		if got := caller.Has(c.roles...); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestEveryMutationIsRefused(t *testing.T) {
	authority := authtest.New(t)
	checker := newChecker(t, authority)
	good := authority.Token("ROLE_A")
	if _, err := checker.Caller(bringing(good)); err != nil {
		t.Fatalf("the good token: got error %v", err)
	}
	mutations := authority.Mutations("ROLE_A")
	names, tokens := map[string]bool{}, map[string]bool{}
	for _, m := range mutations {
		if names[m.Name] || tokens[m.Token] {
			t.Errorf("%s: got twice, want each once", m.Name)
		}
		if len(m.Token) > 15<<10 {
			t.Errorf("%s: got %d bytes, want what fits in a header", m.Name, len(m.Token))
		}
		names[m.Name], tokens[m.Token] = true, true
		caller, err := checker.Caller(bringing(m.Token))
		if !errors.Is(err, auth.ErrInvalidToken) || caller.Name != "" || caller.Roles != nil {
			t.Errorf("%s: got %+v and error %v, want %v", m.Name, caller, err, auth.ErrInvalidToken)
		}
		for part := range strings.SplitSeq(m.Token, ".") {
			if len(part) > 20 && strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %q shows a part of the token", m.Name, err)
			}
		}
	}
	if len(mutations) < 40 {
		t.Errorf("got %d mutations, want at least 40", len(mutations))
	}
	if _, err := checker.Caller(bringing(authority.Token("ROLE_A"))); err != nil {
		t.Errorf("the good token afterwards: got error %v", err)
	}
}

func TestAnyChangeOfOneCharacterIsRefused(t *testing.T) {
	authority := authtest.New(t)
	checker := newChecker(t, authority)
	good := authority.Token("ROLE_A")
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		instead := rapid.Byte().Draw(t, "instead")
		token := good[:at] + string([]byte{instead}) + good[at+1:]
		caller, err := checker.Caller(bringing(token))
		if refused := errors.Is(err, auth.ErrInvalidToken); refused == (token == good) {
			t.Errorf("got %+v and error %v, want %v", caller, err, auth.ErrInvalidToken)
		}
	})
}

func TestTheTokenIsInOneAuthorizationHeader(t *testing.T) {
	authority := authtest.New(t)
	checker := newChecker(t, authority)
	good := authority.Token()
	for name, c := range map[string]struct {
		headers []string
		want    error
	}{
		"the scheme":                        {headers: []string{"Bearer " + good}},
		"the scheme in lower case":          {headers: []string{"bearer " + good}},
		"the scheme in upper case":          {headers: []string{"BEARER " + good}},
		"more blanks":                       {headers: []string{"Bearer   " + good}},
		"no header":                         {want: auth.ErrNoToken},
		"an empty header":                   {headers: []string{""}, want: auth.ErrNoToken},
		"another scheme":                    {headers: []string{"Basic " + good}, want: auth.ErrNoToken},
		"no scheme":                         {headers: []string{good}, want: auth.ErrNoToken},
		"a scheme that only begins like it": {headers: []string{"BearerX " + good}, want: auth.ErrNoToken},
		"a tab":                             {headers: []string{"Bearer\t" + good}, want: auth.ErrNoToken},
		"the scheme alone":                  {headers: []string{"Bearer"}, want: auth.ErrInvalidToken},
		"twice":                             {headers: []string{"Bearer " + good, "Bearer " + good}, want: auth.ErrInvalidToken},
		"after another scheme":              {headers: []string{"Basic abc", "Bearer " + good}, want: auth.ErrInvalidToken},
		"a line feed inside":                {headers: []string{"Bearer " + good[:50] + "\n" + good[50:]}, want: auth.ErrInvalidToken},
		"a line feed after it":              {headers: []string{"Bearer " + good + "\n"}, want: auth.ErrInvalidToken},
		"a carriage return in the head":     {headers: []string{"Bearer " + good[:5] + "\r" + good[5:]}, want: auth.ErrInvalidToken},
	} {
		if _, err := checker.Caller(with(c.headers...)); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
	}
}

func TestClocksMayDifferBy30Seconds(t *testing.T) {
	for name, c := range map[string]struct {
		claim string
		from  time.Duration // now to what the claim says
		ok    bool
	}{
		"expires in a second":             {claim: "exp", from: time.Second, ok: true},
		"expires now":                     {claim: "exp", ok: true},
		"expired 29 seconds ago":          {claim: "exp", from: -29 * time.Second, ok: true},
		"expired almost 30 seconds ago":   {claim: "exp", from: -30*time.Second + time.Millisecond, ok: true},
		"expired 30 seconds ago":          {claim: "exp", from: -30 * time.Second},
		"expired 31 seconds ago":          {claim: "exp", from: -31 * time.Second},
		"valid since a second ago":        {claim: "nbf", from: -time.Second, ok: true},
		"valid in 29 seconds":             {claim: "nbf", from: 29 * time.Second, ok: true},
		"valid in 30 seconds":             {claim: "nbf", from: 30 * time.Second, ok: true},
		"valid in a little more than 30":  {claim: "nbf", from: 30*time.Second + time.Millisecond},
		"valid in 31 seconds":             {claim: "nbf", from: 31 * time.Second},
		"issued in an hour: nobody looks": {claim: "iat", from: time.Hour, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority := authtest.New(t)
				claims := authority.Claims()
				claims[c.claim] = float64(time.Now().Add(c.from).UnixMilli()) / 1000
				_, err := newChecker(t, authority).Caller(bringing(authority.Mint(claims)))
				if ok := err == nil; ok != c.ok || !ok && !errors.Is(err, auth.ErrInvalidToken) {
					t.Errorf("got error %v, want ok %v", err, c.ok)
				}
			})
		})
	}
}

// Without a beginning a token is valid from the start.
func TestABeginningIsNotRequired(t *testing.T) {
	authority := authtest.New(t)
	claims := authority.Claims()
	delete(claims, "nbf")
	if _, err := newChecker(t, authority).Caller(bringing(authority.Mint(claims))); err != nil {
		t.Errorf("got error %v", err)
	}
}

func TestTheIssuerIsCheckedOnlyIfConfigured(t *testing.T) {
	authority := authtest.New(t)
	claims := authority.Claims()
	for _, issuer := range []any{"https://another.example.org", nil, 1} {
		claims["iss"] = issuer
		token := authority.Mint(claims)
		if _, err := newChecker(t, authority).Caller(bringing(token)); !errors.Is(err, auth.ErrInvalidToken) {
			t.Errorf("issuer %v, checked: got error %v, want %v", issuer, err, auth.ErrInvalidToken)
		}
	}
	lenient := configured(t, auth.Config{KeysURL: authority.KeysURL(), HTTP: authority.Client()})
	for _, issuer := range []any{"https://another.example.org", "", nil} {
		claims["iss"] = issuer
		if _, err := lenient.Caller(bringing(authority.Mint(claims))); err != nil {
			t.Errorf("issuer %v, not checked: got error %v", issuer, err)
		}
	}
}

func TestNewRefusesNonsenseByItsName(t *testing.T) {
	authority := authtest.New(t)
	for field, c := range map[string]auth.Config{
		"KeysURL": {HTTP: authority.Client()},
		"HTTP":    {KeysURL: authority.KeysURL()},
	} {
		if _, err := auth.New(c); err == nil || !strings.Contains(err.Error(), "auth.Config."+field) {
			t.Errorf("without %s: got error %v, want it named", field, err)
		}
	}
}
