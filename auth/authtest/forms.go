package authtest

import (
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// forms are good tokens that are written in another way, and things that are no
// token at all.
func (f forge) forms() []Mutation {
	good := f.sign(f.head.String(), f.said.String())
	parts := strings.Split(good, ".")
	head, said, signature := parts[0], parts[1], parts[2]
	join := func(parts ...string) string { return strings.Join(parts, ".") }
	padded := f.sign(f.head.String(), f.said.with("padding", strings.Repeat("p", 9<<10)))
	long := encode([]byte(f.head.String())) + "=." + said // signed as it is written
	return []Mutation{
		{"no token", ""},
		{"one part", head},
		{"two parts", join(head, said)},
		{"no head", join("", said, signature)},
		{"no claims", join(head, "", signature)},
		{"no signature", join(head, said, "")},
		{"only dots", ".."},
		{"a dot before it", "." + good},
		{"a dot after it", good + "."},
		{"four parts", join(head, said, signature, signature)},
		{"five parts, as if encrypted", join(head, said, signature, said, signature)},
		{"a padded head", join(head+"==", said, signature)},
		{"padded claims", join(head, said+"=", signature)},
		{"a padded signature", good + "=="},
		{"padding that is signed", long + "." + encode(must(jwt.SigningMethodRS256.Sign(long, f.key.PrivateKey)))},
		{"a blank inside", join(head, said[:10]+" "+said[10:], signature)},
		{"a tab inside", join(head, said, signature[:10]+"\t"+signature[10:])},
		{"a dot escaped", strings.Replace(good, ".", "%2E", 1)},
		{"a dot that is another", strings.Replace(good, ".", "\uff0e", 1)},
		{"the token twice", good + "," + good},
		{"the token and the scheme again", "Bearer " + good},
		{"the token in quotes", `"` + good + `"`},
		{"the token in JSON's form", `{"protected":"` + head + `","payload":"` + said + `","signature":"` + signature + `"}`},
		{"the token in JSON's long form", `{"payload":"` + said + `","signatures":[{"protected":"` + head + `","signature":"` + signature + `"}]}`},
		{"a token with an unsigned head", `{"header":` + f.head.String() + `,"payload":"` + said + `","signature":"` + signature + `"}`},
		{"a token as long as a page", padded},
		{"the first half of a token", good[:len(good)/2]},
		{"the second half of a token", good[len(good)/2:]},
		{"a user and a password", "cmVwb3J0ZXI6cmVwb3J0ZXItc2VjcmV0"},
		{"an id instead of a token", "2YotnFZFEjr1zCsicMWpAA"},
		{"the word null", "null"},
	}
}
