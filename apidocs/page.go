package apidocs

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

var (
	//go:embed pages
	pages embed.FS
	// templates are parsed at start: one that cannot be is a defect.
	templates = template.Must(template.ParseFS(pages, "pages/*.html"))
)

// page is what a page shows.
type page struct {
	Title, Version, About string
	Groups                []group
	Schemas               []schema
}

// group is the operations with the same first tag.
type group struct {
	Name, About string
	Operations  []operationView
}

// schema is what answers or requests look like.
type schema struct{ ID, Name, Text string }

func swaggerPage(description *huma.OpenAPI) (content, error) {
	return render("swagger.html", swaggerPolicy, page{Title: description.Info.Title, Version: description.Info.Version})
}

func plainPage(description *huma.OpenAPI) (content, error) {
	return render("plain.html", plainPolicy, page{
		Title: description.Info.Title, Version: description.Info.Version, About: description.Info.Description,
		Groups: groups(description), Schemas: schemas(description),
	})
}

func render(name, policy string, p page) (content, error) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, p); err != nil {
		return content{}, fmt.Errorf("rendering the API's page: %w", err)
	}
	return newContent("text/html; charset=utf-8", policy, text.Bytes()), nil
}

// groups are the operations by their first tag: first the tags that the
// description describes, in its order, then the others.
func groups(description *huma.OpenAPI) []group {
	found := map[string]*group{}
	for path, item := range description.Paths {
		for _, op := range operations(item) {
			name := "other"
			if len(op.Tags) > 0 {
				name = op.Tags[0]
			}
			if found[name] == nil {
				found[name] = &group{Name: name}
			}
			found[name].Operations = append(found[name].Operations, view(path, op, description.Security))
		}
	}
	var ordered []group
	take := func(name string) {
		g := found[name]
		if g == nil {
			return
		}
		delete(found, name)
		slices.SortFunc(g.Operations, func(a, b operationView) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
		})
		ordered = append(ordered, *g)
	}
	for _, tag := range description.Tags {
		if g := found[tag.Name]; g != nil {
			g.About = tag.Description
		}
		take(tag.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		take(name)
	}
	return ordered
}

func operations(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

func schemas(description *huma.OpenAPI) []schema {
	if description.Components == nil || description.Components.Schemas == nil {
		return nil
	}
	var all []schema
	for name, s := range description.Components.Schemas.Map() {
		all = append(all, schema{ID: schemaID(name), Name: name, Text: indented(s)})
	}
	slices.SortFunc(all, func(a, b schema) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func schemaID(name string) string { return "schema-" + name }
