package upstream

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLocate(t *testing.T) {
	const route = "/api/bookings/{bookingId}/movement/{movementSeq}"
	for name, c := range map[string]struct {
		base  string
		args  []string
		query url.Values
		want  string // empty: refused
	}{
		"no prefix":              {base: "https://host", args: []string{"1", "2"}, want: "https://host/api/bookings/1/movement/2"},
		"a trailing slash":       {base: "https://host/", args: []string{"1", "2"}, want: "https://host/api/bookings/1/movement/2"},
		"a prefix":               {base: "https://host/a/b", args: []string{"1", "2"}, want: "https://host/a/b/api/bookings/1/movement/2"},
		"a prefix and a slash":   {base: "https://host/a/b/", args: []string{"1", "2"}, want: "https://host/a/b/api/bookings/1/movement/2"},
		"an escaped prefix":      {base: "https://host/a%2Fb", args: []string{"1", "2"}, want: "https://host/a%2Fb/api/bookings/1/movement/2"},
		"a slash":                {base: "https://host", args: []string{"41001/A", "2"}, want: "https://host/api/bookings/41001%2FA/movement/2"},
		"a question mark":        {base: "https://host", args: []string{"1?x=y", "2"}, want: "https://host/api/bookings/1%3Fx=y/movement/2"},
		"escaped already":        {base: "https://host", args: []string{"%2e%2e", "2"}, want: "https://host/api/bookings/%252e%252e/movement/2"},
		"a query":                {base: "https://host", args: []string{"1", "2"}, query: url.Values{"a": {"x&y"}}, want: "https://host/api/bookings/1/movement/2?a=x%26y"},
		"an empty segment":       {base: "https://host", args: []string{"", "2"}},
		"a dot":                  {base: "https://host", args: []string{".", "2"}},
		"two dots":               {base: "https://host", args: []string{"1", ".."}},
		"an argument too few":    {base: "https://host", args: []string{"1"}},
		"and one too many":       {base: "https://host", args: []string{"1", "2", "3"}},
		"no arguments where two": {base: "https://host"},
	} {
		t.Run(name, func(t *testing.T) {
			base, err := url.Parse(c.base)
			if err != nil {
				t.Fatal(err)
			}
			located, err := locate(base, route, c.args, c.query)
			if c.want == "" {
				if err == nil {
					t.Errorf("got %s, want it refused", located)
				}
				return
			}
			if err != nil || located.String() != c.want {
				t.Errorf("got %v and error %v, want %s", located, err, c.want)
			}
			if base.String() != c.base {
				t.Errorf("base became %s", base)
			}
		})
	}
}

// Whatever an argument holds, the other side reads it back from one segment.
func TestAnArgumentStaysInItsSegment(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "host", Path: "/prefix"}
	rapid.Check(t, func(t *rapid.T) {
		arg := rapid.String().Draw(t, "arg")
		located, err := locate(base, "/a/{arg}/b", []string{arg}, nil)
		if err != nil {
			if arg != "" && arg != "." && arg != ".." {
				t.Fatalf("refused %q: %v", arg, err)
			}
			return
		}
		received, err := url.ParseRequestURI(located.RequestURI())
		if err != nil {
			t.Fatalf("sent %q, which cannot be read: %v", located.RequestURI(), err)
		}
		segments := strings.Split(received.EscapedPath(), "/")
		if len(segments) != 5 || received.RawQuery != "" {
			t.Fatalf("%q became %q", arg, received.RequestURI())
		}
		if got, err := url.PathUnescape(segments[3]); err != nil || got != arg {
			t.Fatalf("got %q and error %v, want %q", got, err, arg)
		}
	})
}
