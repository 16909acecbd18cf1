package localstack

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keyring signs tokens and knows its own again. There is one key at a time:
// after a rotation nothing that the old one signed is taken.
type keyring struct {
	mu   sync.RWMutex
	key  *rsa.PrivateKey
	id   string
	path string // where the key is kept; empty: nowhere
	// generation goes into each token's id. Raising it refuses all tokens given
	// out so far, whatever their own expiry says.
	generation int
}

// claims are what an hmpps-auth client token says.
type claims struct {
	Subject     string   `json:"sub"`
	ClientID    string   `json:"client_id"`
	Authorities []string `json:"authorities"`
	Scope       []string `json:"scope"`
	AuthSource  string   `json:"auth_source"`
	GrantType   string   `json:"grant_type"`
	Issuer      string   `json:"iss"`
	IssuedAt    int64    `json:"iat"`
	Expires     int64    `json:"exp"`
	ID          string   `json:"jti"`
}

// openKeyring takes the key given, else the one kept in dir, else makes one.
func openKeyring(dir string, key *rsa.PrivateKey) (*keyring, error) {
	ring := &keyring{}
	if dir != "" {
		ring.path = filepath.Join(dir, "signing-key.pem")
		kept, err := readKey(ring.path)
		switch {
		case err == nil:
			ring.use(kept)
			return ring, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if key == nil {
		return ring, ring.rotate()
	}
	if err := ring.keep(key); err != nil {
		return nil, err
	}
	ring.use(key)
	return ring, nil
}

func (k *keyring) use(key *rsa.PrivateKey) {
	sum := sha256.Sum256(key.N.Bytes())
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key, k.id = key, hex.EncodeToString(sum[:8])
}

// rotate makes a new key; it is kept before it signs anything.
func (k *keyring) rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making a signing key: %w", err)
	}
	if err := k.keep(key); err != nil {
		return err
	}
	k.use(key)
	return nil
}

func (k *keyring) keep(key *rsa.PrivateKey) error {
	if k.path == "" {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding the signing key: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return replaceFile(k.path, func(f *os.File) error {
		_, err := f.Write(block)
		return err
	})
}

func readKey(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading the signing key: %s is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading the signing key: %s is not an RSA key", path)
	}
	return key, nil
}

// mint signs a token. Its id is set here.
func (k *keyring) mint(c claims) (token, id string, err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	c.ID = strconv.Itoa(k.generation) + "-" + rand.Text()
	payload, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("encoding claims: %w", err)
	}
	head := fmt.Sprintf(`{"alg":"RS256","typ":"JWT","kid":%q}`, k.id)
	signed := base64url([]byte(head)) + "." + base64url(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", "", fmt.Errorf("signing a token: %w", err)
	}
	return signed + "." + base64url(signature), c.ID, nil
}

// verify says why a token is not taken, or nothing.
func (k *keyring) verify(token string, now time.Time) (refusal string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "Full authentication is required to access this resource"
	}
	// The algorithm that the head claims is never asked: there is only one.
	var head struct {
		KeyID string `json:"kid"`
	}
	var c claims
	if !decodePart(parts[0], &head) || !decodePart(parts[1], &c) {
		return "Cannot convert access token to JSON"
	}
	if head.KeyID != k.id {
		return "No key for this token"
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "Cannot convert access token to JSON"
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&k.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return "Signature does not fit"
	}
	generation, _, _ := strings.Cut(c.ID, "-")
	if now.Unix() >= c.Expires || generation != strconv.Itoa(k.generation) {
		return "Access token expired"
	}
	return ""
}

// public is the key as a JSON web key set.
func (k *keyring) public() map[string]any {
	k.mu.RLock()
	defer k.mu.RUnlock()
	exponent := []byte{byte(k.key.E >> 16), byte(k.key.E >> 8), byte(k.key.E)}
	return map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
		"n": base64url(k.key.N.Bytes()), "e": base64url(exponent),
	}}}
}

// current is the generation of the tokens that are given out now.
func (k *keyring) current() int {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.generation
}

func (k *keyring) setGeneration(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generation = n
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
