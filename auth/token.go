package auth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxToken is the length of the longest token that is looked at, in bytes. All
// headers of a request together have 16 KiB.
const maxToken = 12 << 10

// bearer takes the token out of the request's one Authorization header.
func bearer(header http.Header) (string, error) {
	given := header.Values("Authorization")
	if len(given) == 0 {
		return "", ErrNoToken
	}
	if len(given) > 1 {
		return "", invalid("there is more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ErrNoToken
	}
	return strings.TrimLeft(token, " "), nil
}

// forbiddenHead are the members of a token's head that would have us trust a
// key which the token itself brings or points to, or which change what is
// signed. hmpps-auth uses none of them.
var forbiddenHead = []string{"jwk", "jku", "x5u", "x5c", "crit", "b64"}

// keyID reads which key a token claims to be signed with, and refuses every
// form of token that hmpps-auth does not issue before any key is touched: the
// libraries below are more lenient, about blanks and other ways of writing the
// same token.
func keyID(token string) (string, error) {
	if len(token) > maxToken {
		return "", invalid("it is too long")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", invalid("it has not three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var ok bool
		if decoded[i], ok = decode(part); !ok {
			return "", invalid("a part of it is empty or no plain base64url")
		}
	}
	var head members
	if err := json.Unmarshal(decoded[0], &head); err != nil {
		return "", invalid("its head cannot be read")
	}
	if algorithm, ok := head.text("alg"); !ok || algorithm != "RS256" {
		return "", invalid("its algorithm is not RS256")
	}
	for _, name := range forbiddenHead {
		if _, given := head[name]; given {
			return "", invalid("its head has a member that is not taken: " + name)
		}
	}
	id, ok := head.text("kid")
	if !ok || id == "" {
		return "", invalid("it names no key")
	}
	return id, nil
}

// decode reads unpadded base64url that is not empty and has no second spelling.
func decode(part string) (_ []byte, ok bool) {
	if part == "" || strings.ContainsAny(part, "\r\n") { // which encoding/base64 skips, even if strict
		return nil, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return text, err == nil
}
