package telemetry

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build says what is running.
type Build struct{ Version, Commit string }

// Metrics counts what is observed, for Prometheus. Each pod counts what it did
// itself, from 0 at its start: what the service did is the sum over the pods.
// It is safe for concurrent use.
type Metrics struct {
	series
	measured *measured
	handler  http.Handler

	// The values of these labels are chosen where ptpu is put together.
	upstreams, upstreamRoutes, routes, jobs, leases, queues, whys few
}

// NewMetrics makes the metrics, in a registry of their own.
func NewMetrics(b Build) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &Metrics{
		series: newSeries(registry), measured: newMeasured(),
		upstreams: few{most: 10}, upstreamRoutes: few{most: 50}, routes: few{most: 100},
		jobs: few{most: 20}, leases: few{most: 20}, queues: few{most: 20}, whys: few{most: 10},
	}
	registry.MustRegister(m.measured)
	m.build.WithLabelValues(b.Version, b.Commit, runtime.Version()).Set(1)
	// OpenMetrics is not offered: it writes some series differently, and the
	// promised ones are to look the same to every scraper. When some of it cannot
	// be gathered the rest is shown, and promhttp's own counter tells of it.
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: registry,
	})
	return m
}

// Handler answers a scrape, in Prometheus' text format.
func (m *Metrics) Handler() http.Handler { return m.handler }
