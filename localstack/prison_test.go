package localstack_test

import (
	"fmt"
	"net/http"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

func TestPrisonAPIAnswers(t *testing.T) {
	recall := true
	b := inside()
	b.PNC, b.CRO, b.Recall, b.LegalStatus, b.ConvictedStatus = "06/0123456X", "123456/06T", &recall, "RECALL", "Convicted"
	b.Sentence = localstack.Sentence{StartDate: "2026-02-11", ConditionalRelease: "2028-11-26", ConfirmedRelease: "2028-12-01"}
	b.Terms = []localstack.Term{{SentenceSequence: 1, StartDate: "2026-02-11"}, {SentenceSequence: 2, ConsecutiveTo: 1, StartDate: "2026-11-21"}}
	b.Movements = []localstack.Movement{{Sequence: 2, FromAgency: "SHEFCC", ToAgency: "MDI", MovementType: "ADM", DirectionCode: "IN"}}
	b.Identifiers = []localstack.Identifier{{Type: "MERGED", Value: "A9999BC"}, {Type: "PNC", Value: "06/0123456X"}}
	newer := b
	newer.BookingID, newer.BookingNo, newer.AgencyID, newer.Active, newer.Recall, newer.LegalStatus = 1300201, "42001A", "", false, nil, ""
	newer.Sentence = localstack.Sentence{}
	s := with(t, localstack.People{Bookings: []localstack.Booking{b, newer}})

	for path, want := range map[string]any{
		"/bookings/1300101?basicInfo=false&extraInfo=true": object{
			"bookingId": 1300101.0, "bookingNo": "41001A", "offenderNo": "A1111BC", "firstName": "JO", "lastName": "TESTER",
			"agencyId": "MDI", "assignedLivingUnitId": 25638.0, "activeFlag": true, "dateOfBirth": "1980-03-04",
			"locationDescription": "Moorland (HMP & YOI)", "recall": true, "legalStatus": "RECALL", "facialImageId": nil,
		},
		// What NOMIS does not have is absent.
		"/bookings/1300201": object{
			"bookingId": 1300201.0, "bookingNo": "42001A", "offenderNo": "A1111BC", "firstName": "JO", "lastName": "TESTER",
			"activeFlag": false, "dateOfBirth": "1980-03-04", "facialImageId": nil,
		},
		"/bookings/1300101/sentenceDetail": object{
			"bookingId": 1300101.0, "sentenceStartDate": "2026-02-11", "conditionalReleaseDate": "2028-11-26",
			"confirmedReleaseDate": "2028-12-01", "nonDtoReleaseDate": "2028-11-26", "nonDtoReleaseDateType": "CRD",
		},
		"/bookings/1300201/sentenceDetail": object{"bookingId": 1300201.0},
		"/offender-sentences/booking/1300101/sentenceTerms": []any{
			object{
				"bookingId": 1300101.0, "sentenceSequence": 1.0, "startDate": "2026-02-11", "termSequence": 1.0,
				"sentenceType": "ADIMP_ORA", "lifeSentence": false, "sentenceTermCode": "IMP", "lineSeq": 1.0,
			},
			object{
				"bookingId": 1300101.0, "sentenceSequence": 2.0, "consecutiveTo": 1.0, "startDate": "2026-11-21", "termSequence": 1.0,
				"sentenceType": "ADIMP_ORA", "lifeSentence": false, "sentenceTermCode": "IMP", "lineSeq": 2.0,
			},
		},
		"/bookings/1300101/movement/2": object{
			"offenderNo": "A1111BC", "createDateTime": "2026-11-20T13:33:23.666789",
			"fromAgency": "SHEFCC", "fromAgencyDescription": "Sheffield Crown Court",
			"toAgency": "MDI", "toAgencyDescription": "Moorland (HMP & YOI)", "fromCity": "", "toCity": "",
			"movementType": "ADM", "movementTypeDescription": "Admission", "directionCode": "IN",
			"movementTime": "13:27:39", "movementReason": "Imprisonment Without Option", "commentText": nil,
		},
		// The newest booking speaks for the prisoner.
		"/prisoners?offenderNo=A1111BC": []any{object{
			"offenderNo": "A1111BC", "firstName": "JO", "lastName": "TESTER", "dateOfBirth": "1980-03-04", "gender": "Male",
			"sexCode": "M", "currentlyInPrison": "N", "latestBookingId": 1300201.0,
			"imprisonmentStatus": "SENT03", "pncNumber": "06/0123456X", "croNumber": "123456/06T", "convictedStatus": "Convicted",
		}},
		"/prisoners?offenderNo=A9999BC":             []any{},
		"/bookings/1300101/identifiers?type=MERGED": []any{object{"type": "MERGED", "value": "A9999BC"}},
	} {
		var got any
		s.get("/prison-api/api"+path, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestPagesOfBookings(t *testing.T) {
	people := localstack.Generated(25, 2_000_000)
	people.Bookings[3].AgencyID = "LEI"
	people.Bookings[4].Active = false
	s := with(t, people)
	type page struct {
		Content []struct {
			BookingID  int64  `json:"bookingId"`
			OffenderNo string `json:"offenderNo"`
			BookingNo  string `json:"bookingNo"`
			AgencyID   string `json:"agencyId"`
		} `json:"content"`
		Total int  `json:"totalElements"`
		Pages int  `json:"totalPages"`
		Last  bool `json:"last"`
	}
	var ids []int64
	for number := 0; ; number++ {
		var p page
		s.get(fmt.Sprint("/prison-api/api/bookings/v2?prisonId=MDI&sort=bookingId&size=10&page=", number), &p)
		for _, b := range p.Content {
			ids = append(ids, b.BookingID)
			if b.AgencyID != "MDI" || b.OffenderNo == "" || b.BookingNo == "" {
				t.Errorf("page %d: got %+v, want a booking at MDI with its numbers", number, b)
			}
		}
		if p.Total != 23 || p.Pages != 3 || p.Last != (number == 2) {
			t.Fatalf("page %d: got %d of them on %d pages, last %t; want 23 on 3", number, p.Total, p.Pages, p.Last)
		}
		if p.Last {
			break
		}
	}
	var want []int64
	for _, b := range people.Bookings {
		if b.BookingID != 2_000_003 && b.BookingID != 2_000_004 {
			want = append(want, b.BookingID)
		}
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("bookings (-want +got):\n%s", diff)
	}
	var beyond page
	s.get("/prison-api/api/bookings/v2?prisonId=MDI&size=5000&page=1", &beyond)
	if len(beyond.Content) != 0 || !beyond.Last {
		t.Errorf("a page beyond the last: got %+v, want it empty and last", beyond)
	}
	if status, _ := s.call(http.MethodGet, "/prison-api/api/bookings/v2?prisonId=MDI&size=5001", nil); status != 400 {
		t.Errorf("a page too large: got %d, want 400", status)
	}
}

func TestScriptedChanges(t *testing.T) {
	first, second, third := inside(), inside(), inside()
	second.AgencyID, third.AgencyID = "LEI", "OUT"
	second.Later = &localstack.Later{Route: localstack.RouteSentenceDetail, Reads: 0, Becomes: &third}
	first.Later = &localstack.Later{Route: localstack.RouteBooking, Reads: 2, Becomes: &second}
	s := with(t, localstack.People{Bookings: []localstack.Booking{first}})
	agency := func() string {
		var b object
		s.get("/prison-api/api/bookings/1300101", &b)
		return b["agencyId"].(string)
	}
	detail := func() { s.get("/prison-api/api/bookings/1300101/sentenceDetail", new(object)) }

	detail() // another route does not count
	for i, want := range []string{"MDI", "MDI", "LEI", "LEI"} {
		if got := agency(); got != want {
			t.Errorf("read %d: got %s, want %s", i+1, got, want)
		}
	}
	detail()
	if got := agency(); got != "OUT" {
		t.Errorf("after the second change: got %s, want OUT", got)
	}
}
