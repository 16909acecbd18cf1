package upstream_test

import (
	"strings"
	"testing"

	"ptpu/upstream"
)

func TestParseBase(t *testing.T) {
	for name, c := range map[string]struct {
		raw   string
		plain bool
		ok    bool
	}{
		"https":                        {raw: "https://prison-api.example.org", ok: true},
		"https with a path":            {raw: "https://sign-in.example.org/auth/", ok: true},
		"plain http":                   {raw: "http://prison-api.example.org"},
		"plain http where allowed":     {raw: "http://simulators:8090/prison", plain: true, ok: true},
		"plain http to localhost":      {raw: "http://localhost:8090", ok: true},
		"plain http to 127.0.0.2":      {raw: "http://127.0.0.2:8090", ok: true},
		"plain http to ::1":            {raw: "http://[::1]:8090", ok: true},
		"a name that begins like this": {raw: "http://localhost.example.org"},
		"no scheme":                    {raw: "prison-api.example.org"},
		"another scheme":               {raw: "ftp://prison-api.example.org"},
		"no host":                      {raw: "https:///path"},
		"nothing":                      {raw: ""},
		"a user":                       {raw: "https://user:hunter2@example.org"},
		"a query":                      {raw: "https://example.org?key=hunter2"},
		"a fragment":                   {raw: "https://example.org#hunter2"},
		"not a URL":                    {raw: "https://hunter2 example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upstream.ParseBase(c.raw, c.plain)
			if ok := err == nil; ok != c.ok {
				t.Errorf("got error %v, want ok %v", err, c.ok)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q shows what may be a password", err)
			}
		})
	}
}
