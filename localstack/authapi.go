package localstack

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client is somebody who may ask hmpps-auth for a token.
type Client struct {
	ID          string   `json:"id"`
	Secret      string   `json:"secret"`
	Authorities []string `json:"authorities"`
}

// Clients are the clients of a world that names no others: the service itself,
// and an invented caller of each role.
func Clients() []Client {
	return []Client{
		{"ptpu", "ptpu-secret", []string{"ROLE_COMMUNITY", "ROLE_COMMUNITY_CUSTODY_UPDATE", "ROLE_SYSTEM_USER"}},
		{"reporter", "reporter-secret", []string{"ROLE_PTPU_REPORT"}},
		{"queue-admin", "queue-admin-secret", []string{"ROLE_PTPU_QUEUE_ADMIN"}},
		{"operator", "operator-secret", []string{"ROLE_PTPU_ADMIN"}},
		{"nobody", "nobody-secret", []string{}},
	}
}

// token answers a client that asks for a token of its own.
func (w *World) token(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return oauthProblem(http.StatusBadRequest, "invalid_request", "The body is not a form")
	}
	client, known := w.client(c.Request)
	if !known {
		return oauthProblem(http.StatusUnauthorized, "invalid_client", "Bad client credentials")
	}
	grant := form.Get("grant_type")
	if grant == "" {
		grant = c.URL.Query().Get("grant_type")
	}
	if grant != "client_credentials" {
		return oauthProblem(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: "+grant)
	}
	now := time.Now()
	said := claims{
		Subject:     client.ID,
		ClientID:    client.ID,
		Authorities: client.Authorities,
		Scope:       []string{"read", "write"},
		AuthSource:  "none",
		GrantType:   grant,
		Issuer:      w.issuer(c.Request),
		IssuedAt:    now.Unix(),
		Expires:     now.Add(w.cfg.TokenLife).Unix(),
	}
	token, id, err := w.keys.mint(said)
	if err != nil {
		return oauthProblem(http.StatusInternalServerError, "server_error", err.Error())
	}
	return ok(map[string]any{
		"access_token": token, "token_type": "bearer", "expires_in": said.Expires - said.IssuedAt,
		"scope": "read write", "sub": said.Subject, "auth_source": said.AuthSource, "jti": id, "iss": said.Issuer,
	})
}

// client is who the request's Basic credentials name. OAuth has both parts
// form-encoded first; those that need no encoding come out the same.
func (w *World) client(r *http.Request) (Client, bool) {
	id, secret, given := r.BasicAuth()
	if !given {
		return Client{}, false
	}
	if plain, err := url.QueryUnescape(id); err == nil {
		id = plain
	}
	if plain, err := url.QueryUnescape(secret); err == nil {
		secret = plain
	}
	i := slices.IndexFunc(w.cfg.Clients, func(c Client) bool { return c.ID == id && c.Secret == secret })
	if i < 0 {
		return Client{}, false
	}
	return w.cfg.Clients[i], true
}

func (w *World) issuer(r *http.Request) string {
	if w.cfg.Issuer != "" {
		return w.cfg.Issuer
	}
	return "http://" + r.Host + bases[HMPPSAuth] + "/issuer"
}

func (w *World) publicKeys(*call) answer { return ok(w.keys.public()) }

// admit says why a request may not come in, or nothing.
func (w *World) admit(r *http.Request) (refusal string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "Full authentication is required to access this resource"
	}
	return w.keys.verify(token, time.Now())
}

func oauthProblem(status int, code, text string) answer {
	return answer{status: status, body: map[string]string{"error": code, "error_description": text}}
}
