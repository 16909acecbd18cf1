package health

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// healthReport and healthComponent are what the types are called in the API's
// description, where names have no package.
type (
	healthReport    Report
	healthComponent Component
)

// output is the answer over HTTP.
type output struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Body         Report
}

// Register adds GET /health to the API, open to all: 200, or 503 when any
// component is down. Who may not see details gets the status alone, with the
// same code.
func (h *Health) Register(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	schemas.RegisterTypeAlias(reflect.TypeFor[Report](), reflect.TypeFor[healthReport]())
	schemas.RegisterTypeAlias(reflect.TypeFor[Component](), reflect.TypeFor[healthComponent]())
	said := func(description string, example Report) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {
			Schema: schemas.Schema(reflect.TypeFor[Report](), true, ""), Example: example,
		}}}
	}
	huma.Register(api, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/health", Tags: []string{"operation"},
		Summary: "How are the parts that ptpu stands on?",
		Description: "All components are asked together and the answer is kept for 2 seconds. A component that has not " +
			"answered within 2 seconds is DOWN.",
		Security: []map[string][]string{},
		Responses: map[string]*huma.Response{
			strconv.Itoa(http.StatusOK):                 said("Every component is UP", exampleUp),
			strconv.Itoa(http.StatusServiceUnavailable): said("A component is DOWN", exampleDown),
		},
	}, h.answer)
}

func (h *Health) answer(ctx context.Context, _ *struct{}) (*output, error) {
	report := h.Now(ctx)
	if h.Details != nil && !h.Details(ctx) {
		report.Components = nil // of this copy; the components themselves are shared
	}
	status := http.StatusOK
	if report.Status != Up {
		status = http.StatusServiceUnavailable
	}
	return &output{Status: status, CacheControl: "no-store", Body: report}, nil
}

var (
	exampleUp = Report{Status: Up, Components: map[string]Component{
		"healthInfo":      {Status: Up, Details: map[string]any{"version": "2026-11-21.4.1a2b3c4"}},
		"messageTable":    {Status: Up, Details: map[string]any{"tableName": "messages", "rows": 1204, "tableStatus": "ACTIVE"}},
		"prisonApiHealth": {Status: Up, Details: map[string]any{"HttpStatus": "OK"}},
		"prisoneventqueue-health": {Status: Up, Details: map[string]any{
			"queueName": "events", "messagesOnQueue": "3", "messagesInFlight": "1",
			"dlqName": "events-dlq", "dlqStatus": "UP", "messagesOnDlq": "0",
		}},
	}}
	exampleDown = Report{Status: Down, Components: map[string]Component{
		"communityApiHealth": {Status: Down, Details: map[string]any{"error": noAnswer}},
		"prisonApiHealth":    {Status: Down, Details: map[string]any{"HttpStatus": "SERVICE_UNAVAILABLE", "body": `{"status":"DOWN"}`}},
	}}
)
