package authtest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// Mutation is a token that must be refused.
type Mutation struct {
	// Name says what is wrong with it.
	Name string
	// Token can travel in an HTTP header of at most 16 KiB.
	Token string
}

// Mutations are wrong in one way each, and otherwise good tokens of a caller
// with the roles. Whoever takes one of them lets in strangers, or depends on
// how a library happens to read what hmpps-auth never writes.
func (a *Authority) Mutations(roles ...string) []Mutation {
	a.mu.Lock()
	signing := a.signing
	a.mu.Unlock()
	f := forge{
		key:   signing,
		head:  object{"alg": "RS256", "typ": "JWT", "kid": signing.id()},
		said:  object(a.Claims(roles...)),
		other: object(a.Claims("ROLE_OF_ANOTHER")),
	}
	return slices.Concat(f.algorithms(), f.signatures(), f.heads(), f.claims(), f.forms())
}

// forge makes tokens that are almost good.
type forge struct {
	key   key
	head  object
	said  object
	other object // what somebody else's good token says
}

// stranger is a key that hmpps-auth does not know.
var stranger = sync.OnceValue(func() key { return key{must(rsa.GenerateKey(rand.Reader, 2048))} })

// sign makes a token of any head and claims, with hmpps-auth's own signature.
func (f forge) sign(head, said string) string {
	return signed(jwt.SigningMethodRS256, f.key.PrivateKey, head, said)
}

// signed makes a token of any head and claims, signed in any way, whatever the
// head says of it.
func signed(method jwt.SigningMethod, key any, head, said string) string {
	text := encode([]byte(head)) + "." + encode([]byte(said))
	return text + "." + encode(must(method.Sign(text, key)))
}

// object is a JSON object to be changed.
type object map[string]any

// absent, as a value, leaves the member out.
type absent struct{}

// with is the object with one member changed, as JSON.
func (o object) with(name string, value any) string {
	changed := maps.Clone(o)
	changed[name] = value
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == absent{} })
	return changed.String()
}

// twice is the object with a member that is there two times.
func (o object) twice(name string, first, second any) string {
	text := o.with(name, absent{})
	return "{" + member(name, first) + "," + text[1:len(text)-1] + "," + member(name, second) + "}"
}

func member(name string, value any) string {
	text := object{name: value}.String()
	return text[1 : len(text)-1]
}

// String is the object as JSON.
func (o object) String() string { return string(must(json.Marshal(map[string]any(o)))) }
