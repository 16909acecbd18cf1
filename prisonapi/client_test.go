package prisonapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/prisonapi"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

const booking ptpu.BookingID = 1300101

// calls are all calls, by the request that each must make.
var calls = map[string]struct {
	target string
	call   func(context.Context, *prisonapi.Client) (any, error)
}{
	"booking": {
		target: "/prison/api/bookings/1300101?basicInfo=false&extraInfo=true",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.Booking(ctx, booking) },
	},
	"sentence-detail": {
		target: "/prison/api/bookings/1300101/sentenceDetail",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.SentenceDetail(ctx, booking) },
	},
	"sentence-terms": {
		target: "/prison/api/offender-sentences/booking/1300101/sentenceTerms",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.SentenceTerms(ctx, booking) },
	},
	"movement": {
		target: "/prison/api/bookings/1300101/movement/3",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.Movement(ctx, booking, 3) },
	},
	"prisoner": {
		target: "/prison/api/prisoners?offenderNo=A1111BC",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.Prisoner(ctx, "A1111BC") },
	},
	"identifiers-merged": {
		target: "/prison/api/bookings/1300101/identifiers?type=MERGED",
		call:   func(ctx context.Context, c *prisonapi.Client) (any, error) { return c.MergedIdentifiers(ctx, booking) },
	},
}

func TestSamplesInOurWords(t *testing.T) {
	sequence := 61
	recall := false
	for name, want := range map[string]any{
		"booking": ptpu.Booking{
			ID:                  booking,
			BookNumber:          "41001A",
			OffenderNo:          "A1111BC",
			Active:              true,
			Agency:              "MDI",
			LocationDescription: "Moorland (HMP & YOI)",
			Recall:              &recall,
			LegalStatus:         "SENTENCED",
			Person:              ptpu.Person{FirstName: "OAKLEY", Surname: "FENWICK", DateOfBirth: date(1984, 2, 29)},
		},
		"sentence-detail": ptpu.SentenceDetail{
			SentenceStart:                  date(2026, 2, 11),
			ConfirmedRelease:               date(2028, 12, 1),
			ConditionalRelease:             date(2028, 11, 26),
			ConditionalReleaseOverride:     date(2028, 12, 1),
			LicenceExpiry:                  date(2031, 9, 10),
			SentenceExpiry:                 date(2031, 9, 10),
			TopupSupervisionExpiry:         date(2032, 9, 10),
			HomeDetentionCurfewEligibility: date(2028, 6, 26),
			Release:                        date(2028, 12, 1),
		},
		"sentence-terms": []ptpu.SentenceTerm{
			{Start: date(2026, 2, 11), Sequence: 61},
			{Start: date(2026, 11, 21), Sequence: 62, ConsecutiveTo: &sequence},
			{Start: date(2026, 1, 13), Sequence: 69},
		},
		"movement": ptpu.Movement{
			OffenderNo: "A1113BC", From: "SHEFCC", To: "MDI", ToDescription: "Moorland (HMP & YOI)", Type: "ADM", Direction: "IN",
		},
		"prisoner": ptpu.Prisoner{
			OffenderNo: "A1111BC", PNC: "06/0123456X", CRO: "123456/06T", LatestLocation: "Moorland (HMP & YOI)", ConvictedStatus: "Convicted",
		},
		"identifiers-merged": []ptpu.Identifier{{Type: "MERGED", Value: "A9999BC"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, upstreamtest.File(t, http.StatusOK, name+".json"))
			got, err := calls[name].call(t.Context(), prisonapi.New(server.API(t, upstream.Config{}, "/prison/")))
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
			asked := server.Asked()
			if len(asked) != 1 || asked[0].Method != http.MethodGet || asked[0].Target != calls[name].target || asked[0].Body != "" {
				t.Errorf("asked %+v, want one GET %s", asked, calls[name].target)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstreamtest.Failures(t, func(ctx context.Context, api upstream.API) error {
				_, err := c.call(ctx, prisonapi.New(api))
				return err
			})
		})
	}
}

// What prison-api does not say must not be read as a no.
func TestAbsentIsNotZero(t *testing.T) {
	for name, c := range map[string]struct {
		call, body string
		want       any
		kind       error
	}{
		"nothing but what must be there": {
			call: "booking",
			body: `{"bookingNo": "41001A", "offenderNo": "A1111BC", "activeFlag": false}`,
			want: ptpu.Booking{ID: booking, BookNumber: "41001A", OffenderNo: "A1111BC"},
		},
		"nulls": {
			call: "booking",
			body: `{"bookingNo": "41001A", "offenderNo": "A1111BC", "activeFlag": true, "agencyId": null, "recall": null, "dateOfBirth": null}`,
			want: ptpu.Booking{ID: booking, BookNumber: "41001A", OffenderNo: "A1111BC", Active: true},
		},
		"a booking that does not say whether it is active": {
			call: "booking", body: `{"bookingNo": "41001A", "offenderNo": "A1111BC"}`, kind: ptpu.ErrUnavailable,
		},
		"an object that is no booking":    {call: "booking", body: `{}`, kind: ptpu.ErrUnavailable},
		"nothing where a booking belongs": {call: "booking", body: `null`, kind: ptpu.ErrUnavailable},
		"a date of birth that is none": {
			call: "booking", body: `{"bookingNo": "41001A", "offenderNo": "A1111BC", "activeFlag": true, "dateOfBirth": "Canaria"}`, kind: ptpu.ErrUnavailable,
		},
		"a sentence without dates":        {call: "sentence-detail", body: `{"bookingId": 1300101}`, want: ptpu.SentenceDetail{}},
		"a sentence with null dates":      {call: "sentence-detail", body: `{"sentenceStartDate": null}`, want: ptpu.SentenceDetail{}},
		"a date with a time":              {call: "sentence-detail", body: `{"releaseDate": "2028-12-01T00:00:00"}`, want: ptpu.SentenceDetail{Release: date(2028, 12, 1)}},
		"no terms":                        {call: "sentence-terms", body: `[]`, want: []ptpu.SentenceTerm{}},
		"a term without a start":          {call: "sentence-terms", body: `[{"sentenceSequence": 1}]`, want: []ptpu.SentenceTerm{{Sequence: 1}}},
		"an object where terms belong":    {call: "sentence-terms", body: `{}`, kind: ptpu.ErrUnavailable},
		"nothing where terms belong":      {call: "sentence-terms", body: `null`, kind: ptpu.ErrUnavailable},
		"a movement to nowhere":           {call: "movement", body: `{"movementType": "REL"}`, want: ptpu.Movement{Type: "REL"}},
		"a movement without a type":       {call: "movement", body: `{"toAgency": "MDI"}`, kind: ptpu.ErrUnavailable},
		"a prisoner nobody has heard of":  {call: "prisoner", body: `[]`, kind: ptpu.ErrNotFound},
		"a prisoner without PNC and CRO":  {call: "prisoner", body: `[{"offenderNo": "A1111BC", "pncNumber": null}]`, want: ptpu.Prisoner{OffenderNo: "A1111BC"}},
		"a prisoner without a number":     {call: "prisoner", body: `[{"firstName": "Canaria"}]`, kind: ptpu.ErrUnavailable},
		"an identifier without a type":    {call: "identifiers-merged", body: `[{"value": "A9999BC"}]`, kind: ptpu.ErrUnavailable},
		"an identifier without a value":   {call: "identifiers-merged", body: `[{"type": "MERGED", "value": "A9999BC"}, {"type": "MERGED"}]`, kind: ptpu.ErrUnavailable},
		"a booking that was never merged": {call: "identifiers-merged", body: `[]`, want: []ptpu.Identifier{}},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, c.body))
			got, err := calls[c.call].call(t.Context(), prisonapi.New(server.API(t, upstream.Config{}, "")))
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

func TestWhatCannotBeAnIDIsNotAsked(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
	client := prisonapi.New(server.API(t, upstream.Config{}, ""))
	for name, call := range map[string]func() error{
		"booking 0":                   func() error { _, err := client.Booking(t.Context(), 0); return err },
		"a negative booking":          func() error { _, err := client.SentenceDetail(t.Context(), -1); return err },
		"terms of no booking":         func() error { _, err := client.SentenceTerms(t.Context(), 0); return err },
		"identifiers of no booking":   func() error { _, err := client.MergedIdentifiers(t.Context(), 0); return err },
		"a negative movement":         func() error { _, err := client.Movement(t.Context(), booking, -1); return err },
		"no NOMS number":              func() error { _, err := client.Prisoner(t.Context(), ""); return err },
		"a NOMS number with a line":   func() error { _, err := client.Prisoner(t.Context(), "A1111BC\n"); return err },
		"a NOMS number in lower case": func() error { _, err := client.Prisoner(t.Context(), "a1111bc"); return err },
		"a CRN for a NOMS number":     func() error { _, err := client.Prisoner(t.Context(), "X100001"); return err },
	} {
		if err := call(); !errors.Is(err, ptpu.ErrRefused) {
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
