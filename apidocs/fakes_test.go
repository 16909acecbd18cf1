package apidocs

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// withAssets is Swagger UI as scripts/assets leaves it, in short.
var withAssets = fstest.MapFS{
	"placeholder.txt":                  {Data: []byte("nothing to see")},
	".made-from":                       {Data: []byte("pins")},
	"swagger-ui-bundle.js":             {Data: []byte("var SwaggerUIBundle = () => {};")},
	"swagger-ui-bundle.js.LICENSE.txt": {Data: []byte("licences of what is in it")},
	"swagger-ui.css":                   {Data: []byte("body { margin: 0; }")},
	"LICENSE":                          {Data: []byte("licence")},
	"NOTICE":                           {Data: []byte("notice")},
}

// withoutAssets is what is committed.
var withoutAssets = fstest.MapFS{"placeholder.txt": withAssets["placeholder.txt"]}

// served is an API with its docs.
type served struct {
	http.Handler
	api huma.API
}

type dismissal struct {
	ID   string `path:"id" pattern:"^\\d+$" doc:"The message" example:"12"`
	Why  string `query:"why" enum:"duplicate,wrong" doc:"Is it <b>bold</b>?"`
	Body struct {
		Reason string     `json:"reason" example:"moved and gone"`
		Seen   []sighting `json:"seen,omitempty"`
	}
}

type sighting struct {
	CRN string `json:"crn" example:"X100001"`
}

type dismissed struct {
	RetryAfter string `header:"Retry-After" doc:"Seconds to wait"`
	Body       []sighting
}

// serve has an API with an operation or two, the docs, and one that comes after
// them.
func serve(t *testing.T, assets fs.FS) served {
	t.Helper()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("ptpu", "2026-11-21.4")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	config.Info.Description = "What it <i>is</i>."
	config.Tags = []*huma.Tag{{Name: "people", Description: "What people do"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"hmpps-auth": {Type: "http", Scheme: "bearer"}}
	api := humago.New(mux, config)
	huma.Register(api, huma.Operation{
		OperationID: "dismiss", Method: http.MethodPost, Path: "/messages/{id}/dismiss", Tags: []string{"people"},
		Summary: "Dismiss a message", Description: "<script>alert(1)</script>", Errors: []int{http.StatusNotFound},
		Security: []map[string][]string{{"hmpps-auth": {"ROLE_ONE"}}, {"hmpps-auth": {"ROLE_TWO"}}},
	}, func(context.Context, *dismissal) (*dismissed, error) { return &dismissed{}, nil })
	newDocs(api.OpenAPI(), assets).Register(api)
	huma.Register(api, huma.Operation{
		OperationID: "late", Method: http.MethodPatch, Path: "/late", Summary: "A late-comer", Deprecated: true,
	}, func(context.Context, *struct{}) (*dismissed, error) { return &dismissed{}, nil })
	return served{mux, api}
}

func (s served) get(path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer
}
