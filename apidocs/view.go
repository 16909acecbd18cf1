package apidocs

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// operationView is what the plain page shows of an operation.
type operationView struct {
	ID, Method, Path, Summary, About, Access string
	Deprecated                               bool
	Parameters                               []parameter
	Body                                     []media
	Answers                                  []answer
}

type parameter struct {
	Name, In, About, Example string
	Required                 bool
	Form                     form
}

// media is what a body looks like in one content type.
type media struct {
	Type     string
	Form     form
	Examples []string
}

type answer struct {
	Status, About string
	Headers       []parameter
	Media         []media
}

func view(path string, op *huma.Operation, security []map[string][]string) operationView {
	v := operationView{
		ID: cmp.Or(op.OperationID, op.Method+path), Method: op.Method, Path: path,
		Summary: op.Summary, About: op.Description, Deprecated: op.Deprecated,
		Access: access(op.Security, security),
	}
	for _, p := range op.Parameters {
		v.Parameters = append(v.Parameters, parameterOf(p))
	}
	if op.RequestBody != nil {
		v.Body = mediaOf(op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		v.Answers = append(v.Answers, answerOf(status, op.Responses[status]))
	}
	return v
}

// access says in words who may use an operation: one of the ways suffices, and
// a way may need several roles.
func access(own, general []map[string][]string) string {
	ways := own
	if own == nil {
		ways = general
	}
	var texts []string
	for _, way := range ways {
		var needs []string
		for _, scheme := range slices.Sorted(maps.Keys(way)) {
			needs = append(needs, "a token of "+scheme)
			if roles := way[scheme]; len(roles) > 0 {
				needs[len(needs)-1] += " with " + strings.Join(roles, " and ")
			}
		}
		texts = append(texts, strings.Join(needs, " and "))
	}
	switch {
	case ways == nil:
		return ""
	case len(texts) == 0 || slices.Contains(texts, ""):
		return "Open to everybody, without a token."
	default:
		return "Needs " + strings.Join(texts, ", or ") + "."
	}
}

func parameterOf(p *huma.Param) parameter {
	v := parameter{Name: p.Name, In: p.In, About: p.Description, Required: p.Required, Form: formOf(p.Schema)}
	if p.Schema != nil {
		v.About = cmp.Or(v.About, p.Schema.Description)
	}
	if all := examples(p.Example, p.Examples, p.Schema); len(all) > 0 {
		v.Example = all[0]
	}
	return v
}

func answerOf(status string, response *huma.Response) answer {
	v := answer{Status: "Any other answer", About: response.Description, Media: mediaOf(response.Content)}
	if code, err := strconv.Atoi(status); err == nil {
		words := http.StatusText(code)
		v.Status = strings.TrimSpace(status + " " + words)
		if v.About == words {
			v.About = "" // it is said already
		}
	}
	for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
		header := parameterOf(response.Headers[name])
		header.Name = name
		v.Headers = append(v.Headers, header)
	}
	return v
}

func mediaOf(types map[string]*huma.MediaType) []media {
	var all []media
	for _, name := range slices.Sorted(maps.Keys(types)) {
		m := types[name]
		all = append(all, media{Type: name, Form: formOf(m.Schema), Examples: examples(m.Example, m.Examples, m.Schema)})
	}
	return all
}
