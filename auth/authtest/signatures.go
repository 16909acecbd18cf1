package authtest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// signatures are tokens whose signature is not that of hmpps-auth over just
// this head and these claims.
func (f forge) signatures() []Mutation {
	head, said := f.head.String(), f.said.String()
	text := encode([]byte(head)) + "." + encode([]byte(said))
	good := must(jwt.SigningMethodRS256.Sign(text, f.key.PrivateKey))
	change := func(how func(signature []byte) []byte) string { return text + "." + encode(how(bytes.Clone(good))) }
	foreign := must(jwt.SigningMethodRS256.Sign(text, stranger().PrivateKey))
	sum := sha256.Sum256([]byte(text))
	bare := must(rsa.SignPKCS1v15(rand.Reader, f.key.PrivateKey, 0, sum[:]))
	part := func(s string) string { return encode([]byte(s)) }
	return []Mutation{
		{"signed by a stranger with the known key's id", text + "." + encode(foreign)},
		{"signed by a stranger with an id of their own", signed(jwt.SigningMethodRS256, stranger().PrivateKey, f.head.with("kid", stranger().id()), said)},
		{"one bit of the signature changed", change(func(s []byte) []byte { s[17] ^= 1; return s })},
		{"the signature without its last byte", change(func(s []byte) []byte { return s[:len(s)-1] })},
		{"the signature without its first byte", change(func(s []byte) []byte { return s[1:] })},
		{"half of the signature", change(func(s []byte) []byte { return s[:len(s)/2] })},
		{"the signature with a byte after it", change(func(s []byte) []byte { return append(s, 0) })},
		{"the signature with a byte before it", change(func(s []byte) []byte { return append([]byte{0}, s...) })},
		{"the signature twice", change(func(s []byte) []byte { return append(s, s...) })},
		{"the signature backwards", change(func(s []byte) []byte { slices.Reverse(s); return s })},
		{"a signature of zeros", change(func(s []byte) []byte { return make([]byte, len(s)) })},
		{"a signature of one", change(func(s []byte) []byte { return append(make([]byte, len(s)-1), 1) })},
		{"the bare digest as the signature", change(func([]byte) []byte { return sum[:] })},
		{"a signature that does not name its digest", text + "." + encode(bare)},
		{"the signature of another token", f.other.after(head) + "." + encode(good)},
		{"a role added under the signature", part(head) + "." + part(f.said.with("authorities", []string{"ROLE_ADDED", "ROLE_PTPU_ADMIN"})) + "." + encode(good)},
		{"a later end under the signature", part(head) + "." + part(f.said.with("exp", 1<<40)) + "." + encode(good)},
		{"a member added to the head under the signature", part(f.head.with("cty", "JWT")) + "." + part(said) + "." + encode(good)},
		{"a blank added to the claims under the signature", part(head) + "." + part(said+" ") + "." + encode(good)},
		{"head and claims exchanged", part(said) + "." + part(head) + "." + encode(good)},
		{"the signature with a second spelling", text + "." + respell(encode(good))},
		{"the signature in base64's other alphabet", f.otherAlphabet()},
	}
}

func (o object) after(head string) string {
	return encode([]byte(head)) + "." + encode([]byte(o.String()))
}

// respell sets a bit of the last character that is not used: lenient decoders
// read the same bytes.
func respell(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + alphabet[last^1:last^1+1]
}

// otherAlphabet is a good token whose signature is written in base64 instead of
// base64url.
func (f forge) otherAlphabet() string {
	for {
		token := f.sign(f.head.String(), f.said.with("jti", rand.Text()))
		end := strings.LastIndex(token, ".") + 1
		signature := must(base64.RawURLEncoding.DecodeString(token[end:]))
		if other := base64.RawStdEncoding.EncodeToString(signature); other != token[end:] {
			return token[:end] + other
		}
	}
}
