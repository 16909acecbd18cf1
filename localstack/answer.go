package localstack

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// call is one request as a route sees it.
type call struct {
	*http.Request
	route route
	body  []byte
}

// decode reads the JSON body; ok is false for anything else.
func (c *call) decode(into any) bool { return json.Unmarshal(c.body, into) == nil }

// answer is what a service says to a call, before any fault alters it.
type answer struct {
	status  int
	body    any
	changed bool // Delius is another since
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// prisonProblem is how prison-api says no.
func prisonProblem(status int, format string, args ...any) answer {
	text := fmt.Sprintf(format, args...)
	return answer{status: status, body: map[string]any{"status": status, "userMessage": text, "developerMessage": text}}
}

// deliusProblem is how community-api and the search say no.
func deliusProblem(status int, format string, args ...any) answer {
	return answer{status: status, body: map[string]any{"status": status, "developerMessage": fmt.Sprintf(format, args...)}}
}

func unauthorised(why string) answer {
	return answer{status: http.StatusUnauthorized, body: map[string]any{
		"status": http.StatusUnauthorized, "error": "invalid_token", "error_description": why,
	}}
}

// text is the body as it goes over the wire.
func (a answer) text() []byte {
	text, err := json.Marshal(a.body)
	if err != nil {
		// Only our own types are ever answered.
		panic(err)
	}
	return text
}
