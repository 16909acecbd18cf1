package health

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	// mostRead is the most bytes that are read of an answer. What says UP is
	// shorter, and its connection can be used again; a longer one costs its
	// connection.
	mostRead = 16 << 10
	// mostShown is the most bytes that are shown of it.
	mostShown = 1 << 10
)

// Ping asks a neighbour for GET {base}/health/ping with a copy of the client
// that follows no redirect. 2xx is UP. The details are HttpStatus, in Spring's
// words, and the body when it is not UP, or the error when there was no whole
// answer. The client must add no token and answer as the neighbour did.
func Ping(client *http.Client, base *url.URL) Check {
	straight := *client
	straight.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	target := base.JoinPath("health", "ping").String()
	return func(ctx context.Context) Component {
		status, body, err := get(ctx, &straight, target)
		c := Component{Status: Down, Details: map[string]any{}}
		if status != 0 {
			c.Details["HttpStatus"] = springName(status)
		}
		switch {
		case err != nil:
			c.Details["error"] = reason(err)
		case status < 200 || status > 299:
			c.Details["body"] = cut(string(body), mostShown)
		default:
			c.Status = Up
		}
		return c
	}
}

// get is the beginning of what stands there. Status is 0 when there was no
// answer at all.
func get(ctx context.Context, client *http.Client, target string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("making the request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, mostRead))
	if err != nil {
		err = fmt.Errorf("reading the answer: %w", err)
	}
	return response.StatusCode, body, err
}

// springName is the constant of Spring's HttpStatus for the code, or the number
// when Spring has none. Most are the code's usual text; these are not.
func springName(code int) string {
	switch code {
	case http.StatusRequestEntityTooLarge:
		return "PAYLOAD_TOO_LARGE"
	case http.StatusRequestURITooLong:
		return "URI_TOO_LONG"
	case http.StatusTeapot:
		return "I_AM_A_TEAPOT"
	case 419:
		return "INSUFFICIENT_SPACE_ON_RESOURCE"
	case 420:
		return "METHOD_FAILURE"
	case http.StatusMisdirectedRequest:
		return "DESTINATION_LOCKED"
	case 509:
		return "BANDWIDTH_LIMIT_EXCEEDED"
	}
	text := http.StatusText(code)
	if text == "" {
		return strconv.Itoa(code)
	}
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(text))
}
