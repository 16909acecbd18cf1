package communityapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/communityapi"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

var dates = ptpu.KeyDates{ConditionalRelease: date(2028, 12, 1), SentenceExpiry: date(2031, 9, 10)}

const ids = `{"crn": "X100001", "nomsNumber": "A1111BC", "pncNumber": null}`

// calls are all calls: the request that each must make, an answer to it and
// what that answer means.
var calls = map[string]struct {
	method, target, body string
	call                 func(context.Context, *communityapi.Client) (any, error)
	file, answer         string
	want                 any
}{
	"convictions": {
		method: http.MethodGet, target: "/secure/offenders/crn/X100001/convictions",
		call: func(ctx context.Context, c *communityapi.Client) (any, error) { return c.Convictions(ctx, "X100001") },
		file: "convictions.json",
		want: []ptpu.Conviction{
			{Active: true, SentenceStart: date(2026, 2, 11), Custodial: true},
			{SentenceStart: date(2019, 3, 12)},
		},
	},
	"custody": {
		method: http.MethodGet, target: "/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A",
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return c.Custody(ctx, "A1111BC", "41001A")
		},
		file: "custody.json",
		want: communityapi.Custody{
			BookNumber:        "41001A",
			Prison:            "MDI",
			PrisonDescription: "Moorland (HMP & YOI)",
			KeyDates:          ptpu.KeyDates{ConditionalRelease: date(2028, 12, 1), LicenceExpiry: date(2031, 9, 10), SentenceExpiry: date(2031, 9, 10)},
			StatusCode:        "D",
			StatusDescription: "In Custody",
			SentenceStart:     date(2026, 2, 11),
		},
	},
	"NOMS number of": {
		method: http.MethodGet, target: "/secure/offenders/crn/X100001",
		call:   func(ctx context.Context, c *communityapi.Client) (any, error) { return c.OffenderNoOf(ctx, "X100001") },
		answer: `{"firstName": "Oakley", "otherIds": ` + ids + `}`,
		want:   ptpu.OffenderNo("A1111BC"),
	},
	"holder of": {
		method: http.MethodGet, target: "/secure/offenders/nomsNumber/A1111BC",
		call:   func(ctx context.Context, c *communityapi.Client) (any, error) { return c.HolderOf(ctx, "A1111BC") },
		answer: `{"otherIds": ` + ids + `}`,
		want:   ptpu.CRN("X100001"),
	},
	"set NOMS number": {
		method: http.MethodPut, target: "/secure/offenders/crn/X100001/nomsNumber", body: `{"nomsNumber":"A1111BC"}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return nil, c.SetOffenderNo(ctx, "X100001", "A1111BC")
		},
		answer: ids,
	},
	"replace NOMS number": {
		method: http.MethodPut, target: "/secure/offenders/nomsNumber/A9999BC/nomsNumber", body: `{"nomsNumber":"A1114BC"}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return c.ReplaceOffenderNo(ctx, "A9999BC", "A1114BC")
		},
		file: "ids-list.json",
		want: []ptpu.CRN{"X100004"},
	},
	"set booking number": {
		method: http.MethodPut, target: "/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber",
		body: `{"sentenceStartDate":"2026-02-11","bookingNumber":"41001A"}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return nil, c.SetBookNumber(ctx, "A1111BC", "41001A", date(2026, 2, 11))
		},
		file: "custody.json",
	},
	"set location": {
		method: http.MethodPut, target: "/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001%2FA",
		body: `{"nomsPrisonInstitutionCode":"MDI"}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return nil, c.SetLocation(ctx, "A1111BC", "41001/A", "MDI")
		},
		file: "custody.json",
	},
	"replace key dates": {
		method: http.MethodPost, target: "/secure/offenders/nomsNumber/A1111BC/bookingNumber/41001A/custody/keyDates",
		body: `{"conditionalReleaseDate":"2028-12-01","sentenceExpiryDate":"2031-09-10"}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return nil, c.ReplaceKeyDates(ctx, "A1111BC", "41001A", dates)
		},
		file: "custody.json",
	},
	"delete all key dates": {
		method: http.MethodPost, target: "/secure/offenders/nomsNumber/A1111BC/bookingNumber/41001A/custody/keyDates", body: `{}`,
		call: func(ctx context.Context, c *communityapi.Client) (any, error) {
			return nil, c.ReplaceKeyDates(ctx, "A1111BC", "41001A", ptpu.KeyDates{})
		},
		file: "custody.json",
	},
}

func TestCalls(t *testing.T) {
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			answer := upstreamtest.JSON(http.StatusOK, c.answer)
			if c.file != "" {
				answer = upstreamtest.File(t, http.StatusOK, c.file)
			}
			server := upstreamtest.Serve(t, answer)
			got, err := c.call(t.Context(), communityapi.New(server.API(t, upstream.Config{}, "")))
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
			asked := server.Asked()
			if len(asked) != 1 || asked[0].Method != c.method || asked[0].Target != c.target || asked[0].Body != c.body {
				t.Errorf("asked %+v, want one %s %s of %s", asked, c.method, c.target, c.body)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstreamtest.Failures(t, func(ctx context.Context, api upstream.API) error {
				_, err := c.call(ctx, communityapi.New(api))
				return err
			})
		})
	}
}

func TestNotFoundSampleNamesTheBookNumber(t *testing.T) {
	var failure *ptpu.CallError
	server := upstreamtest.Serve(t, upstreamtest.File(t, http.StatusNotFound, "not-found.json"))
	err := communityapi.New(server.API(t, upstream.Config{}, "")).ReplaceKeyDates(t.Context(), "A1111BC", "41001A", dates)
	if !errors.As(err, &failure) || !errors.Is(err, ptpu.ErrNotFound) || !failure.NamesBookNumber {
		t.Errorf("got error %v, want %v that names the booking number", err, ptpu.ErrNotFound)
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	for name, c := range map[string]struct {
		call, body string
		want       any
		kind       error
	}{
		"nobody convicted":                 {call: "convictions", body: `[]`, want: []ptpu.Conviction{}},
		"a custody that is null":           {call: "convictions", body: `[{"active": true, "sentence": {"startDate": "2026-02-11"}, "custody": null}]`, want: []ptpu.Conviction{{Active: true, SentenceStart: date(2026, 2, 11)}}},
		"a custody that is empty":          {call: "convictions", body: `[{"active": false, "sentence": null, "custody": {}}]`, want: []ptpu.Conviction{{Custodial: true}}},
		"a sentence without a date":        {call: "convictions", body: `[{"active": false, "sentence": {}}]`, want: []ptpu.Conviction{{}}},
		"a conviction that says nothing":   {call: "convictions", body: `[{"active": true}, {}]`, kind: ptpu.ErrUnavailable},
		"nothing for a conviction":         {call: "convictions", body: `[null]`, kind: ptpu.ErrUnavailable},
		"an object for a list":             {call: "convictions", body: `{}`, kind: ptpu.ErrUnavailable},
		"a custody of nulls":               {call: "custody", body: `{"bookingNumber": null, "institution": null, "keyDates": null, "status": null, "sentenceStartDate": null}`, want: communityapi.Custody{}},
		"a custody of nothing":             {call: "custody", body: `{}`, want: communityapi.Custody{}},
		"a person without a NOMS number":   {call: "NOMS number of", body: `{"otherIds": {"crn": "X100001"}}`, want: ptpu.OffenderNo("")},
		"a person with null for one":       {call: "NOMS number of", body: `{"otherIds": {"crn": "X100001", "nomsNumber": null}}`, want: ptpu.OffenderNo("")},
		"a person who is none":             {call: "NOMS number of", body: `{}`, kind: ptpu.ErrUnavailable},
		"a holder without a CRN":           {call: "holder of", body: `{"otherIds": {"nomsNumber": "A1111BC"}}`, kind: ptpu.ErrUnavailable},
		"a merge that changed nobody":      {call: "replace NOMS number", body: `[]`, want: []ptpu.CRN{}},
		"a merge that hides whom":          {call: "replace NOMS number", body: `[{"crn": "X100004"}, {}]`, kind: ptpu.ErrUnavailable},
		"a write that says nothing":        {call: "set location", body: ``},
		"a write that says something else": {call: "set location", body: `[]`},
		"a write that meets a page":        {call: "set location", body: `<html>Canaria</html>`, kind: ptpu.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, c.body))
			got, err := calls[c.call].call(t.Context(), communityapi.New(server.API(t, upstream.Config{}, "")))
			if !errors.Is(err, c.kind) {
				t.Fatalf("got error %v, want %v", err, c.kind)
			}
			if c.kind != nil {
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
		})
	}
}

func TestWhatCannotBeANumberIsNotAsked(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
	client := communityapi.New(server.API(t, upstream.Config{}, ""))
	for name, call := range map[string]func(context.Context) error{
		"no CRN":                    func(ctx context.Context) error { _, err := client.Convictions(ctx, ""); return err },
		"a CRN with a path":         func(ctx context.Context) error { _, err := client.OffenderNoOf(ctx, "X100001/x"); return err },
		"a NOMS number for a CRN":   func(ctx context.Context) error { return client.SetOffenderNo(ctx, "A1111BC", "A1111BC") },
		"a CRN for a NOMS number":   func(ctx context.Context) error { return client.SetOffenderNo(ctx, "X100001", "X100001") },
		"a merge from nothing":      func(ctx context.Context) error { _, err := client.ReplaceOffenderNo(ctx, "", "A1111BC"); return err },
		"a merge into nothing":      func(ctx context.Context) error { _, err := client.ReplaceOffenderNo(ctx, "A1111BC", ""); return err },
		"nobody's holder":           func(ctx context.Context) error { _, err := client.HolderOf(ctx, ".."); return err },
		"no booking number":         func(ctx context.Context) error { return client.SetBookNumber(ctx, "A1111BC", "", date(2026, 2, 11)) },
		"a sentence without a date": func(ctx context.Context) error { return client.SetBookNumber(ctx, "A1111BC", "41001A", ptpu.Date{}) },
		"dots for a booking number": func(ctx context.Context) error { return client.SetLocation(ctx, "A1111BC", "..", "MDI") },
		"no prison":                 func(ctx context.Context) error { return client.SetLocation(ctx, "A1111BC", "41001A", "") },
		"a booking number too long": func(ctx context.Context) error {
			return client.ReplaceKeyDates(ctx, "A1111BC", "123456789012345678901", dates)
		},
		"a booking number with blank": func(ctx context.Context) error { _, err := client.Custody(ctx, "A1111BC", "41 001"); return err },
	} {
		if err := call(t.Context()); !errors.Is(err, ptpu.ErrRefused) {
			t.Errorf("%s: got error %v, want %v", name, err, ptpu.ErrRefused)
		}
	}
	if asked := server.Asked(); len(asked) != 0 {
		t.Errorf("asked %+v, want nothing", asked)
	}
}

func date(year int, month time.Month, day int) ptpu.Date {
	return ptpu.Date{Year: year, Month: month, Day: day}
}
