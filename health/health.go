// Package health says how the parts are that ptpu stands on: its neighbours, its
// tables, its queue. All of them are asked together, whoever asks within two
// seconds shares the answer, and nobody waits longer than that for it.
package health

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Status is UP or DOWN: the words that dashboards and alerts already look for.
type Status string

// What a component can be.
const (
	Up   Status = "UP"
	Down Status = "DOWN"
)

// Component is how one part is. Details are shown as JSON: no secrets, nothing
// about people.
type Component struct {
	Status  Status         `json:"status" enum:"UP,DOWN"`
	Details map[string]any `json:"details,omitempty" doc:"What is known of the component; error says what went wrong"`
}

// Report is how all parts are. It is shared: nobody changes it.
type Report struct {
	Status     Status               `json:"status" enum:"UP,DOWN" doc:"DOWN when any component is"`
	Components map[string]Component `json:"components,omitempty" doc:"The components by name, for callers who may see them"`
}

// Check finds out how one component is. It should end with ctx; when it does
// not, the answer goes out without it, and it is not called again before it has
// returned. Anything but Up is Down, a panic too.
type Check func(ctx context.Context) Component

// Config is what a Health needs.
type Config struct {
	// Checks are what is asked, by the component's name.
	Checks map[string]Check
	// Details reports whether the caller may see more than the overall status;
	// nil: everybody may.
	Details func(context.Context) bool
	// Stumbled is told of a check that panicked; nil is told nothing.
	Stumbled func(context.Context, error)
}

// Health asks the components. It is safe for concurrent use.
type Health struct {
	Config
	checks map[string]*check

	mu   sync.Mutex
	last *round
}

// check is a Check that knows whether a call of it is still under way.
type check struct {
	ask  Check
	busy atomic.Bool
}

// New makes a Health.
func New(c Config) (*Health, error) {
	checks := make(map[string]*check, len(c.Checks))
	for name, ask := range c.Checks {
		if name == "" {
			return nil, errors.New("health.Config.Checks: a check without a name")
		}
		if ask == nil {
			return nil, fmt.Errorf("health.Config.Checks: no check for %s", name)
		}
		checks[name] = &check{ask: ask}
	}
	if c.Stumbled == nil {
		c.Stumbled = func(context.Context, error) {}
	}
	return &Health{Config: c, checks: checks}, nil
}

// Now is how the components are, or were at most two seconds ago. It returns
// within two seconds. When ctx ends before there is an answer, it says DOWN
// without components; the others who wait still get theirs.
func (h *Health) Now(ctx context.Context) Report {
	r := h.current()
	select {
	case <-r.done:
		return r.report
	default:
	}
	select {
	case <-r.done:
		return r.report
	case <-ctx.Done():
		return Report{Status: Down}
	}
}

// current is the round whose answer counts now, begun if need be.
func (h *Health) current() *round {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil || h.last.stale() {
		h.last = h.begin()
	}
	return h.last
}
