package auth

import (
	"slices"
	"time"
)

// leeway is by how much the clocks of hmpps-auth and of this machine may differ.
const leeway = 30 * time.Second

// Caller is somebody whose token was found good.
type Caller struct {
	// Name is the token's user_name, or its client_id when no person is behind
	// the call. Never empty.
	Name string
	// Roles are the token's authorities, such as ROLE_PTPU_REPORT.
	Roles []string
}

// Has reports whether the caller has one of the roles.
func (c Caller) Has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(c.Roles, role) })
}

// claims are what a token says; its signature is good.
type claims struct{ members }

// caller judges the claims and says whom they name.
func (c claims) caller(issuer string, now time.Time) (Caller, error) {
	if err := c.inTime(now); err != nil {
		return Caller{}, err
	}
	if named, _ := c.text("iss"); issuer != "" && named != issuer {
		return Caller{}, invalid("another issuer has issued it")
	}
	name, ok := c.name()
	if !ok {
		// Whatever a caller does is put down to a name.
		return Caller{}, invalid("it names neither user_name nor client_id")
	}
	// Authorities of an unforeseen type grant nothing. They do not make the
	// token invalid: we know who calls, and a new token would be no better.
	roles, _ := read[[]string](c.members, "authorities")
	return Caller{Name: name, Roles: roles}, nil
}

// inTime judges exp, which has to be there, and nbf. Both are seconds since
// 1970, a fraction is allowed (RFC 7519, 2).
func (c claims) inTime(now time.Time) error {
	second := float64(now.UnixNano()) / float64(time.Second)
	expires, ok := read[float64](c.members, "exp")
	if !ok {
		return invalid("it does not say when it expires")
	}
	if second >= expires+leeway.Seconds() {
		return invalid("it has expired")
	}
	if _, given := c.members["nbf"]; !given {
		return nil
	}
	begins, ok := read[float64](c.members, "nbf")
	if !ok {
		return invalid("it does not say clearly when it becomes valid")
	}
	if second < begins-leeway.Seconds() {
		return invalid("it is not valid yet")
	}
	return nil
}

// name is who calls. A client that acts for nobody has an empty user_name, null
// or none.
func (c claims) name() (_ string, ok bool) {
	for _, claim := range []string{"user_name", "client_id"} {
		raw, given := c.members[claim]
		if !given || string(raw) == "null" {
			continue
		}
		name, ok := c.text(claim)
		if !ok || name != "" {
			return name, ok
		}
	}
	return "", false
}
