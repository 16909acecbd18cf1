package localstack

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// largestBody is the most that is read of a request.
const largestBody = 1 << 20

// Handler serves the four services and the control of the world.
func (w *World) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.Handle(rt.method+" "+bases[rt.upstream]+rt.template, w.serve(rt))
	}
	for upstream, base := range bases {
		unknown := route{upstream: upstream, template: RouteUnknown, read: (*World).nowhere}
		mux.Handle(base+"/", w.serve(unknown))
	}
	mux.Handle("/control/", w.control())
	return mux
}

func (w *World) nowhere(c *call) answer {
	return deliusProblem(http.StatusNotFound, "No handler found for %s %s", c.Method, c.URL.Path)
}

// path is the request's path below the base of its service.
func (c *call) path() string {
	return strings.TrimPrefix(c.URL.RequestURI(), bases[c.route.upstream])
}

// serve lets a call in, has a fault strike it if one stands, and records it.
func (w *World) serve(rt route) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, largestBody))
		if err != nil {
			http.Error(rw, "unreadable or too large a body", http.StatusBadRequest)
			return
		}
		c := &call{Request: r, route: rt, body: body}
		people := c.writesTo()
		record := Request{
			At: time.Now().UTC(), Upstream: rt.upstream, Method: r.Method, Route: rt.template, Path: c.path(),
			Traceparent: r.Header.Get("traceparent"), UserAgent: r.UserAgent(),
		}
		w.ledger.arrive(c, people)
		struck, wait := w.faults.strike(c, record.At)
		record.Effect = struck.Effect
		dropped := false
		func() {
			defer func() { w.ledger.leave(c, people, record) }()
			if !w.pause(r, wait) {
				w.refuse(c, 0, struck.Effect)
				dropped = true
				return
			}
			if struck.Effect.keepsOut() {
				w.refuse(c, struck.status(), struck.Effect)
				record.Status, dropped = w.instead(rw, r, struck)
				return
			}
			said := w.answer(c, struck.Effect)
			record.Changed = said.changed
			record.Status, dropped = w.deliver(rw, r, said, struck)
		}()
		if dropped {
			panic(http.ErrAbortHandler)
		}
	})
}

// answer has the service do what it is asked.
func (w *World) answer(c *call, effect Effect) answer {
	if !c.route.open {
		if refusal := w.admit(c.Request); refusal != "" {
			w.refuse(c, http.StatusUnauthorized, effect)
			return unauthorised(refusal)
		}
	}
	if c.route.write != nil {
		return w.carryOut(c, effect)
	}
	return c.route.read(w, c)
}

// pause waits, and reports whether anybody still wants the answer.
func (w *World) pause(r *http.Request, wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-w.closed:
	}
	return false
}
