package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// server answers over HTTP. Its zero readiness is "not ready".
type server struct {
	http    *http.Server
	address string
	serving atomic.Bool
}

// Limits of the server, so that no caller holds a connection or memory for long.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	stopTimeout       = 2 * time.Second
)

// newServer makes a server on the port; 0 is any free one.
func newServer(port int, log *slog.Logger) *server {
	s := &server{address: fmt.Sprintf(":%d", port)}
	s.http = &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	up := func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, map[string]any{"status": "UP"}) }
	mux.HandleFunc("GET /health/ping", up)
	mux.HandleFunc("GET /health/liveness", up)
	mux.HandleFunc("GET /health/readiness", s.readiness)
	mux.HandleFunc("GET /info", info)
	return mux
}

// readiness says whether this pod takes work: not before everything runs, and
// no longer once it is told to stop.
func (s *server) readiness(w http.ResponseWriter, _ *http.Request) {
	if s.serving.Load() {
		answer(w, http.StatusOK, map[string]any{"status": "UP"})
		return
	}
	answer(w, http.StatusServiceUnavailable, map[string]any{"status": "OUT_OF_SERVICE"})
}

// info says what is running.
func info(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"app": map[string]string{
			"name":        "ptpu",
			"description": "Keeps Delius (probation) in step with NOMIS (prison)",
		},
		"build": map[string]string{"version": version, "commit": commit, "time": buildTime},
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller that went away
}

// start listens and serves in the background. It calls failed when it can serve
// no longer.
func (s *server) start(ctx context.Context, failed func(error)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listening for HTTP on SERVER_PORT: %w", err)
	}
	s.address = listener.Addr().String()
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serving HTTP: %w", err))
		}
	}()
	return nil
}

// ready has readiness answer UP until ctx ends.
func (s *server) ready(ctx context.Context) {
	s.serving.Store(true)
	context.AfterFunc(ctx, func() { s.serving.Store(false) })
}

// stop lets answers under way end.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return s.http.Shutdown(ctx)
}
