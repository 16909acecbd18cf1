package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	collecting "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"ptpu"
	"ptpu/telemetry"
)

const (
	readBooking = "/api/bookings/{bookingId}"
	putNumber   = "/secure/offenders/crn/{crn}/nomsNumber"
)

// follow takes one message through all that is traced: the notice, which reads
// the booking, and an attempt, whose write fails.
func follow(t *testing.T, o *telemetry.Observer, came ptpu.TraceParent) ptpu.TraceParent {
	t.Helper()
	work := context.Background() // from notice to attempt a trace passes in the message alone
	ctx, parent := o.Receiving(work, came)
	_, ended := o.Calling("prison-api")(ctx, http.MethodGet, readBooking)
	ended(http.StatusOK, nil)
	o.Ruled(ctx, ptpu.Ruling{Decision: ptpu.Stored, ID: "m1", Payload: ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1200835}})

	a := attempt(ptpu.ImprisonmentStatusChanged, ptpu.Outcome{Facts: facts(&known)}, outage)
	a.Before.Trace, a.After.State = parent, ptpu.Failed
	ctx, _ = o.Attempting(work, a.Before)
	_, ended = o.Calling("community-api")(ctx, http.MethodPut, putNumber)
	ended(http.StatusServiceUnavailable, outage)
	_, ended = o.Calling("offender-search")(ctx, http.MethodPost, "/match")
	ended(0, errors.New("no answer"))
	o.Attempted(ctx, a)
	return parent
}

func TestOneTraceFollowsAMessageFromItsNoticeOn(t *testing.T) {
	received := &collector{}
	server := httptest.NewServer(received)
	defer server.Close()
	o, flush := tracing(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL})
	id := follow(t, o, "").TraceID()
	flush()

	notice, attempt := received.one(t, "notice"), received.one(t, "attempt")
	read, write, search := received.one(t, "GET "+readBooking), received.one(t, "PUT "+putNumber), received.one(t, "POST /match")
	for _, c := range []struct {
		span, parent *spans.Span
		kind         spans.Span_SpanKind
		status       string // empty: no failure
		about        properties
	}{
		{
			notice, nil, spans.Span_SPAN_KIND_INTERNAL, "",
			properties{"ptpu.booking_id": "1200835", "ptpu.event_type": "IMPRISONMENT_STATUS-CHANGED", "ptpu.decision": "stored"},
		},
		{
			read, notice, spans.Span_SPAN_KIND_CLIENT, "",
			properties{"peer.service": "prison-api", "http.request.method": "GET", "url.template": readBooking, "http.response.status_code": "200"},
		},
		{
			attempt, notice, spans.Span_SPAN_KIND_INTERNAL, outage.Error(),
			properties{"ptpu.booking_id": "1200835", "ptpu.event_type": "IMPRISONMENT_STATUS-CHANGED", "ptpu.state": "ERROR"},
		},
		{
			write, attempt, spans.Span_SPAN_KIND_CLIENT, outage.Error(),
			properties{"peer.service": "community-api", "http.request.method": "PUT", "url.template": putNumber, "http.response.status_code": "503"},
		},
		{
			search, attempt, spans.Span_SPAN_KIND_CLIENT, "no answer",
			properties{"peer.service": "offender-search", "http.request.method": "POST", "url.template": "/match"},
		},
	} {
		name := c.span.GetName()
		if got := digits(c.span.GetTraceId()); got != id || len(got) != 32 {
			t.Errorf("%s: got trace %q, want %q", name, got, id)
		}
		if got, want := digits(c.span.GetParentSpanId()), digits(c.parent.GetSpanId()); got != want {
			t.Errorf("%s: got parent %q, want %q (%s)", name, got, want, c.parent.GetName())
		}
		if c.span.GetKind() != c.kind {
			t.Errorf("%s: got kind %v, want %v", name, c.span.GetKind(), c.kind)
		}
		failed := c.span.GetStatus().GetCode() == spans.Status_STATUS_CODE_ERROR
		if failed != (c.status != "") || c.span.GetStatus().GetMessage() != c.status {
			t.Errorf("%s: got status %v, want failure %q", name, c.span.GetStatus(), c.status)
		}
		if diff := cmp.Diff(c.about, pairs(c.span.GetAttributes())); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
	if names := received.names(); len(names) != 5 {
		t.Errorf("got spans %q, want five", names)
	}
	wantNoPerson(t, "the exported spans", received.text)
	for _, secret := range []string{"03/11999M", "A1111BC", "X100001"} {
		if strings.Contains(received.text, secret) {
			t.Errorf("got %s in the exported spans, want the booking's id and nothing else of whom it is about", secret)
		}
	}
	if len(received.faults) > 0 {
		t.Errorf("the collector could not read %v", received.faults)
	}
}

func TestATraceGoesOnFromTheOneThatANoticeCameWith(t *testing.T) {
	received := &collector{}
	server := httptest.NewServer(received)
	defer server.Close()
	o, flush := tracing(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL})
	follow(t, o, "00-"+traceID+"-00f067aa0ba902b7-01")
	follow(t, o, "00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00") // whoever began it keeps none of it
	flush()
	notice, attempt := received.one(t, "notice"), received.one(t, "attempt")
	if got := digits(notice.GetTraceId()) + "/" + digits(notice.GetParentSpanId()); got != traceID+"/00f067aa0ba902b7" {
		t.Errorf("got trace and parent %s, want those of the notice", got)
	}
	if got := digits(attempt.GetTraceId()); got != traceID {
		t.Errorf("the attempt has trace %s, want %s", got, traceID)
	}
}

func TestANoticeThatStumblesEndsItsSpan(t *testing.T) {
	received := &collector{}
	server := httptest.NewServer(received)
	defer server.Close()
	o, flush := tracing(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL})
	ctx, _ := o.Receiving(t.Context(), "")
	o.Stumbled(ctx, errors.New("queue away"))
	o.Stumbled(t.Context(), errors.New("outside any trace"))
	flush()
	if got := received.one(t, "notice").GetStatus(); got.GetCode() != spans.Status_STATUS_CODE_ERROR || got.GetMessage() != "queue away" {
		t.Errorf("got status %v, want the failure", got)
	}
}

func TestSpansGoWhereTheSDKsVariablesSay(t *testing.T) {
	received := &collector{}
	server := httptest.NewServer(received)
	defer server.Close()
	byGRPC := serveGRPC(t, received)
	for name, c := range map[string]struct {
		environ  map[string]string
		exported bool
	}{
		"no variable":               {nil, false},
		"an endpoint":               {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}, true},
		"an endpoint for traces":    {properties{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.URL + "/v1/traces"}, true},
		"an exporter":               {properties{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}, true},
		"compressed":                {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, true},
		"by gRPC":                   {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": byGRPC, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true},
		"by gRPC, for traces":       {properties{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": byGRPC, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, true},
		"an endpoint, no exporter":  {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_TRACES_EXPORTER": "none"}, false},
		"an endpoint, SDK disabled": {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_SDK_DISABLED": "TRUE"}, false},
		"an endpoint, SDK not disabled": {
			properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_SDK_DISABLED": "false"}, true,
		},
		"an endpoint, nothing sampled": {
			properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_TRACES_SAMPLER": "always_off"}, false,
		},
		"an empty endpoint": {properties{"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(received.names())
			o, flush := tracing(t, c.environ)
			if id := follow(t, o, "").TraceID(); len(id) != 32 || strings.Trim(id, "0") == "" {
				t.Errorf("got trace id %q, want 32 hexadecimal digits", id)
			}
			flush()
			want := 0
			if c.exported {
				want = 5
			}
			if got := len(received.names()) - before; got != want {
				t.Errorf("got %d spans exported, want %d", got, want)
			}
		})
	}
}

func serveGRPC(t *testing.T, received *collector) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collecting.RegisterTraceServiceServer(server, received)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

func TestSpansSayWhoseTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		environ       map[string]string
		service, team string
	}{
		"by default":               {nil, "prison-to-probation-update", ""},
		"by its name":              {properties{"OTEL_SERVICE_NAME": "ptpu-dev"}, "ptpu-dev", ""},
		"by attributes":            {properties{"OTEL_RESOURCE_ATTRIBUTES": "service.name=ptpu-dev,team=probation"}, "ptpu-dev", "probation"},
		"its name over attributes": {properties{"OTEL_SERVICE_NAME": "a", "OTEL_RESOURCE_ATTRIBUTES": "service.name=b"}, "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			received := &collector{}
			server := httptest.NewServer(received)
			defer server.Close()
			environ := properties{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}
			for name, value := range c.environ {
				environ[name] = value
			}
			o, flush := tracing(t, environ)
			follow(t, o, "")
			flush()
			got := received.resource
			if got["service.name"] != c.service || got["service.version"] != "1.2.3" || got["team"] != c.team {
				t.Errorf("got %v, want service %q of version 1.2.3 and team %q", got, c.service, c.team)
			}
			for name := range got {
				if strings.HasPrefix(name, "process.") || strings.HasPrefix(name, "host.") {
					t.Errorf("got attribute %s, want none about the machine", name)
				}
			}
		})
	}
}

func TestBadVariablesAreNamed(t *testing.T) {
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		environ map[string]string
		names   []string
	}{
		{properties{"OTEL_TRACES_EXPORTER": "zipkin"}, []string{"OTEL_TRACES_EXPORTER"}},
		{properties{at: "http://localhost:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, []string{"OTEL_EXPORTER_OTLP_PROTOCOL"}},
		{properties{at: "localhost:4318"}, []string{at}},
		{properties{at: "http://%zz"}, []string{at}},
		{properties{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector"}, []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
		{properties{at: "http://localhost:1", "OTEL_RESOURCE_ATTRIBUTES": "team"}, []string{"OTEL_RESOURCE_ATTRIBUTES"}},
		{
			properties{at: "collector", "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "smoke"},
			[]string{at, "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"},
		},
	} {
		_, _, err := newTraces(t, c.environ, io.Discard)
		for _, name := range c.names {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v: got error %v, want one that names %s", c.environ, err, name)
			}
		}
		for name := range c.environ {
			t.Setenv(name, "")
		}
	}
	if _, _, err := telemetry.NewTraces(t.Context(), telemetry.TracesConfig{}); err == nil {
		t.Error("got no error, want one that asks for a logger")
	}
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	provider, shutdown, err := newTraces(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "waits")
	span.End()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if err := shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that the context ended", err)
	}
}

// A receiver that takes nothing costs a log line, not the standard error.
func TestTheSDKComplainsToTheLog(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	defer server.Close()
	var out bytes.Buffer
	provider, shutdown, err := newTraces(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}, &out)
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "lost")
	span.End()
	_ = shutdown(t.Context()) // the span is lost either way
	got := lines(t, &out)
	if len(got) != 1 || got[0]["level"] != "WARN" || got[0]["msg"] != "traces" || !strings.Contains(got[0]["error"].(string), "404") {
		t.Errorf("got lines %v, want one warning with the status", got)
	}
}

func TestTheSDKComplainsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		_, _, err := telemetry.NewTraces(t.Context(), telemetry.TracesConfig{Version: "1.2.3", Log: newLogger(t, &out, "info", "json")})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			otel.Handle(errors.New("collector away"))
			time.Sleep(20 * time.Second)
		}
		var held []any
		for _, line := range lines(t, &out) {
			held = append(held, line["linesHeldBack"])
		}
		if !slices.Equal(held, []any{0.0, 2.0}) {
			t.Errorf("got lines that held back %v, want the first with 0 and the fourth with 2", held)
		}
	})
}

// The SDK would write a header that it cannot read into its log, key and all.
func TestTheSDKsComplaintsHoldNoHeader(t *testing.T) {
	var out bytes.Buffer
	_, shutdown, err := newTraces(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_EXPORTER_OTLP_HEADERS": "hunter2",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	_ = shutdown(t.Context()) // nothing to send
	if got := out.String(); strings.Contains(got, "hunter2") || !strings.Contains(got, "parse headers") {
		t.Errorf("got %s, want a line that a header is wrong, without it", got)
	}
}
