// Package upstreamtest stands in for a neighbour in tests of the clients: a
// server over real HTTP that answers as told and remembers what it was asked,
// and a suite of the answers that every call must tell apart.
package upstreamtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"ptpu/upstream"
)

// Asked is one request as it came over the wire.
type Asked struct {
	Method string
	// Target is path and query, escaped as sent.
	Target string
	Header http.Header
	Body   string
}

// Server is a neighbour. It is safe for concurrent use.
type Server struct {
	http *httptest.Server

	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []Asked
}

// Serve starts a neighbour that gives the answers in turn, the last one over
// and over. It stops when the test ends.
func Serve(tb testing.TB, answers ...http.HandlerFunc) *Server {
	tb.Helper()
	s := &Server{answers: answers}
	s.http = httptest.NewServer(http.HandlerFunc(s.answer))
	tb.Cleanup(s.http.Close)
	return s
}

// URL is the server's address, without a trailing slash.
func (s *Server) URL() string { return s.http.URL }

// API is the server as a client takes it, below the prefix; its calls carry no
// token, and a connection does not outlive the test.
func (s *Server) API(tb testing.TB, c upstream.Config, prefix string) upstream.API {
	tb.Helper()
	base, err := upstream.ParseBase(s.http.URL+prefix, false)
	if err != nil {
		tb.Fatalf("reading the server's own address: %v", err)
	}
	if c.Version == "" {
		c.Version = "test"
	}
	client, err := upstream.New(c)
	if err != nil {
		tb.Fatalf("making the client: %v", err)
	}
	tb.Cleanup(client.CloseIdleConnections)
	return upstream.API{Name: "neighbour", Base: base, HTTP: client}
}

// Asked lists the requests so far, oldest first.
func (s *Server) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.asked...)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, Asked{Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: string(body)})
	answer := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	answer(w, r)
}

// JSON answers with the status and a body of JSON.
func JSON(status int, body string) http.HandlerFunc { return Answer(status, "application/json", body) }

// Answer answers with the status, the Content-Type and the body; an empty
// Content-Type is none.
func Answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil // or net/http guesses one
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// Cut answers like Answer, promises more of the body than it sends, and breaks
// the connection.
func Cut(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		Answer(status, contentType, body)(w, r)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Break reads the request and breaks the connection.
func Break(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// File answers with the status and the JSON in a file of testdata.
func File(tb testing.TB, status int, name string) http.HandlerFunc {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatalf("reading a sample: %v", err)
	}
	return JSON(status, string(body))
}
