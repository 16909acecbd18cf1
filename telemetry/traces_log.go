package telemetry

import (
	"context"
	"log/slog"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
)

// quieten has OpenTelemetry's SDK complain to the log, where it would write to
// standard error, and seldom, where it would write a line for every export.
func quieten(log *slog.Logger) {
	calm := &seldom{}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if held, ok := calm.mayTell(); ok {
			log.LogAttrs(context.Background(), slog.LevelWarn, "traces", slog.String("error", err.Error()), slog.Int("linesHeldBack", held))
		}
	}))
	otel.SetLogger(logr.FromSlogHandler(bare{next: log.Handler(), calm: calm}))
}

// bare passes on what the SDK's inner log says and not what it says it about:
// that can be a header with a key in it.
type bare struct {
	next slog.Handler
	calm *seldom
}

// Enabled lets warnings and errors through: logr has everything else below.
func (b bare) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && b.next.Enabled(ctx, slog.LevelWarn)
}

// Handle passes the message on.
func (b bare) Handle(ctx context.Context, record slog.Record) error {
	held, ok := b.calm.mayTell()
	if !ok {
		return nil
	}
	line := slog.NewRecord(record.Time, slog.LevelWarn, "traces", 0)
	line.AddAttrs(slog.String("error", record.Message), slog.Int("linesHeldBack", held))
	return b.next.Handle(ctx, line) //nolint:wrapcheck // A handler passes on.
}

// WithAttrs drops the attributes.
func (b bare) WithAttrs([]slog.Attr) slog.Handler { return b }

// WithGroup drops the group.
func (b bare) WithGroup(string) slog.Handler { return b }
