package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger makes the logger of the process. level is debug, info, warn or
// error; format is json or text. Each line carries the trace id of its context.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch strings.ToLower(format) {
	case "json":
		return slog.New(traced{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return slog.New(traced{slog.NewTextHandler(w, options)}), nil
	default:
		return nil, fmt.Errorf("log format %q: want json or text", format)
	}
}

// traced adds the trace id of the context to each line.
type traced struct{ slog.Handler }

// Handle adds the trace id and passes the line on.
func (t traced) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		record.AddAttrs(slog.String("traceId", span.TraceID().String()))
	}
	return t.Handler.Handle(ctx, record) //nolint:wrapcheck // A handler passes on.
}

// WithAttrs keeps the trace id on derived loggers.
func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

// WithGroup keeps the trace id on derived loggers.
func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }
