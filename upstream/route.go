package upstream

import (
	"errors"
	"net/url"
	"strings"
)

var (
	errArgs    = errors.New("the route and its arguments do not go together")
	errSegment = errors.New("an argument cannot stand in a path")
)

// locate is the address of a route below base, its {placeholders} filled in
// order. Each argument stays within its own segment whatever it holds. What no
// escaping can keep there is refused: the empty segment, and the dots that a
// proxy would resolve.
func locate(base *url.URL, route string, args []string, query url.Values) (*url.URL, error) {
	var path strings.Builder
	path.WriteString(strings.TrimSuffix(base.EscapedPath(), "/"))
	for segment := range strings.SplitSeq(strings.TrimPrefix(route, "/"), "/") {
		path.WriteByte('/')
		if !strings.HasPrefix(segment, "{") {
			path.WriteString(segment)
			continue
		}
		if len(args) == 0 {
			return nil, errArgs
		}
		switch args[0] {
		case "", ".", "..":
			return nil, errSegment
		}
		path.WriteString(url.PathEscape(args[0]))
		args = args[1:]
	}
	if len(args) > 0 {
		return nil, errArgs
	}
	plain, err := url.PathUnescape(path.String())
	if err != nil {
		return nil, errArgs
	}
	located := *base
	located.Path, located.RawPath = plain, path.String()
	located.RawQuery = query.Encode()
	return &located, nil
}
