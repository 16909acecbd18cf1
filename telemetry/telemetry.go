// Package telemetry tells the outside what the others do: log lines, custom
// events and traces, laid around them as observers. It never alters a decision.
// No name and no date of birth goes through it.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"ptpu"
)

// Observer writes one log line per decision, and the custom events that belong
// to it. It is safe for concurrent use.
type Observer struct {
	log    *slog.Logger
	tracer trace.Tracer
}

// NewObserver makes an Observer. Its traces have ids, by which log lines,
// audit entries and upstream calls are joined.
func NewObserver(log *slog.Logger) (*Observer, error) {
	if log == nil {
		return nil, errors.New("telemetry: a logger is needed")
	}
	return &Observer{log: log, tracer: sdktrace.NewTracerProvider().Tracer("ptpu")}, nil
}

// Receiving opens the trace of a notice, or joins the one that it came with.
func (o *Observer) Receiving(ctx context.Context, came ptpu.TraceParent) (context.Context, ptpu.TraceParent) {
	carrier := propagation.MapCarrier{traceHeader: string(came)}
	return o.start(propagation.TraceContext{}.Extract(ctx, carrier), "notice")
}

// Attempting opens the trace of an attempt.
func (o *Observer) Attempting(ctx context.Context, _ ptpu.Message) (context.Context, ptpu.TraceParent) {
	return o.start(ctx, "attempt")
}

// traceHeader is the W3C name of what carries a trace.
const traceHeader = "traceparent"

func (o *Observer) start(ctx context.Context, name string) (context.Context, ptpu.TraceParent) {
	ctx, _ = o.tracer.Start(ctx, name) //nolint:spancheck // The observer's other half ends it.
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return ctx, ptpu.TraceParent(carrier[traceHeader])
}

// Ruled tells what became of a notice.
func (o *Observer) Ruled(ctx context.Context, r ptpu.Ruling) {
	defer trace.SpanFromContext(ctx).End()
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
	defer trace.SpanFromContext(ctx).End()
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

// Changed tells of an identifier that Delius has changed.
func (o *Observer) Changed(ctx context.Context, booking ptpu.BookingID, change ptpu.IdentifierChange) {
	o.track(ctx, Changed(booking, change))
}

// Superseded tells of a message whose place a newer one took.
func (o *Observer) Superseded(ctx context.Context, m ptpu.Message) {
	o.log.LogAttrs(ctx, slog.LevelInfo, "superseded", append(about(m), slog.String("by", string(m.SupersededBy)))...)
}

// Expired tells of a message whose time ran out.
func (o *Observer) Expired(ctx context.Context, before, _ ptpu.Message) {
	o.log.LogAttrs(ctx, slog.LevelWarn, "expired", append(about(before), slog.String("stateBefore", string(before.State)))...)
	o.track(ctx, Expired(before))
}

// Poisoned tells of a message that crashed its worker again and again.
func (o *Observer) Poisoned(ctx context.Context, m ptpu.Message) {
	o.log.LogAttrs(ctx, slog.LevelError, "poisoned", about(m)...)
}

// Published tells of a try to publish a domain event.
func (o *Observer) Published(ctx context.Context, a ptpu.Announcement, err error) {
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

// Stumbled tells of a failure that the work goes on after.
func (o *Observer) Stumbled(ctx context.Context, err error) {
	o.log.LogAttrs(ctx, slog.LevelError, "stumbled", slog.String("error", err.Error()))
}

// track hands on a custom event. Without an Application Insights endpoint it is
// a log line.
func (o *Observer) track(ctx context.Context, e Event) {
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
