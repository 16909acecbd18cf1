package health_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"ptpu/health"
)

func TestHealthAnswersInSpringsShape(t *testing.T) {
	broken := func(context.Context) health.Component {
		return health.Component{Status: health.Down, Details: map[string]any{"HttpStatus": "I_AM_A_TEAPOT", "body": "<tea>"}}
	}
	for _, c := range []struct {
		name   string
		checks map[string]health.Check
		status int
		want   string
	}{
		{
			"all up",
			map[string]health.Check{"messageTable": up, "healthInfo": health.Info("1")},
			http.StatusOK,
			`{"status":"UP","components":{"healthInfo":{"status":"UP","details":{"version":"1"}},"messageTable":{"status":"UP"}}}`,
		},
		{
			"one down",
			map[string]health.Check{"prisonApiHealth": broken, "messageTable": up},
			http.StatusServiceUnavailable,
			`{"status":"DOWN","components":{"messageTable":{"status":"UP"},"prisonApiHealth":{"status":"DOWN","details":{"HttpStatus":"I_AM_A_TEAPOT","body":"<tea>"}}}}`,
		},
		{"nobody to ask", nil, http.StatusOK, `{"status":"UP"}`},
	} {
		got := serve(t, health.Config{Checks: c.checks}).get(t.Context())
		if body := strings.TrimSpace(got.Body.String()); got.Code != c.status || body != c.want {
			t.Errorf("%s:\n got %d %s\nwant %d %s", c.name, got.Code, body, c.status, c.want)
		}
		if cache, media := got.Header().Get("Cache-Control"), got.Header().Get("Content-Type"); cache != "no-store" || media != "application/json" {
			t.Errorf("%s: Cache-Control %q, Content-Type %q; want no-store, application/json", c.name, cache, media)
		}
	}
}

type reader struct{}

// Both share one answer, in either order.
func TestDetailsAreForThoseWhoMaySeeThem(t *testing.T) {
	for _, c := range []struct {
		name   string
		check  health.Check
		status int
		all    string
		alone  string
	}{
		{"up", up, http.StatusOK, `{"status":"UP","components":{"one":{"status":"UP"}}}`, `{"status":"UP"}`},
		{"down", down, http.StatusServiceUnavailable, `{"status":"DOWN","components":{"one":{"status":"DOWN"}}}`, `{"status":"DOWN"}`},
	} {
		s := serve(t, health.Config{
			Checks:  map[string]health.Check{"one": c.check},
			Details: func(ctx context.Context) bool { return ctx.Value(reader{}) != nil },
		})
		known := context.WithValue(t.Context(), reader{}, true)
		for i, ctx := range []context.Context{t.Context(), known, t.Context(), known} {
			want := c.alone
			if ctx == known {
				want = c.all
			}
			got := s.get(ctx)
			if body := strings.TrimSpace(got.Body.String()); got.Code != c.status || body != want {
				t.Errorf("%s, question %d: got %d %s, want %d %s", c.name, i, got.Code, body, c.status, want)
			}
		}
	}
}

func TestTheDescriptionFitsTheAnswers(t *testing.T) {
	s := serve(t, health.Config{Checks: map[string]health.Check{
		"healthInfo": health.Info("1"),
		"table":      health.Table("messages", func(context.Context) (int64, string, error) { return 3, "ARCHIVED", nil }),
	}})
	text, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		t.Fatalf("writing the description: %v", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("reading the description: %v", err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Errorf("the description is not OpenAPI: %v", err)
	}
	operation := doc.Paths.Find("/health").Get
	if operation.Security == nil || len(*operation.Security) != 0 {
		t.Errorf("security: got %v, want an empty list: open", operation.Security)
	}
	got := s.get(t.Context())
	var body any
	if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		schema := operation.Responses.Status(status).Value.Content.Get("application/json").Schema.Value
		if err := schema.VisitJSON(body, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%d: the answer %s does not fit its schema: %v", status, got.Body, err)
		}
		if err := schema.VisitJSON(map[string]any{"status": "SO-SO"}, openapi3.EnableJSONSchema2020()); err == nil {
			t.Errorf("%d: the schema takes any status", status)
		}
	}
}
