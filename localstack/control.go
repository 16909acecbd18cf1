package localstack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// largestControlBody lets a whole population in at once.
const largestControlBody = 1 << 30

// control serves the routes that the package's documentation lists.
func (w *World) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/requests", func(rw http.ResponseWriter, _ *http.Request) { show(rw, listed(w.Requests())) })
	mux.HandleFunc("GET /control/counts", func(rw http.ResponseWriter, _ *http.Request) { show(rw, w.Counts()) })
	mux.HandleFunc("GET /control/changes", func(rw http.ResponseWriter, _ *http.Request) { show(rw, listed(w.Changes())) })
	mux.HandleFunc("GET /control/writes", func(rw http.ResponseWriter, _ *http.Request) { show(rw, listed(w.Writes())) })
	mux.HandleFunc("GET /control/people", func(rw http.ResponseWriter, _ *http.Request) { show(rw, w.People()) })
	mux.HandleFunc("PUT /control/people", func(rw http.ResponseWriter, r *http.Request) {
		var people People
		if !ask(rw, r, &people) {
			return
		}
		done(rw, w.Put(people), http.StatusBadRequest)
	})
	mux.HandleFunc("POST /control/faults", func(rw http.ResponseWriter, r *http.Request) {
		var more oneOrMore
		if !ask(rw, r, &more) {
			return
		}
		done(rw, w.Misbehave(more...), http.StatusBadRequest)
	})
	mux.HandleFunc("DELETE /control/faults", func(rw http.ResponseWriter, _ *http.Request) {
		w.Behave()
		done(rw, nil, 0)
	})
	mux.HandleFunc("POST /control/reset-counts", func(rw http.ResponseWriter, _ *http.Request) {
		done(rw, w.ResetCounts(), http.StatusInternalServerError)
	})
	mux.HandleFunc("POST /control/rotate-keys", func(rw http.ResponseWriter, _ *http.Request) {
		done(rw, w.RotateKeys(), http.StatusInternalServerError)
	})
	mux.HandleFunc("POST /control/expire-tokens", func(rw http.ResponseWriter, _ *http.Request) {
		done(rw, w.ExpireTokens(), http.StatusInternalServerError)
	})
	return mux
}

// oneOrMore reads a single fault as a list of one.
type oneOrMore []Fault

// UnmarshalJSON refuses unknown fields: a mistyped fault would strike everything.
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return decoder.Decode((*[]Fault)(o))
	}
	var one Fault
	err := decoder.Decode(&one)
	*o = oneOrMore{one}
	return err
}

// listed shows an empty list as [] rather than null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func show(rw http.ResponseWriter, what any) {
	rw.Header().Set("Content-Type", "application/json")
	// The caller has gone when this fails; there is nobody left to tell.
	_ = json.NewEncoder(rw).Encode(what)
}

// ask reads the body, and answers for itself when it cannot.
func ask(rw http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(rw, r.Body, largestControlBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.Decode(&struct{}{}) != io.EOF {
		err = fmt.Errorf("more than one JSON value")
	}
	if err != nil {
		done(rw, err, http.StatusBadRequest)
	}
	return err == nil
}

func done(rw http.ResponseWriter, err error, status int) {
	if err == nil {
		rw.WriteHeader(http.StatusNoContent)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]any{"status": status, "userMessage": err.Error()})
}
