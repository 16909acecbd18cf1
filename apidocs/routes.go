package apidocs

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Register adds the description, the page and its files to the API, open to
// all. The API is that of New's description, so that it lists them too, and one
// of humago's.
func (d *Docs) Register(api huma.API) {
	add(api, operation("api-docs", "/v3/api-docs", "What is this API?",
		"The description of the API as OpenAPI 3.1, from the operations that are served.", huma.Response{
			Description: "The description",
			Content: map[string]*huma.MediaType{"application/json": {
				Schema: &huma.Schema{Type: huma.TypeObject}, Example: map[string]string{"openapi": "3.1.0"},
			}},
		}), func(*struct{}) func() (content, error) { return d.description })
	add(api, operation("swagger-ui", "/swagger-ui.html", "The API to read and to try out",
		"A page that shows the description and fetches nothing from another host.", huma.Response{
			Description: "The page",
			Content:     map[string]*huma.MediaType{"text/html": text("<!DOCTYPE html>")},
		}), func(*struct{}) func() (content, error) { return d.page })
	add(api, operation("swagger-ui-file", "/swagger-ui/{file}", "What the page needs",
		"The style sheet and the scripts of the page, and their licences.", huma.Response{
			Description: "The file",
			Content: map[string]*huma.MediaType{
				"text/css": text("body { margin: 0; }"), "text/javascript": text("start();"), "text/plain": text("Licence"),
			},
		}, http.StatusNotFound), func(in *fileInput) func() (content, error) { return d.files[in.File] })
}

type fileInput struct {
	File string `path:"file" doc:"The file's name" example:"swagger-ui.css"`
}

func operation(id, path, summary, description string, answer huma.Response, errors ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"documentation"},
		Summary: summary, Description: description,
		Security: []map[string][]string{}, SkipValidateParams: true,
		Responses: map[string]*huma.Response{strconv.Itoa(http.StatusOK): &answer},
		Errors:    append(errors, http.StatusInternalServerError),
	}
}

func text(example string) *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
}

// add registers an operation that answers with what the input asks for.
func add[I any](api huma.API, op huma.Operation, asked func(*I) func() (content, error)) {
	huma.Register(api, op, func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		read := asked(in)
		if read == nil {
			return nil, huma.Error404NotFound("There is no such file.")
		}
		answer, err := read()
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			request, w := humago.Unwrap(c)
			answer.serve(w, request)
		}}, nil
	})
	delete(op.Responses, strconv.Itoa(http.StatusUnprocessableEntity)) // which huma adds, and nothing answers
}
