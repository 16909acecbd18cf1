package telemetry

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// connection is what a connection string says.
type connection struct {
	key      string
	endpoint *url.URL // nil: that of a key alone
}

// CheckConnectionString says everything that is wrong with the connection
// string of an Application Insights resource. It repeats nothing of it.
func CheckConnectionString(text string) error {
	_, err := parseConnection(text)
	return err
}

// parseConnection reads a connection string: name=value parts with semicolons
// between them. Names are read in any case, those that ptpu has no use for are
// passed over.
func parseConnection(text string) (connection, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	values := map[string]string{}
	for n, part := range strings.Split(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !found {
			fault("part %d: want name=value", n+1)
			continue
		}
		if _, twice := values[name]; twice && (name == "instrumentationkey" || name == "ingestionendpoint") {
			fault("part %d: its name was there before", n+1)
		}
		values[name] = strings.TrimSpace(value)
	}
	c := connection{key: values["instrumentationkey"]}
	if len(c.key) != len(uuid.Nil.String()) || uuid.Validate(c.key) != nil {
		fault("InstrumentationKey: want a GUID")
	}
	if endpoint, given := values["ingestionendpoint"]; given {
		var err error
		if c.endpoint, err = parseEndpoint(endpoint); err != nil {
			fault("IngestionEndpoint: %w", err)
		}
	} else if values["endpointsuffix"] != "" {
		// Passed over, it would send the events to another cloud than was meant.
		fault("EndpointSuffix: want IngestionEndpoint in its place")
	}
	return c, errors.Join(faults...)
}

func parseEndpoint(raw string) (*url.URL, error) {
	endpoint, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case endpoint.Scheme != "https" && endpoint.Scheme != "http", endpoint.Hostname() == "":
		return nil, errors.New("want an absolute URL such as https://host/")
	case endpoint.Scheme == "http" && !isLoopback(endpoint.Hostname()):
		return nil, errors.New("want https, because its host is not this machine")
	case endpoint.User != nil:
		return nil, errors.New("want no user or password in the URL")
	case endpoint.RawQuery != "" || endpoint.ForceQuery || endpoint.Fragment != "":
		return nil, errors.New("want no query and no fragment in the URL")
	}
	return endpoint, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
