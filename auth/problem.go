package auth

import (
	"encoding/json"
	"net/http"
)

// problem answers with a problem as JSON, in the shape that all of ptpu's
// errors over HTTP have.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// Who does not read the answer does not want it.
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
}

// refuseUnknown answers a caller who asks for what the mux does not have. The
// mux's own handler knows whether there is a route for other methods.
func refuseUnknown(w http.ResponseWriter, r *http.Request, mux http.Handler) {
	answer := discarded{header: http.Header{}}
	mux.ServeHTTP(&answer, r)
	if answer.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", answer.header.Get("Allow"))
		problem(w, http.StatusMethodNotAllowed, "This path does not take the method "+r.Method+".")
		return
	}
	problem(w, http.StatusNotFound, "There is nothing at this path.")
}

// discarded is an answer of which only status and header matter.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
