package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"ptpu/telemetry"
)

// observation is all by which a process is observed.
type observation struct {
	log      *slog.Logger
	metrics  *telemetry.Metrics
	observer *telemetry.Observer
	closers  []func(context.Context) error
}

// flushTime is how long what was observed may take to leave the process at its
// end.
const flushTime = 3 * time.Second

// observe opens log, metrics, traces and custom events as they are set.
func observe(ctx context.Context, s settings, environ map[string]string, out io.Writer) (*observation, error) {
	log, err := telemetry.NewLogger(out, s.LogLevel, s.LogFormat)
	if err != nil {
		return nil, usage{err}
	}
	o := &observation{log: log, metrics: telemetry.NewMetrics(telemetry.Build{Version: version, Commit: commit})}
	config := telemetry.Config{Log: log, Metrics: o.metrics}
	traces, flush, err := telemetry.NewTraces(ctx, telemetry.TracesConfig{Version: version, Environ: environ, Log: log})
	if err != nil {
		return nil, usage{err}
	}
	config.Traces, o.closers = traces, append(o.closers, flush)
	if s.InsightsConnection != "" {
		config.Insights, err = telemetry.NewInsights(telemetry.InsightsConfig{
			ConnectionString: string(s.InsightsConnection), Version: version, Instance: ownerName(), Log: log,
			Sent: o.metrics.EventSent, Dropped: o.metrics.EventDropped,
		})
		if err != nil {
			return nil, usage{fmt.Errorf("APPLICATIONINSIGHTS_CONNECTION_STRING: %w", err)}
		}
		o.closers = append(o.closers, config.Insights.Close)
	}
	o.observer, err = telemetry.NewObserver(config)
	return o, err
}

// close sends what is left, and gives up on it soon: the process ends well all
// the same.
func (o *observation) close() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	var closing sync.WaitGroup
	for _, flush := range o.closers {
		closing.Go(func() {
			if err := flush(ctx); err != nil {
				o.log.LogAttrs(ctx, slog.LevelWarn, "the last of telemetry was not sent", slog.String("error", err.Error()))
			}
		})
	}
	closing.Wait()
}
