package communityapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"ptpu"
	"ptpu/communityapi"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

func FuzzAnswers(f *testing.F) {
	answered := map[string]upstreamtest.Answered{}
	for name, c := range calls {
		answered[name] = func(ctx context.Context, api upstream.API, body []byte) (string, error) {
			result, err := c.call(ctx, communityapi.New(api))
			return lacking(result, body), err
		}
	}
	upstreamtest.Arbitrary(f, upstream.Config{}, answered,
		`{"otherIds": `+ids+`}`, `{"otherIds": {"crn": "", "nomsNumber": "A1111BC"}}`, `{"otherIds": ["Canaria"]}`,
		`[null]`, `[{"active": null, "custody": {}}]`, `[{"active": true, "custody": ["Canaria"]}]`, `[{"crn": "X100001"}, {}]`,
		`{"keyDates": {"paroleEligibilityDate": 1, "expectedReleaseDate": "1984-02-29", "hdcEligibilityDate": null, "postSentenceSupervisionEndDate": {}}}`,
	)
}

// lacking names the first field that the result must have and has not.
func lacking(result any, body []byte) string {
	switch r := result.(type) {
	case []ptpu.Conviction:
		if len(r) > 0 && !sayWhetherActive(body) {
			return "active"
		}
	case ptpu.CRN: // the holder of a NOMS number
		if r == "" {
			return "crn"
		}
	case []ptpu.CRN: // those whose number was replaced
		for _, crn := range r {
			if crn == "" {
				return "crn"
			}
		}
	}
	return ""
}

// sayWhetherActive looks itself: a Conviction that is not active may be one of
// which nobody said so.
func sayWhetherActive(body []byte) bool {
	var all []map[string]any
	if json.Unmarshal(body, &all) != nil {
		return false
	}
	for _, fields := range all {
		said := false
		for name, value := range fields {
			_, is := value.(bool)
			said = said || is && strings.EqualFold(name, "active")
		}
		if !said {
			return false
		}
	}
	return true
}
