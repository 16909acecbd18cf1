package health_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ptpu/health"
)

// calls counts how often a check is called, and how many calls of it ran side
// by side at most.
type calls struct {
	mu                   sync.Mutex
	begun, running, most int
}

func (c *calls) begin() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	c.running++
	c.most = max(c.most, c.running)
	return c.begun
}

func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

func (c *calls) seen() (begun, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun, c.most
}

// counted is the check, counting.
func (c *calls) counted(check health.Check) health.Check {
	return func(ctx context.Context) health.Component {
		c.begin()
		defer c.end()
		return check(ctx)
	}
}

func up(context.Context) health.Component { return health.Component{Status: health.Up} }

func down(context.Context) health.Component { return health.Component{Status: health.Down} }

func newHealth(tb testing.TB, c health.Config) *health.Health {
	tb.Helper()
	h, err := health.New(c)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	return h
}

// served is GET /health, with the API that documents it.
type served struct {
	http.Handler
	api huma.API
}

func serve(tb testing.TB, c health.Config) served {
	tb.Helper()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("ptpu", "test")
	config.CreateHooks = nil
	api := humago.New(mux, config)
	newHealth(tb, c).Register(api)
	return served{mux, api}
}

// get asks without a network.
func (s served) get(ctx context.Context) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/health", nil))
	return answer
}

// asJSON is the component as its readers see it.
func asJSON(t *testing.T, c health.Component) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatalf("writing %+v: %v", c, err)
	}
	return string(text)
}
