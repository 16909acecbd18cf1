package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ParseBase reads the address below which an API's routes lie, with or without
// a path and a trailing slash. It must be https unless its host is this very
// machine, because a token travels with every call; allowPlain lifts that for
// simulators. The error says what is expected, and repeats nothing of the
// address, which may hold a password by mistake.
func ParseBase(raw string, allowPlain bool) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, errors.New("not a URL")
	}
	switch {
	case base.Scheme != "https" && base.Scheme != "http", base.Hostname() == "":
		return nil, errors.New("want an absolute URL such as https://host/path")
	case base.Scheme == "http" && !allowPlain && !isLoopback(base.Hostname()):
		return nil, fmt.Errorf("want https, because %s is not this machine", base.Hostname())
	case base.User != nil:
		return nil, errors.New("want no user or password in the URL")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("want no query and no fragment in the URL")
	}
	return base, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
