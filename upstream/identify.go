package upstream

import (
	"crypto/rand"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// identify says on each request who calls and in which trace. It starts no span
// of its own: a span of net/http's would show whole addresses, and so whom the
// call is about.
type identify struct {
	next      http.RoundTripper
	userAgent string
}

func (t identify) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, newSpanContext())
	}
	request := r.Clone(r.Context())
	request.Header.Set("User-Agent", t.userAgent)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(request.Header))
	return t.next.RoundTrip(request)
}

// newSpanContext names a call that belongs to no trace of ours, unsampled, so
// that the other side's logs of its repeats can still be joined.
func newSpanContext() trace.SpanContext {
	var config trace.SpanContextConfig
	rand.Read(config.TraceID[:]) // never fails
	rand.Read(config.SpanID[:])
	return trace.NewSpanContext(config)
}
