package apidocs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// What pages and files may do in a browser (Content-Security-Policy). Nothing
// may come from another host, and nobody may show the pages in a frame.
const (
	nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	// The plain page has one style sheet.
	plainPolicy = "style-src 'self'; img-src data:; " + nothing
	// Swagger UI draws its icons from data: addresses, fetches the description,
	// and calls the API for those who try it out. It sets styles by script only,
	// which needs no leave.
	swaggerPolicy = "script-src 'self'; connect-src 'self'; " + plainPolicy
)

// content is what stands at one address.
type content struct {
	media, policy, tag string
	bytes              []byte
}

func newContent(media, policy string, text []byte) content {
	sum := sha256.Sum256(text)
	return content{media: media, policy: policy, tag: `"` + hex.EncodeToString(sum[:12]) + `"`, bytes: text}
}

// serve answers with the content, or with 304 to whoever has it already: the
// addresses stay the same from one release to the next.
func (c content) serve(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Content-Type":            c.media,
		"Content-Security-Policy": c.policy,
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-cache",
		"ETag":                    c.tag,
	} {
		w.Header().Set(name, value)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(c.bytes))
}

// mediaTypes by the end of a file's name; what has none of these is text.
var mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func readFile(from fs.FS, name string) (content, error) {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return content{}, fmt.Errorf("reading a file of the API's page: %w", err)
	}
	media, ok := mediaTypes[path.Ext(name)]
	if !ok {
		media = "text/plain; charset=utf-8"
	}
	return newContent(media, nothing, text), nil
}
