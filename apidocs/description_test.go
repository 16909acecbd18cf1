package apidocs

import (
	"net/http"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

func TestTheDescriptionIsOpenAPIOfEverythingThatIsServed(t *testing.T) {
	answer := serve(t, withoutAssets).get("/v3/api-docs")
	if media := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || media != "application/json" {
		t.Fatalf("got %d %s, want 200 application/json", answer.Code, media)
	}
	doc, err := openapi3.NewLoader().LoadFromData(answer.Body.Bytes())
	if err != nil {
		t.Fatalf("reading the description: %v", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("version %s, want 3.1", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Errorf("not OpenAPI: %v", err)
	}
	got := doc.Paths.InMatchingOrder()
	slices.Sort(got)
	want := []string{"/late", "/messages/{id}/dismiss", "/swagger-ui.html", "/swagger-ui/{file}", "/v3/api-docs"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestTheDocsThemselvesAreOpenAndSayWhatTheyAnswer(t *testing.T) {
	s := serve(t, withAssets)
	for path, file := range map[string]string{"/v3/api-docs": "", "/swagger-ui.html": "", "/swagger-ui/{file}": "/swagger-ui/NOTICE"} {
		op := s.api.OpenAPI().Paths[path].Get
		if op.Security == nil || len(op.Security) != 0 {
			t.Errorf("%s: security %v, want an empty list: open", path, op.Security)
		}
		want := []string{"200", "500"}
		if file != "" {
			want = []string{"200", "404", "500"}
		} else {
			file = path
		}
		var got []string
		for status, response := range op.Responses {
			got = append(got, status)
			if response.Description == "" {
				t.Errorf("%s: %s is not described", path, status)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: statuses (-want +got):\n%s", path, diff)
		}
		media := baseOf(s.get(file).Header().Get("Content-Type"))
		if documented := op.Responses["200"].Content[media]; documented == nil || documented.Example == nil {
			t.Errorf("%s answers with %s, and that has no example", path, media)
		}
	}
}

func TestWhoHasTheDescriptionIsNotSentItAgain(t *testing.T) {
	s := serve(t, withAssets)
	for _, path := range []string{"/v3/api-docs", "/swagger-ui.html", "/swagger-ui/swagger-ui.css"} {
		tag := s.get(path).Header().Get("ETag")
		if again := s.get(path, "If-None-Match", tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s: ETag %q, then %d with %d bytes; want 304 without", path, tag, again.Code, again.Body.Len())
		}
		if changed := s.get(path, "If-None-Match", `"of another release"`); changed.Code != http.StatusOK {
			t.Errorf("%s, another ETag: got %d, want 200", path, changed.Code)
		}
	}
}

func TestADescriptionThatCannotBeWrittenIsAnError(t *testing.T) {
	s := serve(t, withoutAssets)
	s.api.OpenAPI().Info.Extensions = map[string]any{"x-broken": func() {}}
	if got := s.get("/v3/api-docs").Code; got != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", got)
	}
}
