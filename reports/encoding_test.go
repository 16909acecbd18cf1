package reports

import "testing"

func TestGzipIsSentToThoseWhoAskForIt(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"gzip"}, true},
		{[]string{"GZip"}, true},
		{[]string{"x-gzip"}, true},
		{[]string{"deflate, gzip;q=0.5, br"}, true},
		{[]string{"br", "gzip"}, true},
		{[]string{"gzip;q=0"}, false},
		{[]string{"gzip; Q = 0.000"}, false},
		{[]string{"gzip;q=0, *"}, false},
		{[]string{"*"}, true},
		{[]string{"*;q=0"}, false},
		{[]string{"deflate, *;q=0.1"}, true},
		{[]string{"identity"}, false},
		{[]string{"identity, gzip"}, true},
		{[]string{"identity, gzip;q=0.5"}, false},
		{[]string{"identity;q=0.5, gzip"}, true},
		{[]string{"br"}, false},
		{[]string{"gzip;q=much"}, false},
		{[]string{"gzip;level=9;q=0"}, false},
		{[]string{"bgzip"}, false},
	} {
		if got := acceptsGzip(c.headers); got != c.want {
			t.Errorf("Accept-Encoding %q asks for gzip = %v, want %v", c.headers, got, c.want)
		}
	}
}
