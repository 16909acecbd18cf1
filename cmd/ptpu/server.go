package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// server answers over HTTP: at first for a process that starts, and with
// everything once the service is there.
type server struct {
	http    *http.Server
	address string
	serving atomic.Bool // false: not ready
	routes  atomic.Pointer[http.Handler]
}

// Limits of the server, so that no caller holds a connection or memory for long.
// How long an answer may take depends on the answer.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	maxBodyBytes      = 1 << 20
	stopTimeout       = 2 * time.Second
)

// newServer makes a server on the port; 0 is any free one.
func newServer(port int, log *slog.Logger) *server {
	s := &server{address: fmt.Sprintf(":%d", port)}
	s.http = &http.Server{
		Handler:           http.MaxBytesHandler(http.HandlerFunc(s.answer), maxBodyBytes),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	(*s.routes.Load()).ServeHTTP(w, r)
}

// show has the handler answer from now on.
func (s *server) show(routes http.Handler) { s.routes.Store(&routes) }

// start listens and serves what is shown, in the background. It calls failed
// when it can serve no longer.
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

// stop lets answers under way end for a little while, and then breaks them off:
// nobody takes half a report for a whole one.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.http.Close()
}
