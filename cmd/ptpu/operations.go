package main

import (
	"context"
	"net/http"
	"runtime"

	"github.com/danielgtaylor/huma/v2"

	"ptpu/health"
	"ptpu/telemetry"
)

// operating is what is asked of a process that runs, by people and by the
// platform. All of it is open.
type operating struct {
	health  *health.Health
	metrics *telemetry.Metrics
	// ready reports whether this pod takes work.
	ready func() bool
}

// pulse is the answer of the probes.
type pulse struct {
	Body struct {
		Status string `json:"status" example:"UP"`
	}
}

func pulseOf(status string) *pulse {
	var p pulse
	p.Body.Status = status
	return &p
}

// notReadyError is the answer of a pod that takes no work: not before everything
// that it needs was reached once, and no longer when it is told to stop.
type notReadyError struct {
	Status string `json:"status"`
}

// Error makes the answer an error of huma's.
func (n notReadyError) Error() string { return n.Status }

// GetStatus is the HTTP status.
func (notReadyError) GetStatus() int { return http.StatusServiceUnavailable }

// information says what runs.
type information struct {
	Body struct {
		App struct {
			Name        string `json:"name" example:"ptpu"`
			Description string `json:"description"`
		} `json:"app"`
		Build struct {
			Version string `json:"version" example:"2026-11-21.4.1a2b3c4"`
			Commit  string `json:"commit"`
			Time    string `json:"time" example:"2026-11-21T09:05:00Z"`
			Go      string `json:"go"`
		} `json:"build"`
	}
}

func (o operating) register(r *router) {
	probe := func(path, summary, description string, answer func() (*pulse, error), errors ...int) {
		huma.Register(r.api, huma.Operation{
			OperationID: path[len("/health/"):], Method: http.MethodGet, Path: path, Tags: []string{"operation"},
			Summary: summary, Description: description, Security: open(), Errors: errors,
		}, func(context.Context, *struct{}) (*pulse, error) { return answer() })
	}
	up := func() (*pulse, error) { return pulseOf("UP"), nil }
	probe("/health/ping", "Is there anybody?", "Answers as long as the process answers.", up)
	probe("/health/liveness", "Does the process work?", "Depends on nothing outside: a failing neighbour is no reason to restart.", up)
	probe("/health/readiness", "Does this pod take work?",
		"UP once store and queue could be reached, until the process is told to stop.", func() (*pulse, error) {
			if !o.ready() {
				return nil, notReadyError{"OUT_OF_SERVICE"}
			}
			return up()
		}, http.StatusServiceUnavailable)
	huma.Register(r.api, huma.Operation{
		OperationID: "info", Method: http.MethodGet, Path: "/info", Tags: []string{"operation"},
		Summary: "What runs here?", Description: "The version, the commit it was built from, and when.", Security: open(),
	}, info)
	r.serve(huma.Operation{
		Path: "/prometheus", Tags: []string{"operation"}, Summary: "Metrics", Description: "In Prometheus's text format.",
		Responses: map[string]*huma.Response{"200": {
			Description: "The metrics", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, o.metrics.Handler())
	o.health.Register(r.api)
}

// info says what is running.
func info(context.Context, *struct{}) (*information, error) {
	var i information
	i.Body.App.Name, i.Body.App.Description = "ptpu", "Keeps Delius (probation) in step with NOMIS (prison)"
	i.Body.Build.Version, i.Body.Build.Commit, i.Body.Build.Time, i.Body.Build.Go = version, commit, buildTime, runtime.Version()
	return &i, nil
}
