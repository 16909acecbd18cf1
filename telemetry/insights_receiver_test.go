package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"ptpu/telemetry"
)

const (
	instrumentationKey = "6f2d7a0c-54f1-4c0e-9a55-3f1f0d9f7e21"
	traceID            = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// happened is when the events of these tests happen.
var happened = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// item is one event as it arrives.
type item struct {
	Name string            `json:"name"`
	Time time.Time         `json:"time"`
	IKey string            `json:"iKey"`
	Tags map[string]string `json:"tags"`
	Data struct {
		BaseType string `json:"baseType"`
		BaseData struct {
			Name       string            `json:"name"`
			Properties map[string]string `json:"properties"`
		} `json:"baseData"`
	} `json:"data"`
}

// number is what numbered gave the event.
func (i item) number() int {
	n, _ := strconv.Atoi(i.Data.BaseData.Properties["n"])
	return n
}

// ingestion is an ingestion endpoint that remembers what it was sent.
type ingestion struct {
	// reply answers the request, counted from 1; nil: everything is accepted.
	reply func(w http.ResponseWriter, r *http.Request, n int, items []item)

	mu       sync.Mutex
	raw      []byte
	requests [][]item
	accepted []item
	faults   []error
}

// ServeHTTP takes a batch.
func (g *ingestion) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, items, err := unpack(r)
	g.mu.Lock()
	g.raw = append(g.raw, raw...)
	g.requests = append(g.requests, items)
	if err != nil {
		g.faults = append(g.faults, err)
	}
	n := len(g.requests)
	g.mu.Unlock()
	if g.reply == nil {
		g.accept(w, items)
		return
	}
	g.reply(w, r, n, items)
}

// accept takes the whole batch.
func (g *ingestion) accept(w http.ResponseWriter, items []item) {
	g.take(items...)
	fmt.Fprintf(w, `{"itemsReceived":%d,"itemsAccepted":%d,"errors":[]}`, len(items), len(items))
}

func (g *ingestion) take(items ...item) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.accepted = append(g.accepted, items...)
}

func (g *ingestion) got() (requests int, accepted []item) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.requests), slices.Clone(g.accepted)
}

func (g *ingestion) numbers() []int {
	_, accepted := g.got()
	numbers := make([]int, 0, len(accepted))
	for _, i := range accepted {
		numbers = append(numbers, i.number())
	}
	return numbers
}

func (g *ingestion) wantNoFaults(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := errors.Join(g.faults...); err != nil {
		t.Errorf("the endpoint cannot read its requests: %v", err)
	}
}

// unpack reads the lines of a request.
func unpack(r *http.Request) (raw []byte, items []item, _ error) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/track" {
		return nil, nil, fmt.Errorf("got %s %s, want POST /v2/track", r.Method, r.URL.Path)
	}
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, nil, err
	}
	raw, err = io.ReadAll(body)
	if err != nil {
		return nil, nil, err
	}
	for lines := json.NewDecoder(bytes.NewReader(raw)); lines.More(); {
		var i item
		if err := lines.Decode(&i); err != nil {
			return raw, items, err
		}
		items = append(items, i)
	}
	return raw, items, nil
}

// inProcess carries requests to the endpoint without a socket, so that it can
// stand in a bubble.
type inProcess struct{ endpoint http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.endpoint.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// failing carries no request while it is broken.
type failing struct {
	broken func() bool
	next   http.RoundTripper
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.broken() {
		return nil, errors.New("connection refused")
	}
	return f.next.RoundTrip(r)
}

// tally is what an Insights says became of its events.
type tally struct {
	mu      sync.Mutex
	sent    int
	dropped map[string]int
}

func (c *tally) read() (sent int, dropped map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	dropped = map[string]int{}
	for why, n := range c.dropped {
		dropped[why] = n
	}
	return c.sent, dropped
}

// newInsights makes an Insights for the test.
func newInsights(t *testing.T, c telemetry.InsightsConfig) (*telemetry.Insights, *tally) {
	t.Helper()
	count := &tally{dropped: map[string]int{}}
	if c.ConnectionString == "" {
		c.ConnectionString = connectionString("http://localhost/")
	}
	c.Version, c.Instance = "1.2.3", "pod-1"
	c.Sent = func(n int) {
		count.mu.Lock()
		defer count.mu.Unlock()
		count.sent += n
	}
	c.Dropped = func(n int, why string) {
		count.mu.Lock()
		defer count.mu.Unlock()
		count.dropped[why] += n
	}
	i, err := telemetry.NewInsights(c)
	if err != nil {
		t.Fatal(err)
	}
	return i, count
}

func connectionString(endpoint string) string {
	return "InstrumentationKey=" + instrumentationKey + ";IngestionEndpoint=" + endpoint
}

// numbered is an event that can be told from others.
func numbered(n int) telemetry.Event {
	return telemetry.Event{Name: "P2PExternalMovement", Properties: properties{"n": strconv.Itoa(n)}}
}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func closeInsights(t *testing.T, i *telemetry.Insights) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := i.Close(ctx); err != nil {
		t.Errorf("closing: got %v, want no error", err)
	}
}
