package telemetry

import (
	"net/http"
	"time"

	"ptpu"
)

// Build says what is running.
type Build struct{ Version, Commit string }

// Metrics counts what is observed, for Prometheus. It is safe for concurrent
// use.
type Metrics struct{}

// NewMetrics makes the metrics.
func NewMetrics(Build) *Metrics { return &Metrics{} }

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler { return http.NotFoundHandler() }

func (m *Metrics) ruled(ptpu.Ruling)                                 {}
func (m *Metrics) attempted(ptpu.Attempt)                            {}
func (m *Metrics) superseded(ptpu.Message)                           {}
func (m *Metrics) expired(ptpu.Message)                              {}
func (m *Metrics) poisoned(ptpu.Message)                             {}
func (m *Metrics) published(ptpu.Announcement, error)                {}
func (m *Metrics) ticked()                                           {}
func (m *Metrics) did(string, time.Duration, error)                  {}
func (m *Metrics) called(string, string, string, int, time.Duration) {}
