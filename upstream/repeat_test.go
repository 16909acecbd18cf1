package upstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/upstream"
)

// answer is what a neighbour without sockets does with a request.
type answer func(*http.Request) (*http.Response, error)

// told is a neighbour without sockets, for bubbles. It gives its answers in
// turn, the last one over and over, and notes when it was asked.
type told struct {
	mu      sync.Mutex
	answers []answer
	asked   []time.Time
}

func (f *told) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.asked = append(f.asked, time.Now())
	answer := f.answers[0]
	if len(f.answers) > 1 {
		f.answers = f.answers[1:]
	}
	f.mu.Unlock()
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	return answer(r)
}

// times is when it was asked.
func (f *told) times() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func status(code int, header ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		response := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}
		for i := 0; i < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, nil
	}
}

func broken(err error) answer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// silent never answers.
func silent(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestRepeats(t *testing.T) {
	const (
		none     = time.Duration(-1) // no repeat
		shortest = 100 * time.Millisecond
		longest  = 300 * time.Millisecond
	)
	for name, c := range map[string]struct {
		first  answer
		method string // GET when empty
		after  time.Duration
	}{
		"500":                                {first: status(500)},
		"502":                                {first: status(502)},
		"503":                                {first: status(503)},
		"429":                                {first: status(429)},
		"a reset":                            {first: broken(syscall.ECONNRESET)},
		"a connection that ends":             {first: broken(io.EOF)},
		"silence":                            {first: silent, after: 10 * time.Second},
		"503 for two seconds":                {first: status(503, "Retry-After", "2"), after: 2 * time.Second},
		"429 until a date":                   {first: status(429, "Retry-After", "Sat, 01 Jan 2000 00:00:01 GMT"), after: time.Second},
		"503 with a word":                    {first: status(503, "Retry-After", "soon")},
		"503 for three seconds":              {first: status(503, "Retry-After", "3"), after: none},
		"429 for a century":                  {first: status(429, "Retry-After", "3153600000"), after: none},
		"HEAD":                               {first: status(503), method: http.MethodHead},
		"a POST that is safe":                {first: status(503), method: http.MethodPost},
		"a PATCH":                            {first: status(503), method: http.MethodPatch, after: none},
		"a PUT at 503":                       {first: status(503), method: http.MethodPut, after: none},
		"a PUT that is reset":                {first: broken(syscall.ECONNRESET), method: http.MethodPut, after: none},
		"a PUT that gets no answer":          {first: silent, method: http.MethodPut, after: none},
		"200":                                {first: status(200), after: none},
		"204":                                {first: status(204), after: none},
		"302":                                {first: status(302, "Location", "https://elsewhere.example.org"), after: none},
		"400":                                {first: status(400), after: none},
		"403":                                {first: status(403), after: none},
		"404":                                {first: status(404), after: none},
		"409":                                {first: status(409), after: none},
		"a dial that takes too long":         {first: broken(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded})},
		"a 404 that asks to be left alone":   {first: status(404, "Retry-After", "1"), after: none},
		"a POST that is safe and gets reset": {first: broken(syscall.ECONNRESET), method: http.MethodPost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				neighbour := &told{answers: []answer{c.first, status(200)}}
				client := newClient(t, upstream.Config{
					Base: neighbour,
					Safe: func(r *http.Request) bool { return r.Method == http.MethodPost },
				})
				method := c.method
				if method == "" {
					method = http.MethodGet
				}
				got, err := do(t.Context(), t, client, method)
				tries := len(neighbour.times())
				if c.after == none {
					if tries != 1 {
						t.Errorf("made %d tries, want 1", tries)
					}
					return
				}
				if err != nil || got != http.StatusOK || tries != 2 {
					t.Fatalf("got status %d and error %v after %d tries, want the answer of the second", got, err, tries)
				}
				if pause := neighbour.times()[1].Sub(neighbour.times()[0]) - c.after; pause < shortest || pause > longest {
					t.Errorf("waited %v more than %v, want %v to %v", pause, c.after, shortest, longest)
				}
			})
		})
	}
}

func TestRepeatsOnce(t *testing.T) {
	for name, always := range map[string]answer{
		"503": status(503), "reset": broken(syscall.ECONNRESET), "silence": silent,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				neighbour := &told{answers: []answer{always}}
				got, err := do(t.Context(), t, newClient(t, upstream.Config{Base: neighbour}), http.MethodGet)
				if err == nil && got != http.StatusServiceUnavailable {
					t.Errorf("got status %d, want the last failure", got)
				}
				if tries := len(neighbour.times()); tries != 2 {
					t.Errorf("made %d tries, want 2", tries)
				}
			})
		})
	}
}

func TestPauseEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		neighbour := &told{answers: []answer{status(503, "Retry-After", "2")}}
		client := newClient(t, upstream.Config{Base: neighbour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := do(ctx, t, client, http.MethodGet); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}

func newClient(t *testing.T, c upstream.Config) *http.Client {
	t.Helper()
	c.Version = "1.2.3"
	client, err := upstream.New(c)
	if err != nil {
		t.Fatalf("making the client: %v", err)
	}
	return client
}

// do makes a request, with a body where the method has one, and gives the status.
func do(ctx context.Context, t *testing.T, client *http.Client, method string) (int, error) {
	t.Helper()
	var body io.Reader
	if method != http.MethodGet && method != http.MethodHead {
		body = strings.NewReader(`{}`)
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://neighbour.example.org/", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
