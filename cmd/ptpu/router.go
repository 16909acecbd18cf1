package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ptpu/auth"
)

// router is a mux that knows its routes, and by their operations who may use
// each: a route that no operation opens is open to nobody.
type router struct {
	*http.ServeMux
	api      huma.API
	patterns []string
	access   map[string]auth.Access
}

// callerScheme names the way in which callers prove who they are.
const callerScheme = "hmpps-auth"

func newRouter() *router {
	r := &router{ServeMux: http.NewServeMux(), access: map[string]auth.Access{}}
	config := huma.DefaultConfig("ptpu", version)
	config.Info.Description = "Keeps Delius (probation) in step with NOMIS (prison): reports, queues and the operation of ptpu."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // apidocs serves them
	config.CreateHooks = nil                                             // no $schema in answers
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{callerScheme: {
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "A token of hmpps-auth. The roles that suffice stand at each operation; they are the token's authorities.",
	}}
	config.OnAddOperation = append(config.OnAddOperation, r.added)
	r.api = humago.New(r, config)
	return r
}

// HandleFunc adds a route and remembers it.
func (r *router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.HandleFunc(pattern, handler)
}

// added takes from the operation's security who may use its route.
func (r *router) added(_ *huma.OpenAPI, op *huma.Operation) {
	r.access[op.Method+" "+op.Path] = accessOf(op.Security)
}

// accessOf reads an operation's security: none given is for nobody, an empty
// list for everybody, and otherwise any of its ways suffices, each of one role.
func accessOf(security []map[string][]string) auth.Access {
	access := auth.Access{Open: security != nil && len(security) == 0}
	for _, way := range security {
		access.Roles = append(access.Roles, way[callerScheme]...)
	}
	return access
}

// who may use the routes of a pattern.
func (r *router) who(pattern string) auth.Access { return r.access[pattern] }

// open is the security of an operation that everybody may use.
func open() []map[string][]string { return []map[string][]string{} }

// serve registers a handler of its own making as an open operation.
func (r *router) serve(op huma.Operation, handler http.Handler) {
	op.Method, op.Security = http.MethodGet, open()
	op.OperationID = strings.Trim(strings.NewReplacer("/", "-", ".", "-", "{", "", "}", "").Replace(op.Path), "-")
	huma.Register(r.api, op, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(c huma.Context) {
			request, w := humago.Unwrap(c)
			handler.ServeHTTP(w, request)
		}}, nil
	})
}
