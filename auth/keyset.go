package auth

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// maxKeySet is the most that is read of a key set, in bytes.
	maxKeySet = 1 << 20
	// minKeyBits is the length of the shortest RSA key that is taken (RFC 7518, 3.3).
	minKeyBits = 2048
)

// fetchKeys gets the key set of hmpps-auth. Anything but a whole set with a key
// that can be used is an error.
func fetchKeys(ctx context.Context, client *http.Client, address string) (map[string]*oidc.IDTokenVerifier, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Cache-Control", "no-cache") // a proxy's old set would hide a new key
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(text) > maxKeySet {
		return nil, errors.New("more than 1 MiB")
	}
	return verifiers(text)
}

// verifiers are what checks the tokens of each usable key of a set, by key id.
func verifiers(text []byte) (map[string]*oidc.IDTokenVerifier, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("not a JSON web key set")
	}
	keys := map[string][]crypto.PublicKey{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if err := json.Unmarshal(raw, &key); err != nil {
			continue // a key of a kind that we do not know spoils no other (RFC 7517, 5)
		}
		if public, ok := usable(key); ok {
			keys[key.KeyID] = append(keys[key.KeyID], public)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key in it can be used")
	}
	byID := make(map[string]*oidc.IDTokenVerifier, len(keys))
	for id, same := range keys {
		byID[id] = oidc.NewVerifier("", &oidc.StaticKeySet{PublicKeys: same}, &oidc.Config{
			SupportedSigningAlgs: []string{oidc.RS256},
			SkipClientIDCheck:    true, // callers' tokens are for all services
			SkipExpiryCheck:      true, // claims.caller looks at times and issuer
			SkipIssuerCheck:      true,
		})
	}
	return byID, nil
}

// usable is the public key of a set's member that signs tokens with RS256.
func usable(key jose.JSONWebKey) (_ *rsa.PublicKey, ok bool) {
	public, ok := key.Key.(*rsa.PublicKey)
	return public, ok && key.KeyID != "" && public.N.BitLen() >= minKeyBits &&
		(key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == oidc.RS256)
}
