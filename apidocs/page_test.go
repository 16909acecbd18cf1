package apidocs

import (
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var bothWays = map[string]fs.FS{"with assets": withAssets, "without assets": withoutAssets}

func baseOf(media string) string {
	base, _, _ := mime.ParseMediaType(media)
	return base
}

// references are the addresses in a page that a browser fetches or leads to.
var references = regexp.MustCompile(`(?i)\s(?:src|href|action|formaction|poster|data|srcset)\s*=\s*"([^"]*)"`)

func TestPagesFetchOnlyWhatStandsBesideThem(t *testing.T) {
	for name, assets := range bothWays {
		s := serve(t, assets)
		answer := s.get("/swagger-ui.html")
		if media := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || media != "text/html; charset=utf-8" {
			t.Fatalf("%s: got %d %s, want a page", name, answer.Code, media)
		}
		fetched := 0
		for _, found := range references.FindAllStringSubmatch(answer.Body.String(), -1) {
			to := found[1]
			switch {
			case strings.HasPrefix(to, "#"), to == "data:,":
			case strings.HasPrefix(to, "/"), strings.Contains(to, ":"), strings.Contains(to, ".."):
				t.Errorf("%s: refers to %q, want a relative address: the page may stand below a prefix", name, to)
			default:
				fetched++
				if got := s.get("/" + to); got.Code != http.StatusOK {
					t.Errorf("%s: refers to %s, which answers %d", name, to, got.Code)
				}
			}
		}
		if fetched < 2 {
			t.Errorf("%s: %d addresses found, want a style sheet and the description at least", name, fetched)
		}
	}
}

func TestSwaggerUIIsToldToAskNobodyElse(t *testing.T) {
	s := serve(t, withAssets)
	script := s.get("/swagger-ui/start.js").Body.String()
	if !strings.Contains(script, `url: "v3/api-docs"`) || !strings.Contains(script, "validatorUrl: null") || strings.Contains(script, "//v") {
		t.Errorf("got %s, want our description and no validator", script)
	}
	if page := s.get("/swagger-ui.html").Body.String(); !strings.Contains(page, `id="swagger-ui"`) || !strings.Contains(page, "swagger-ui-bundle.js") {
		t.Errorf("got %s, want Swagger UI's page", page)
	}
}

func TestPoliciesAllowNothingFromElsewhereAndNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:\s+defer)?>|javascript:`)
	for name, assets := range bothWays {
		s := serve(t, assets)
		page := s.get("/swagger-ui.html")
		if found := inline.FindString(page.Body.String()); found != "" {
			t.Errorf("%s: the page holds %q inline", name, found)
		}
		for path, media := range map[string]string{
			"/swagger-ui.html": "text/html", "/v3/api-docs": "application/json", "/swagger-ui/plain.css": "text/css",
			"/swagger-ui/start.js": "text/javascript", "/swagger-ui/swagger-ui-bundle.js": "text/javascript", "/swagger-ui/LICENSE": "text/plain",
		} {
			answer := s.get(path)
			if answer.Code == http.StatusNotFound {
				continue // it is one of the other way's
			}
			header := answer.Header()
			if got := baseOf(header.Get("Content-Type")); got != media {
				t.Errorf("%s: %s is %s, want %s", name, path, got, media)
			}
			policy := header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("%s: %s has the policy %q, want %s", name, path, policy, want)
				}
			}
			for _, unwanted := range []string{"unsafe", "http", "*", "blob:"} {
				if strings.Contains(policy, unwanted) {
					t.Errorf("%s: %s has the policy %q, with %s", name, path, policy, unwanted)
				}
			}
			if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %s lets the browser guess or tell: %v", name, path, header)
			}
		}
	}
}

func TestThePlainPageShowsEveryOperation(t *testing.T) {
	s := serve(t, withoutAssets)
	page := s.get("/swagger-ui.html").Body.String()
	for id, at := range map[string]string{
		"dismiss": "POST /messages/{id}/dismiss", "late": "PATCH /late", "api-docs": "GET /v3/api-docs",
		"swagger-ui": "GET /swagger-ui.html", "swagger-ui-file": "GET /swagger-ui/{file}",
	} {
		for _, want := range []string{
			`<li><a href="#` + id + `"><code>` + at + `</code></a>`, `<article id="` + id + `">`, "<h3><code>" + at + "</code></h3>",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: %s is not on the page", id, want)
			}
		}
	}
	for what, want := range map[string]string{
		"the description":         "What it &lt;i&gt;is&lt;/i&gt;.",
		"no markup of others":     "&lt;script&gt;alert(1)&lt;/script&gt;",
		"the tag's description":   "What people do",
		"either role":             "Needs a token of hmpps-auth with ROLE_ONE, or a token of hmpps-auth with ROLE_TWO.",
		"an open operation":       "Open to everybody, without a token.",
		"deprecation":             "<strong>Deprecated.</strong> A late-comer",
		"a parameter":             `<th scope="row"><code>id</code></th><td>path, required</td><td>string, matching ^\d&#43;$</td><td class="lines">The message</td><td><code>12</code></td>`,
		"a parameter's values":    "string, one of duplicate, wrong",
		"the request's body":      `<p><code>application/json</code>: <a href="#schema-DismissalBody">DismissalBody</a></p>`,
		"a list in an answer":     `<p><code>application/json</code>: list of <a href="#schema-Sighting">Sighting</a></p>`,
		"a header of an answer":   "<li>Header <code>Retry-After</code>: Seconds to wait</li>",
		"an error":                "<h4>404 Not Found</h4>",
		"a schema":                `<h3 id="schema-Sighting">Sighting</h3>`,
		"an example in a schema":  "moved and gone",
		"an example of an answer": "&#34;openapi&#34;: &#34;3.1.0&#34;",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s: %s is not on the page", what, want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page holds a script")
	}
	if people, other := strings.Index(page, "<h2>people</h2>"), strings.Index(page, "<h2>documentation</h2>"); people < 0 || other < people {
		t.Errorf("people stands at %d, documentation at %d: want the described tags first", people, other)
	}
}

func TestAccessIsPutInWords(t *testing.T) {
	for _, c := range []struct {
		name         string
		own, general []map[string][]string
		want         string
	}{
		{name: "nothing said", want: ""},
		{name: "open", own: []map[string][]string{}, general: []map[string][]string{{"a": nil}}, want: "Open to everybody, without a token."},
		{name: "optional", own: []map[string][]string{{"a": {"R"}}, {}}, want: "Open to everybody, without a token."},
		{name: "by default", general: []map[string][]string{{"a": nil}}, want: "Needs a token of a."},
		{name: "two roles", own: []map[string][]string{{"a": {"R", "S"}}}, want: "Needs a token of a with R and S."},
		{name: "two tokens", own: []map[string][]string{{"a": {"R"}, "b": nil}}, want: "Needs a token of a with R and a token of b."},
	} {
		if got := access(c.own, c.general); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOnlyThePagesFilesCanBeHad(t *testing.T) {
	for name, assets := range bothWays {
		s := serve(t, assets)
		for _, path := range []string{
			"/swagger-ui/nothing.js", "/swagger-ui/placeholder.txt", "/swagger-ui/.made-from", "/swagger-ui/",
			"/swagger-ui/..%2fdocs.go", "/swagger-ui/%2e%2e%2fdocs.go", "/swagger-ui/..%5cdocs.go", "/swagger-ui/.%2fLICENSE",
			"/swagger-ui/own%2fplain.css", "/swagger-ui/%2fetc%2fpasswd", "/swagger-ui/LICENSE%00", "/swagger-ui/LICENSE/", "/swagger-ui/a/LICENSE",
		} {
			if got := s.get(path).Code; got != http.StatusNotFound {
				t.Errorf("%s: %s answers %d, want 404", name, path, got)
			}
		}
	}
	answer := serve(t, withAssets).get("/swagger-ui/nothing.js")
	if media := answer.Header().Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("a file that is not there is %s, want a problem", media)
	}
}

func TestLicencesGoWithWhatTheyCover(t *testing.T) {
	s := serve(t, withAssets)
	for _, name := range licences {
		if got := s.get("/swagger-ui/" + name); got.Code != http.StatusOK || got.Body.String() != string(withAssets[name].Data) {
			t.Errorf("%s: got %d %s", name, got.Code, got.Body)
		}
	}
}

// What was built in is one way or the other, and can be shown.
func TestWhatIsBuiltInServesAPage(t *testing.T) {
	page := serve(t, sub(built, "swagger-ui")).get("/swagger-ui.html")
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "<title>ptpu 2026-11-21.4: API</title>") {
		t.Errorf("got %d %s", page.Code, page.Body)
	}
}

func TestHalfOfSwaggerUIIsNone(t *testing.T) {
	for _, missing := range swaggerUI {
		half := maps.Clone(withAssets)
		delete(half, missing)
		if page := serve(t, half).get("/swagger-ui.html").Body.String(); !strings.Contains(page, "Skip to the operations") {
			t.Errorf("without %s: want the plain page", missing)
		}
	}
}
