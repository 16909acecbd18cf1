package authtest

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// heads are tokens whose head would lead to another key, or to another reading.
func (f forge) heads() []Mutation {
	said := f.said.String()
	var list []Mutation
	for name, id := range map[string]any{
		"no key id": absent{}, "a null key id": nil, "an empty key id": "", "a key id that is a number": 1,
		"a list of key ids": []string{f.key.id()}, "a key id in upper case": strings.ToUpper(f.key.id()),
		"a key id with a blank": f.key.id() + " ", "a key id with a zero byte": f.key.id() + "\x00", "half a key id": f.key.id()[:8],
		"a key id with a star": "*", "a key id that climbs": "../../../../../../dev/null", "a key id that is a path": "/etc/ssl/certs/" + f.key.id(),
		"a key id that is an address": "https://stranger.example.org/keys/" + f.key.id(), "a key id that is a query": "' OR '1'='1",
		"a key id that is a command": "$(id)", "a very long key id": strings.Repeat("k", 6000), "the id of no key": "key-0123456789abcdef",
	} {
		list = append(list, Mutation{name, f.sign(f.head.with("kid", id), said)})
	}
	for name, id := range map[string]string{"an empty file": "../../../../../../dev/null", "nothing": ""} {
		list = append(list, Mutation{"HS256 with a key id that is " + name, signed(jwt.SigningMethodHS256, []byte{}, object{"alg": "HS256", "typ": "JWT", "kid": id}.String(), said)})
	}
	list = append(list,
		Mutation{"two key ids, the known one last", f.sign(f.head.twice("kid", "key-0123456789abcdef", f.key.id()), said)},
		Mutation{"two key ids, the known one first", f.sign(f.head.twice("kid", f.key.id(), "key-0123456789abcdef"), said)},
		Mutation{"a key id under a name in capitals", f.sign(f.upper("kid", "KID"), said)},
	)
	for name, brought := range map[string]object{
		"the stranger's key in jwk":             {"jwk": stranger().jwk()},
		"the stranger's certificate in x5c":     {"x5c": []string{certificate(stranger())}},
		"the address of their keys in jku":      {"jku": "https://stranger.example.org/.well-known/jwks.json"},
		"the address of a certificate in x5u":   {"x5u": "https://stranger.example.org/certificate.pem"},
		"the right keys' address and more, jku": {"jku": "https://sign-in.example.org/auth/.well-known/jwks.json@stranger.example.org"},
	} {
		for member, value := range brought {
			own := object{"alg": "RS256", "typ": "JWT", "kid": stranger().id()}
			list = append(list,
				Mutation{"signed by a stranger, " + name, signed(jwt.SigningMethodRS256, stranger().PrivateKey, own.with(member, value), said)},
				Mutation{"signed by a stranger with the known key's id, " + name, signed(jwt.SigningMethodRS256, stranger().PrivateKey, f.head.with(member, value), said)},
				Mutation{"signed by hmpps-auth, " + name, f.sign(f.head.with(member, value), said)},
			)
		}
	}
	return append(list, f.critical()...)
}

// critical are tokens that ask for what is not understood, and those whose head
// is none.
func (f forge) critical() []Mutation {
	said := f.said.String()
	unencoded := encode([]byte(f.head.with("b64", false))) + "." + said
	return []Mutation{
		{"a critical member that nobody knows", f.sign(f.head.with("crit", []string{"https://example.org/unknown"}), said)},
		{"a critical member that is known", f.sign(f.head.with("crit", []string{"exp"}), said)},
		{"an empty list of critical members", f.sign(f.head.with("crit", []string{}), said)},
		{"critical members that are null", f.sign(f.head.with("crit", nil), said)},
		{"b64 is false", f.sign(f.head.with("b64", false), said)},
		{"b64 is false and critical", f.sign(object{"alg": "RS256", "kid": f.key.id(), "crit": []string{"b64"}}.with("b64", false), said)},
		{"b64 is false, and the claims signed as they are", encode([]byte(f.head.with("b64", false))) + "." + encode([]byte(said)) +
			"." + encode(must(jwt.SigningMethodRS256.Sign(unencoded, f.key.PrivateKey)))},
		{"a head that is not JSON", f.sign("alg=RS256", said)},
		{"a head that is a list", f.sign("["+f.head.String()+"]", said)},
		{"a head that is a string", f.sign(`"RS256"`, said)},
		{"a null head", f.sign("null", said)},
		{"an empty object as head", f.sign("{}", said)},
		{"a head that breaks off", f.sign(strings.TrimSuffix(f.head.String(), "}"), said)},
		{"a head with something after it", f.sign(f.head.String()+"{}", said)},
		{"a head with a byte order mark", f.sign("\ufeff"+f.head.String(), said)},
	}
}

// certificate is one that the key has issued to itself, as x5c holds it.
func certificate(k key) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	return base64.StdEncoding.EncodeToString(must(x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k.PrivateKey)))
}
