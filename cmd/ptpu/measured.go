package main

import (
	"net/http"
	"time"

	"ptpu/telemetry"
)

// measured times each request by its route's pattern.
func measured(metrics *telemetry.Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		// Deferred, because a report that fails half-way ends in a panic that
		// breaks the connection off.
		defer func() { metrics.Served(r.Method, r.Pattern, answer.status, time.Since(started)) }()
		next.ServeHTTP(answer, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is below: flushing, deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
