package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	collecting "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	attributes "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"ptpu/telemetry"
)

// collector is a receiver of spans that remembers them.
type collector struct {
	collecting.UnimplementedTraceServiceServer

	mu       sync.Mutex
	spans    []*spans.Span
	resource map[string]string
	text     string
	faults   []string
}

// Export takes spans by gRPC.
func (c *collector) Export(_ context.Context, r *collecting.ExportTraceServiceRequest) (*collecting.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text += r.String()
	for _, of := range r.GetResourceSpans() {
		c.resource = pairs(of.GetResource().GetAttributes())
		for _, in := range of.GetScopeSpans() {
			c.spans = append(c.spans, in.GetSpans()...)
		}
	}
	return &collecting.ExportTraceServiceResponse{}, nil
}

// ServeHTTP takes spans by HTTP.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var plain *gzip.Reader
		if plain, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(plain)
		}
	}
	var request collecting.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		c.mu.Lock()
		c.faults = append(c.faults, fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
		c.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), &request)
}

// named are the spans of that name.
func (c *collector) named(name string) []*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*spans.Span
	for _, s := range c.spans {
		if s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

// one is the only span of that name.
func (c *collector) one(t *testing.T, name string) *spans.Span {
	t.Helper()
	found := c.named(name)
	if len(found) != 1 {
		t.Fatalf("got %d spans %q among %v, want 1", len(found), name, c.names())
	}
	return found[0]
}

func (c *collector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := []string{}
	for _, s := range c.spans {
		names = append(names, s.GetName())
	}
	slices.Sort(names)
	return names
}

func pairs(of []*attributes.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range of {
		switch v := kv.GetValue().GetValue().(type) {
		case *attributes.AnyValue_StringValue:
			all[kv.GetKey()] = v.StringValue
		case *attributes.AnyValue_IntValue:
			all[kv.GetKey()] = fmt.Sprint(v.IntValue)
		default:
			all[kv.GetKey()] = fmt.Sprintf("(%T)", v)
		}
	}
	return all
}

func digits(id []byte) string { return hex.EncodeToString(id) }

// newTraces makes the provider in an environment that has these variables of
// OpenTelemetry's and no others.
func newTraces(t *testing.T, environ map[string]string, out io.Writer) (trace.TracerProvider, func(context.Context) error, error) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range environ {
		t.Setenv(name, value)
	}
	return telemetry.NewTraces(t.Context(), telemetry.TracesConfig{
		Version: "1.2.3", Environ: environ, Log: newLogger(t, out, "info", "json"),
	})
}

// tracing makes an Observer whose spans go by what the variables say.
func tracing(t *testing.T, environ map[string]string) (o *telemetry.Observer, flush func()) {
	t.Helper()
	var out bytes.Buffer
	provider, shutdown, err := newTraces(t, environ, &out)
	if err != nil {
		t.Fatal(err)
	}
	o, err = telemetry.NewObserver(telemetry.Config{Log: newLogger(t, io.Discard, "info", "json"), Traces: provider})
	if err != nil {
		t.Fatal(err)
	}
	return o, func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := shutdown(ctx); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if out.Len() > 0 {
			t.Errorf("the SDK complains: %s", out.String())
		}
	}
}
