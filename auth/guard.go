package auth

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Access says who may use a route. The zero value is nobody.
type Access struct {
	// Open lets everybody in, with a token or without.
	Open bool
	// Roles let in whoever has one of them.
	Roles []string
}

// Guard lets through to the mux only those who may use the route that they ask
// for; access says who may, by the mux's pattern, such as
// "GET /report/in-progress". Everybody else gets a problem as JSON (RFC 9457):
//
//	401  without a valid token, whether the route exists or not
//	403  with one, on a route that none of the caller's roles opens, or no rule
//	404  with one, where there is no such route; 405 when only the method is wrong
//	503  when the keys of hmpps-auth could not be had yet
//
// Handlers learn who calls from CallerOf. On an open route the caller is known
// too if the token is good; one that is not changes nothing there, and nobody
// waits for keys. The request's Pattern is set before anything is answered, for
// those who measure around the guard.
func (c *Checker) Guard(mux *http.ServeMux, access func(pattern string) Access) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		r.Pattern = pattern
		var allowed Access
		if pattern != "" {
			allowed = access(pattern)
		}
		caller, err := c.caller(r, !allowed.Open)
		if err == nil {
			r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
		}
		switch {
		case allowed.Open, err == nil && caller.Has(allowed.Roles...):
			mux.ServeHTTP(w, r)
		case err != nil:
			c.refuse(w, err)
		case pattern == "":
			refuseUnknown(w, r, handler)
		default:
			forbid(w, allowed)
		}
	})
}

type callerKey struct{}

// CallerOf is who makes the request that a Guard has let through; not ok on an
// open route without a good token.
func CallerOf(ctx context.Context) (_ Caller, ok bool) {
	caller, ok := ctx.Value(callerKey{}).(Caller)
	return caller, ok
}

// refuse answers a request whose caller is not known.
func (c *Checker) refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrUnavailable):
		w.Header().Set("Retry-After", strconv.Itoa(c.keys.retryAfter()))
		problem(w, http.StatusServiceUnavailable, "The token cannot be checked: the keys of hmpps-auth could not be fetched yet.")
	case errors.Is(err, ErrNoToken):
		w.Header().Set("WWW-Authenticate", challenge)
		problem(w, http.StatusUnauthorized, "This needs a bearer token of hmpps-auth.")
	default:
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		problem(w, http.StatusUnauthorized, err.Error())
	}
}

// challenge tells how to prove who one is (RFC 6750, 3).
const challenge = `Bearer realm="ptpu"`

// forbid answers a caller without the role.
func forbid(w http.ResponseWriter, allowed Access) {
	w.Header().Set("WWW-Authenticate", challenge+`, error="insufficient_scope"`)
	detail := "Nobody may use this."
	if len(allowed.Roles) > 0 {
		detail = "This needs the role " + strings.Join(allowed.Roles, " or ") + "."
	}
	problem(w, http.StatusForbidden, detail)
}
