// Package apidocs shows people what ptpu's API is: its description as OpenAPI,
// which comes from the very operations that are served, and a page to read it
// on. The page is Swagger UI where its files were built in, and plain HTML
// otherwise. Neither fetches anything from another host.
package apidocs

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

var (
	//go:embed own
	own embed.FS
	// built holds what scripts/assets put there; without it, a placeholder.
	//go:embed swagger-ui
	built embed.FS
)

// Docs shows the description of one API. It is safe for concurrent use.
type Docs struct {
	description func() (content, error)
	page        func() (content, error)
	// files are what may be had below /swagger-ui/, by name. Whatever else lies
	// beside them stays there.
	files map[string]func() (content, error)
}

// New makes the Docs of an API. The description is read when it is first asked
// for: by then all operations must be registered, those of Docs too.
func New(description *huma.OpenAPI) *Docs {
	return newDocs(description, sub(built, "swagger-ui"))
}

// The files of Swagger UI that are needed, and what its licence asks to go with
// them.
var (
	swaggerUI = []string{"swagger-ui-bundle.js", "swagger-ui.css"}
	licences  = []string{"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"}
)

func newDocs(description *huma.OpenAPI, swagger fs.FS) *Docs {
	d := &Docs{
		description: sync.OnceValues(func() (content, error) { return describe(description) }),
		files:       map[string]func() (content, error){},
	}
	ours := sub(own, "own")
	if !has(swagger, swaggerUI) {
		d.page = sync.OnceValues(func() (content, error) { return plainPage(description) })
		d.offer(ours, "plain.css")
		return d
	}
	d.page = sync.OnceValues(func() (content, error) { return swaggerPage(description) })
	d.offer(ours, "start.js")
	d.offer(swagger, swaggerUI...)
	for _, name := range licences {
		if has(swagger, []string{name}) {
			d.offer(swagger, name)
		}
	}
	return d
}

// offer lets the files be had. They are read when they are first asked for.
func (d *Docs) offer(from fs.FS, names ...string) {
	for _, name := range names {
		d.files[name] = sync.OnceValues(func() (content, error) { return readFile(from, name) })
	}
}

func describe(description *huma.OpenAPI) (content, error) {
	text, err := json.Marshal(description)
	if err != nil {
		return content{}, fmt.Errorf("writing the API's description: %w", err)
	}
	return newContent("application/json", nothing, text), nil
}

// sub is a folder of what was built in.
func sub(files embed.FS, folder string) fs.FS {
	below, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the folder's name is not a path
	}
	return below
}

func has(files fs.FS, names []string) bool {
	for _, name := range names {
		if info, err := fs.Stat(files, name); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}
