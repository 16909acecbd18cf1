package offendersearch_test

import (
	"context"
	"testing"

	"ptpu/offendersearch"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

func FuzzAnswers(f *testing.F) {
	upstreamtest.Arbitrary(f, upstream.Config{Safe: offendersearch.Safe}, map[string]upstreamtest.Answered{
		"match": func(ctx context.Context, api upstream.API, _ []byte) (string, error) {
			result, err := offendersearch.New(api).Match(ctx, person, "A1111BC", "2006/0123456X", "")
			if result.MatchedBy == "" {
				return "matchedBy", err
			}
			for _, crn := range result.CRNs {
				if crn == "" {
					return "crn", err
				}
			}
			return "", err
		},
	},
		`{"matches": null, "matchedBy": "NAME"}`,
		`{"matches": [null], "matchedBy": "NAME"}`,
		`{"matches": [{"offender": {"otherIds": {"crn": "X100001"}}}], "matches": [{}], "matchedBy": "NAME"}`,
		`{"matches": [{"offender": {"otherIds": {"crn": ["Canaria"]}}}], "matchedBy": "NAME"}`,
	)
}
