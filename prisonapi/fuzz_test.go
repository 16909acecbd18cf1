package prisonapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"ptpu"
	"ptpu/prisonapi"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

func FuzzAnswers(f *testing.F) {
	answered := map[string]upstreamtest.Answered{}
	for name, c := range calls {
		answered[name] = func(ctx context.Context, api upstream.API, body []byte) (string, error) {
			result, err := c.call(ctx, prisonapi.New(api))
			return lacking(result, body), err
		}
	}
	upstreamtest.Arbitrary(f, upstream.Config{}, answered,
		`{"paroleEligibilityDate": 5, "releaseDate": "2028-12-01T", "licenceExpiryDate": "Canaria"}`,
		`{"bookingNo": "41001A", "offenderNo": "A1111BC", "activeFlag": true, "activeFlag": null}`,
		`{"bookingNo": "41001A", "offenderNo": "A1111BC", "ACTIVEFLAG": false, "dateOfBirth": "1984-02-29"}`,
		`{"movementType": "", "toAgency": "MDI"}`,
		`[null]`, `[{"type": "MERGED"}]`, `[{"consecutiveTo": 1e400}]`, `[{"offenderNo": {"a": "Canaria"}}]`,
	)
}

// lacking names the first field that the result must have and has not.
func lacking(result any, body []byte) string {
	switch r := result.(type) {
	case ptpu.Booking:
		switch {
		case r.BookNumber == "":
			return "bookingNo"
		case r.OffenderNo == "":
			return "offenderNo"
		case !saysWhetherActive(body):
			return "activeFlag"
		}
	case ptpu.Movement:
		if r.Type == "" {
			return "movementType"
		}
	case ptpu.Prisoner:
		if r.OffenderNo == "" {
			return "offenderNo"
		}
	case []ptpu.Identifier:
		for _, identifier := range r {
			if identifier.Type == "" || identifier.Value == "" {
				return "type or value"
			}
		}
	}
	return ""
}

// saysWhetherActive looks itself: a Booking that is not active may be one of
// which nobody said so.
func saysWhetherActive(body []byte) bool {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return false
	}
	for name, value := range fields {
		if _, said := value.(bool); said && strings.EqualFold(name, "activeFlag") {
			return true
		}
	}
	return false
}
