package reports

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

func TestTheDocumentationSaysWhatIsAnswered(t *testing.T) {
	api := serve(t, &fakeStore{}).api.OpenAPI()
	parameters := map[string][]string{
		"/report/in-progress": nil,
		"/report/not-matched": {"daysOld"},
		"/report/processed": {
			"createdDateEndDateTime", "createdDateStartDateTime", "eventType", "includeSuperseded", "locationId",
			"processedDateEndDateTime", "processedDateStartDateTime",
		},
		"/report/match-summary": {"createdDateEndDateTime", "createdDateStartDateTime", "locationId", "slaDays"},
	}
	if len(api.Paths) != len(parameters) {
		t.Errorf("got %d paths, want %d", len(api.Paths), len(parameters))
	}
	for path, want := range parameters {
		op := api.Paths[path].Get
		var got []string
		for _, p := range op.Parameters {
			got = append(got, p.Name)
			if p.In != "query" || p.Required || p.Description == "" || p.Example == nil && len(p.Schema.Examples) == 0 {
				t.Errorf("%s: parameter %+v, want an optional one of the query with description and example", path, p)
			}
			if p.Name == "eventType" {
				var types []any
				for _, known := range ptpu.EventTypes() {
					types = append(types, string(known))
				}
				if diff := cmp.Diff(types, p.Schema.Enum); diff != "" {
					t.Errorf("%s: event types (-want +got):\n%s", path, diff)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: parameters (-want +got):\n%s", path, diff)
		}
		if diff := cmp.Diff([]map[string][]string{{"hmpps-auth": {"ROLE_PTPU_REPORT"}}}, op.Security); diff != "" {
			t.Errorf("%s: security (-want +got):\n%s", path, diff)
		}
		var statuses []string
		for status := range op.Responses {
			statuses = append(statuses, status)
		}
		slices.Sort(statuses)
		if diff := cmp.Diff([]string{"200", "400", "401", "403", "429", "500", "503"}, statuses); diff != "" {
			t.Errorf("%s: statuses (-want +got):\n%s", path, diff)
		}
		media := "text/csv"
		if path == "/report/match-summary" {
			media = "application/json"
		}
		if content := op.Responses["200"].Content[media]; content == nil || content.Example == nil || content.Schema == nil {
			t.Errorf("%s: %s is documented by %+v, want a schema and an example", path, media, content)
		}
		if op.Responses["429"].Headers["Retry-After"] == nil {
			t.Errorf("%s: the documentation does not say that 429 comes with Retry-After", path)
		}
	}
	if _, err := json.Marshal(api); err != nil {
		t.Errorf("writing the documentation: %v", err)
	}
}

func TestTheExamplesOfTheDocumentationAreAnswered(t *testing.T) {
	s := serve(t, &fakeStore{})
	for path, item := range s.api.OpenAPI().Paths {
		query := url.Values{}
		for _, p := range item.Get.Parameters {
			example := p.Example
			if len(p.Schema.Examples) > 0 {
				example = p.Schema.Examples[0]
			}
			query.Set(p.Name, fmt.Sprint(example))
		}
		if answer := s.get(path + "?" + query.Encode()); answer.Code != http.StatusOK {
			t.Errorf("%s?%s: got status %d: %s", path, query.Encode(), answer.Code, answer.Body)
		}
	}
}
