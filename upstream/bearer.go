package upstream

import "net/http"

// bearer puts the token on each request. A 401 may only mean that the keys of
// hmpps-auth have changed, so it is asked for a new token once and the request
// is made once more, a write too: what was answered 401 has done nothing. A
// second 401 is the answer.
type bearer struct {
	next   http.RoundTripper
	tokens *Tokens
}

func (t bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.tokens.Token(r.Context())
	if err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(authorised(r, token))
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}
	again, ok := rewound(r)
	if !ok {
		return response, nil
	}
	t.tokens.Drop(token)
	if token, err = t.tokens.Token(r.Context()); err != nil {
		return nil, err
	}
	response.Body.Close()
	return t.next.RoundTrip(authorised(again, token))
}

func authorised(r *http.Request, token string) *http.Request {
	request := r.Clone(r.Context())
	request.Header.Set("Authorization", "Bearer "+token)
	return request
}

// rewound is the request with its body at the beginning again; not ok when the
// body can be read only once.
func rewound(r *http.Request) (_ *http.Request, ok bool) {
	request := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return request, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, false
	}
	request.Body = body
	return request, true
}
