package health_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"ptpu/health"
)

// carrier answers in place of a neighbour and remembers what it was asked.
type carrier struct {
	answer func(*http.Request) (*http.Response, error)
	asked  []*http.Request
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked = append(c.asked, r)
	return c.answer(r)
}

// says answers with the status and the body.
func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Location": {"/elsewhere"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

func base(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("a base of the test: %v", err)
	}
	return u
}

func ping(t *testing.T, c *carrier) health.Component {
	t.Helper()
	return health.Ping(&http.Client{Transport: c}, base(t, "https://prison.example/api"))(t.Context())
}

func TestPingAsksBelowTheBaseWithoutAToken(t *testing.T) {
	for from, want := range map[string]string{
		"https://prison.example":       "https://prison.example/health/ping",
		"https://prison.example/":      "https://prison.example/health/ping",
		"https://sign-in.example/auth": "https://sign-in.example/auth/health/ping",
		"https://sign-in.example/a/b/": "https://sign-in.example/a/b/health/ping",
	} {
		c := &carrier{answer: says(http.StatusOK, `{"status":"UP"}`)}
		got := health.Ping(&http.Client{Transport: c}, base(t, from))(t.Context())
		if text := asJSON(t, got); text != `{"status":"UP","details":{"HttpStatus":"OK"}}` {
			t.Errorf("%s: got %s", from, text)
		}
		if asked := c.asked[0]; asked.Method != http.MethodGet || asked.URL.String() != want || asked.Header.Get("Authorization") != "" {
			t.Errorf("%s: asked %s %s, Authorization %q; want GET %s without", from, asked.Method, asked.URL, asked.Header.Get("Authorization"), want)
		}
	}
}

func TestOnly2xxIsUp(t *testing.T) {
	for status := 200; status < 600; status++ {
		c := &carrier{answer: says(status, "its body")}
		got := ping(t, c)
		want := health.Down
		if status < 300 {
			want = health.Up
		}
		if got.Status != want {
			t.Errorf("%d: got %s, want %s", status, got.Status, want)
		}
		if _, shown := got.Details["body"]; shown != (want == health.Down) {
			t.Errorf("%d: body shown: %v", status, shown)
		}
		if len(c.asked) != 1 {
			t.Errorf("%d: %d requests, want 1: no redirect is followed", status, len(c.asked))
		}
	}
}

func TestAFailedPingShowsTheBodyInBrief(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"as it is":                  {`{"status":"DOWN"}`, `{"status":"DOWN"}`},
		"nothing":                   {"", ""},
		"too long":                  {strings.Repeat("x", 5000), strings.Repeat("x", 1024)},
		"too long, within a letter": {"x" + strings.Repeat("é", 5000), "x" + strings.Repeat("é", 511)},
		"no text":                   {"caf\xe9", "caf\uFFFD"},
	} {
		got := ping(t, &carrier{answer: says(http.StatusServiceUnavailable, c.body)})
		body, _ := got.Details["body"].(string)
		if body != c.want || !utf8.ValidString(body) {
			t.Errorf("%s: got %q, want %q", name, body, c.want)
		}
		if got.Details["HttpStatus"] != "SERVICE_UNAVAILABLE" {
			t.Errorf("%s: HttpStatus %v", name, got.Details["HttpStatus"])
		}
	}
}

func TestPingSaysWhyThereIsNoAnswerWithoutSecrets(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"refused":           {refused, "dial tcp: connection refused"},
		"a proxy's address": {errors.New("proxy http://someone:secret@proxy.example:3128 says no"), "proxy (address) says no"},
		"a name and a host": {errors.New("someone:secret@proxy.example: no route"), "(address) no route"},
		"long":              {errors.New(strings.Repeat("very ", 100)), strings.Repeat("very ", 40)},
	} {
		got := ping(t, &carrier{answer: func(*http.Request) (*http.Response, error) { return nil, c.err }})
		if got.Status != health.Down || got.Details["error"] != c.want || len(got.Details) != 1 {
			t.Errorf("%s: got %+v, want DOWN with the error %q alone", name, got, c.want)
		}
	}
}

// endless is a body without an end; read counts what was taken of it.
type endless struct {
	read   atomic.Int64
	closed atomic.Bool
}

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func (e *endless) Close() error {
	e.closed.Store(true)
	return nil
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	body := &endless{}
	got := ping(t, &carrier{answer: func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
	}})
	if read := body.read.Load(); got.Status != health.Up || read > 64<<10 {
		t.Errorf("got %s after %d bytes, want UP after no more than 64 KB", got.Status, read)
	}
	if !body.closed.Load() {
		t.Error("the answer was not closed, and so its connection stays open")
	}
}

// stuck is a body whose rest never comes.
type stuck struct{ ctx func() context.Context }

func (s stuck) Read([]byte) (int, error) {
	<-s.ctx().Done()
	return 0, s.ctx().Err()
}

func (stuck) Close() error { return nil }

func TestASlowNeighbourIsDownInTime(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		want   string
	}{
		"no answer": {func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, `{"status":"DOWN","details":{"error":"no answer in time"}}`},
		"half an answer": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: stuck{r.Context}, Request: r}, nil
		}, `{"status":"DOWN","details":{"HttpStatus":"OK","error":"no answer in time"}}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			check := health.Ping(&http.Client{Transport: &carrier{answer: c.answer}}, base(t, "https://prison.example"))
			h := newHealth(t, health.Config{Checks: map[string]health.Check{"prisonApiHealth": check}})
			began := time.Now()
			got := asJSON(t, h.Now(t.Context()).Components["prisonApiHealth"])
			if waited := time.Since(began); got != c.want || waited > 2*time.Second {
				t.Errorf("%s: after %v got %s, want %s within 2s", name, waited, got, c.want)
			}
		})
	}
}

func TestPingsShareAConnection(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"DOWN"}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	check := health.Ping(server.Client(), base(t, server.URL))
	for range 20 {
		if got := check(t.Context()); got.Details["HttpStatus"] != "SERVICE_UNAVAILABLE" {
			t.Fatalf("got %+v", got)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("20 pings over %d connections, want 1", n)
	}
}

// springs are the constants of Spring's HttpStatus that a whole answer can have.
// Where several share a code, it is the one that Spring finds for it.
//
//nolint:misspell // Spring's words, not ours
const springs = `
200 OK
201 CREATED
202 ACCEPTED
203 NON_AUTHORITATIVE_INFORMATION
204 NO_CONTENT
205 RESET_CONTENT
206 PARTIAL_CONTENT
207 MULTI_STATUS
208 ALREADY_REPORTED
226 IM_USED
300 MULTIPLE_CHOICES
301 MOVED_PERMANENTLY
302 FOUND
303 SEE_OTHER
304 NOT_MODIFIED
305 USE_PROXY
307 TEMPORARY_REDIRECT
308 PERMANENT_REDIRECT
400 BAD_REQUEST
401 UNAUTHORIZED
402 PAYMENT_REQUIRED
403 FORBIDDEN
404 NOT_FOUND
405 METHOD_NOT_ALLOWED
406 NOT_ACCEPTABLE
407 PROXY_AUTHENTICATION_REQUIRED
408 REQUEST_TIMEOUT
409 CONFLICT
410 GONE
411 LENGTH_REQUIRED
412 PRECONDITION_FAILED
413 PAYLOAD_TOO_LARGE
414 URI_TOO_LONG
415 UNSUPPORTED_MEDIA_TYPE
416 REQUESTED_RANGE_NOT_SATISFIABLE
417 EXPECTATION_FAILED
418 I_AM_A_TEAPOT
419 INSUFFICIENT_SPACE_ON_RESOURCE
420 METHOD_FAILURE
421 DESTINATION_LOCKED
422 UNPROCESSABLE_ENTITY
423 LOCKED
424 FAILED_DEPENDENCY
425 TOO_EARLY
426 UPGRADE_REQUIRED
428 PRECONDITION_REQUIRED
429 TOO_MANY_REQUESTS
431 REQUEST_HEADER_FIELDS_TOO_LARGE
451 UNAVAILABLE_FOR_LEGAL_REASONS
500 INTERNAL_SERVER_ERROR
501 NOT_IMPLEMENTED
502 BAD_GATEWAY
503 SERVICE_UNAVAILABLE
504 GATEWAY_TIMEOUT
505 HTTP_VERSION_NOT_SUPPORTED
506 VARIANT_ALSO_NEGOTIATES
507 INSUFFICIENT_STORAGE
508 LOOP_DETECTED
509 BANDWIDTH_LIMIT_EXCEEDED
510 NOT_EXTENDED
511 NETWORK_AUTHENTICATION_REQUIRED`

func TestStatusesHaveSpringsNames(t *testing.T) {
	names := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(springs)) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		names[code] = name
	}
	for status := 200; status < 600; status++ {
		code := strconv.Itoa(status)
		want := cmp.Or(names[code], code)
		if got := ping(t, &carrier{answer: says(status, "")}).Details["HttpStatus"]; got != want {
			t.Errorf("%s: got %v, want %s", code, got, want)
		}
	}
}
