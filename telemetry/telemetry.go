// Package telemetry tells the outside what the others do: log lines, custom
// events and traces, laid around them as observers. It never alters a decision.
// No name and no date of birth goes through it.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"ptpu"
)

// Config is what an Observer needs.
type Config struct {
	// Log is required.
	Log *slog.Logger
	// Metrics counts what is observed; nil: nothing is counted.
	Metrics *Metrics
	// Insights takes the custom events to Application Insights; nil: they are
	// log lines only.
	Insights *Insights
	// Traces makes the spans; nil: they have ids, by which log lines, audit
	// entries and upstream calls are joined, and go nowhere.
	Traces trace.TracerProvider
}

// Observer writes one log line per decision, counts it, and emits the custom
// events and spans that belong to it. It is safe for concurrent use.
type Observer struct {
	log      *slog.Logger
	metrics  *Metrics
	insights *Insights
	tracer   trace.Tracer
}

// NewObserver makes an Observer.
func NewObserver(c Config) (*Observer, error) {
	if c.Log == nil {
		return nil, errors.New("telemetry: a logger is needed")
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(Build{})
	}
	if c.Traces == nil {
		c.Traces = sdktrace.NewTracerProvider()
	}
	return &Observer{log: c.Log, metrics: c.Metrics, insights: c.Insights, tracer: c.Traces.Tracer("ptpu")}, nil
}

// Receiving opens the trace of a notice, or joins the one that it came with.
func (o *Observer) Receiving(ctx context.Context, came ptpu.TraceParent) (context.Context, ptpu.TraceParent) {
	carrier := propagation.MapCarrier{traceHeader: string(came)}
	return o.start(propagation.TraceContext{}.Extract(ctx, carrier), "notice")
}

// Attempting goes on with the trace of the notice that the message came from.
func (o *Observer) Attempting(ctx context.Context, m ptpu.Message) (context.Context, ptpu.TraceParent) {
	carrier := propagation.MapCarrier{traceHeader: string(m.Trace)}
	return o.start(propagation.TraceContext{}.Extract(ctx, carrier), "attempt",
		attribute.Int64("ptpu.booking_id", int64(m.BookingID)), attribute.String("ptpu.event_type", string(m.EventType)))
}

// traceHeader is the W3C name of what carries a trace.
const traceHeader = "traceparent"

func (o *Observer) start(ctx context.Context, name string, about ...attribute.KeyValue) (context.Context, ptpu.TraceParent) {
	ctx, _ = o.tracer.Start(ctx, name, trace.WithAttributes(about...)) //nolint:spancheck // The observer's other half ends it.
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return ctx, ptpu.TraceParent(carrier[traceHeader])
}

// Ruled tells what became of a notice.
func (o *Observer) Ruled(ctx context.Context, r ptpu.Ruling) {
	o.metrics.ruled(r)
	end(ctx, r.Err, attribute.String("ptpu.decision", string(r.Decision)),
		attribute.Int64("ptpu.booking_id", int64(r.Payload.BookingID)), attribute.String("ptpu.event_type", string(r.Payload.EventType)))
	level := slog.LevelInfo
	if r.Decision == ptpu.HandedBack || r.Decision == ptpu.DeadLettered {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("decision", string(r.Decision)),
		slog.String("messageId", string(r.ID)),
		slog.Int64("bookingId", int64(r.Payload.BookingID)),
		slog.String("eventType", string(r.Payload.EventType)),
		slog.Int("receives", r.Receives),
	}
	if r.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(r.Reason)))
	}
	if r.Err != nil {
		attrs = append(attrs, slog.String("error", r.Err.Error()))
	}
	o.log.LogAttrs(ctx, level, "notice", attrs...)
}

// Attempted tells what came of an attempt.
func (o *Observer) Attempted(ctx context.Context, a ptpu.Attempt) {
	o.metrics.attempted(a)
	end(ctx, a.Err, attribute.String("ptpu.state", string(a.After.State)))
	level := slog.LevelInfo
	attrs := append(about(a.After),
		slog.String("state", string(a.After.State)),
		slog.Int("attempt", a.After.Attempts),
		slog.Int("retryCount", a.After.Retries),
		slog.String("crns", ptpu.JoinCRNs(a.After.MatchingCRNs)),
		slog.Duration("took", a.Took),
	)
	if a.After.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(a.After.Reason)))
	}
	if !a.After.Due.IsZero() {
		attrs = append(attrs, slog.Time("due", a.After.Due.Truncate(time.Second)))
	}
	if a.Err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("class", string(ptpu.ClassOf(a.Err))), slog.String("error", a.Err.Error()))
	}
	o.log.LogAttrs(ctx, level, "attempt", attrs...)
	for _, event := range EventsOf(a) {
		o.track(ctx, event)
	}
}

// HandedBack tells of an attempt that the end of the process broke off.
func (o *Observer) HandedBack(ctx context.Context, m ptpu.Message) {
	end(ctx, nil, attribute.String("ptpu.state", string(m.State)))
	o.log.LogAttrs(ctx, slog.LevelInfo, "handed back", about(m)...)
}

// end ends the span of the context.
func end(ctx context.Context, err error, learnt ...attribute.KeyValue) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(learnt...)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// Changed tells of an identifier that Delius has changed.
func (o *Observer) Changed(ctx context.Context, booking ptpu.BookingID, change ptpu.IdentifierChange) {
	o.track(ctx, Changed(booking, change))
}

// Superseded tells of a message whose place a newer one took.
func (o *Observer) Superseded(ctx context.Context, m ptpu.Message) {
	o.metrics.superseded(m)
	o.log.LogAttrs(ctx, slog.LevelInfo, "superseded", append(about(m), slog.String("by", string(m.SupersededBy)))...)
}

// Expired tells of a message whose time ran out.
func (o *Observer) Expired(ctx context.Context, before, after ptpu.Message) {
	o.metrics.expired(after)
	o.log.LogAttrs(ctx, slog.LevelWarn, "expired", append(about(before), slog.String("stateBefore", string(before.State)))...)
	o.track(ctx, Expired(before))
}

// Poisoned tells of a message that crashed its worker again and again.
func (o *Observer) Poisoned(ctx context.Context, m ptpu.Message) {
	o.metrics.poisoned(m)
	o.log.LogAttrs(ctx, slog.LevelError, "poisoned", about(m)...)
}

// Published tells of a try to publish a domain event.
func (o *Observer) Published(ctx context.Context, a ptpu.Announcement, err error) {
	o.metrics.published(a, err)
	attrs := []slog.Attr{
		slog.Int64("bookingId", int64(a.BookingID)),
		slog.String("messageId", string(a.MessageID)),
		slog.String("crn", string(a.Change.CRN)),
		slog.String("offenderNo", string(a.Change.OffenderNo)),
	}
	if err != nil {
		o.log.LogAttrs(ctx, slog.LevelWarn, "domain event not published yet", append(attrs, slog.String("error", err.Error()))...)
		return
	}
	o.log.LogAttrs(ctx, slog.LevelInfo, "domain event published", attrs...)
}

// Ticked is the scheduler's heartbeat.
func (o *Observer) Ticked(context.Context) { o.metrics.ticked() }

// Did tells of a piece of housekeeping.
func (o *Observer) Did(ctx context.Context, job string, took time.Duration, err error) {
	o.metrics.did(job, took, err)
	if err == nil {
		o.log.LogAttrs(ctx, slog.LevelDebug, "housekeeping", slog.String("job", job), slog.Duration("took", took))
	}
}

// Calling gives an upstream client its hook (upstream.API.Observe): a span and
// a measurement for each call, by route template.
func (o *Observer) Calling(upstream string) func(ctx context.Context, method, route string) (context.Context, func(status int, err error)) {
	return func(ctx context.Context, method, route string) (context.Context, func(status int, err error)) {
		started := time.Now()
		ctx, span := o.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("peer.service", upstream), attribute.String("http.request.method", method), attribute.String("url.template", route)))
		return ctx, func(status int, err error) {
			o.metrics.called(upstream, method, route, status, time.Since(started))
			if status != 0 {
				span.SetAttributes(attribute.Int("http.response.status_code", status))
			}
			if err != nil {
				span.SetStatus(codes.Error, err.Error())
			}
			span.End()
		}
	}
}

// CircuitChanged tells of the circuit to a neighbour: open, half-open or closed.
// why is nil when it closes. One that opens because our credentials are refused
// needs a person.
func (o *Observer) CircuitChanged(upstream, state string, why error) {
	o.metrics.CircuitIs(upstream, state)
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("upstream", upstream), slog.String("state", state)}
	if why != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("error", why.Error()))
		if errors.Is(why, ptpu.ErrDenied) {
			level = slog.LevelError
		}
	}
	o.log.LogAttrs(context.Background(), level, "circuit", attrs...)
}

// Stumbled tells of a failure that the work goes on after. A notice that it
// kept from its ruling ends with it.
func (o *Observer) Stumbled(ctx context.Context, err error) {
	end(ctx, err)
	o.log.LogAttrs(ctx, slog.LevelError, "stumbled", slog.String("error", err.Error()))
}

// track hands on a custom event, and logs it.
func (o *Observer) track(ctx context.Context, e Event) {
	if o.insights != nil {
		var traceID string
		if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
			traceID = span.TraceID().String()
		}
		o.insights.Track(traceID, e, time.Now())
	}
	attrs := make([]slog.Attr, 0, len(e.Properties))
	for name, value := range e.Properties {
		attrs = append(attrs, slog.String(name, value))
	}
	o.log.LogAttrs(ctx, slog.LevelInfo, e.Name, //nolint:sloglint // The event is the message.
		slog.GroupAttrs("event", attrs...))
}

func about(m ptpu.Message) []slog.Attr {
	return []slog.Attr{
		slog.Int64("bookingId", int64(m.BookingID)),
		slog.String("messageId", string(m.ID)),
		slog.String("eventType", string(m.EventType)),
	}
}
