package authtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// algorithms are tokens that are not signed with RS256, or do not say so.
func (f forge) algorithms() []Mutation {
	list := f.unsigned()
	for name, secret := range f.publicSecrets() {
		list = append(list, Mutation{"HS256 with " + name + " as the secret", signed(jwt.SigningMethodHS256, secret, f.head.with("alg", "HS256"), f.said.String())})
	}
	for _, method := range []jwt.SigningMethod{
		jwt.SigningMethodRS384, jwt.SigningMethodRS512, jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
	} {
		list = append(list,
			Mutation{method.Alg() + " with the right key", signed(method, f.key.PrivateKey, f.head.with("alg", method.Alg()), f.said.String())},
			Mutation{method.Alg() + " that says RS256", signed(method, f.key.PrivateKey, f.head.String(), f.said.String())},
		)
	}
	elliptical := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	list = append(list,
		Mutation{"ES256", signed(jwt.SigningMethodES256, elliptical, f.head.with("alg", "ES256"), f.said.String())},
		Mutation{"EdDSA", signed(jwt.SigningMethodEdDSA, must(edwards, err), f.head.with("alg", "EdDSA"), f.said.String())},
	)
	for name, alg := range map[string]any{
		"no algorithm": absent{}, "a null algorithm": nil, "an empty algorithm": "", "an algorithm in lower case": "rs256",
		"an algorithm with a blank": "RS256 ", "a list of algorithms": []string{"RS256"}, "an algorithm that is a number": 256,
		"an algorithm nobody has": "RS257", "an algorithm for encryption": "RSA-OAEP", "an algorithm in the long form": "RSASSA-PKCS1-v1_5",
	} {
		list = append(list, Mutation{name, f.sign(f.head.with("alg", alg), f.said.String())})
	}
	return append(list, Mutation{"two algorithms, the right one last", f.sign(f.head.twice("alg", "none", "RS256"), f.said.String())},
		Mutation{"two algorithms, the right one first", f.sign(f.head.twice("alg", "RS256", "none"), f.said.String())},
		Mutation{"an algorithm under a name in capitals", f.sign(f.upper("alg", "ALG"), f.said.String())})
}

// unsigned are tokens that say they need no signature.
func (f forge) unsigned() []Mutation {
	var list []Mutation
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		text := encode([]byte(f.head.with("alg", none))) + "." + encode([]byte(f.said.String()))
		list = append(list,
			Mutation{fmt.Sprintf("algorithm %s, no signature", none), text + "."},
			Mutation{fmt.Sprintf("algorithm %s, with a signature", none), f.sign(f.head.with("alg", none), f.said.String())},
		)
	}
	text := encode([]byte(f.head.with("alg", "none"))) + "." + encode([]byte(f.said.String()))
	return append(list, Mutation{"algorithm none, two parts", text})
}

// publicSecrets are the ways to write down the public key, which everybody knows.
func (f forge) publicSecrets() map[string][]byte {
	public := f.key.Public()
	pkix, pkcs1 := must(x509.MarshalPKIXPublicKey(public)), x509.MarshalPKCS1PublicKey(&f.key.PublicKey)
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	pemText := block("PUBLIC KEY", pkix)
	return map[string][]byte{
		"the public key's PEM":             pemText,
		"the PEM without its last newline": pemText[:len(pemText)-1],
		"the public key's DER":             pkix,
		"the PKCS #1 PEM":                  block("RSA PUBLIC KEY", pkcs1),
		"the PKCS #1 DER":                  pkcs1,
		"the modulus":                      f.key.N.Bytes(),
		"the modulus in base64url":         []byte(encode(f.key.N.Bytes())),
		"the JSON web key":                 must(json.Marshal(f.key.jwk())),
		"the key id":                       []byte(f.key.id()),
		"nothing":                          {},
	}
}

// upper is the head with a member under another name.
func (f forge) upper(name, instead string) string {
	head := object{instead: f.head[name]}
	for other, value := range f.head {
		if other != name {
			head[other] = value
		}
	}
	return head.String()
}
