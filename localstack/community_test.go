package localstack_test

import (
	"net/http"
	"strings"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

type object = map[string]any

const (
	crnPath  = "/community-api/secure/offenders/crn/"
	nomsPath = "/community-api/secure/offenders/nomsNumber/"
)

// The rules of each write: what Delius holds, what is asked, what it answers,
// and which fields are others afterwards.
func TestWritesToDelius(t *testing.T) {
	custody := func(alter func(*localstack.Custody)) func(*localstack.Offender) {
		return func(o *localstack.Offender) { alter(o.Events[0].Custody) }
	}
	noNumber := func(o *localstack.Offender) { o.NomsNumber = "" }
	crn := func(crn string) func(*localstack.Offender) { return func(o *localstack.Offender) { o.CRN = crn } }
	second := func(start localstack.Date, booked string) func(*localstack.Offender) {
		return func(o *localstack.Offender) {
			o.Events = append(o.Events, localstack.Event{
				Index: "2", Active: true, SentenceStart: start,
				Custody: &localstack.Custody{Status: localstack.InCustody, BookingNumber: booked},
			})
		}
	}
	start := func(d localstack.Date) func(*localstack.Offender) {
		return func(o *localstack.Offender) { o.Events[0].SentenceStart = d }
	}
	inactive := func(o *localstack.Offender) { o.Events[0].Active = false }
	booked := custody(func(c *localstack.Custody) { c.BookingNumber = "41001A" })
	at := func(code string) func(*localstack.Offender) {
		return custody(func(c *localstack.Custody) { c.Institution = code })
	}
	status := func(code string) func(*localstack.Offender) {
		return custody(func(c *localstack.Custody) { c.Status = code })
	}

	book := object{"sentenceStartDate": "2026-02-11", "bookingNumber": "41001A"}
	move := object{"nomsPrisonInstitutionCode": "MDI"}
	number := object{"nomsNumber": "A1111BC"}
	const (
		bookPath = nomsPath + "A1111BC/custody/bookingNumber"
		movePath = nomsPath + "A1111BC/custody/bookingNumber/41001A"
		datePath = nomsPath + "A1111BC/bookingNumber/41001A/custody/keyDates"
	)
	for _, test := range []struct {
		name     string
		people   []localstack.Offender
		several  bool
		method   string
		path     string
		body     any
		status   int
		contains string
		changes  []string
	}{
		{
			"a number for somebody without one",
			[]localstack.Offender{jo(noNumber)},
			false,
			"PUT", crnPath + "X100001/nomsNumber", number, 200, `"nomsNumber":"A1111BC"`,
			[]string{"X100001 nomsNumber: -> A1111BC"},
		},
		{
			"the same number again",
			[]localstack.Offender{jo()},
			false,
			"PUT", crnPath + "X100001/nomsNumber", number, 200, `"crn":"X100001"`, nil,
		},
		{
			"the number leaves its other holders",
			[]localstack.Offender{jo(noNumber), jo(crn("X100002")), jo(crn("X100003"))},
			false,
			"PUT", crnPath + "X100001/nomsNumber", number, 200, "",
			[]string{
				"X100002 nomsNumber: A1111BC -> ", "X100003 nomsNumber: A1111BC -> ", "X100001 nomsNumber: -> A1111BC",
			},
		},
		{"no such CRN", nil, false, "PUT", crnPath + "X100009/nomsNumber", number, 404, "X100009", nil},
		{"no number in the body", []localstack.Offender{jo()}, false, "PUT", crnPath + "X100001/nomsNumber", object{}, 400, "", nil},

		{
			"a merge changes all holders",
			[]localstack.Offender{jo(), jo(crn("X100002"))},
			false,
			"PUT", nomsPath + "A1111BC/nomsNumber",
			object{"nomsNumber": "A2222BC"},
			200, `[{`,
			[]string{
				"X100001 nomsNumber: A1111BC -> A2222BC", "X100002 nomsNumber: A1111BC -> A2222BC",
			},
		},
		{
			"a merge of an unknown number",
			[]localstack.Offender{jo()},
			false,
			"PUT", nomsPath + "A9999BC/nomsNumber",
			object{"nomsNumber": "A2222BC"},
			404, "A9999BC", nil,
		},
		{
			"a merge that was done before",
			[]localstack.Offender{jo()},
			false,
			"PUT", nomsPath + "A9999BC/nomsNumber", number, 404, "A9999BC", nil,
		},
		{"a merge into a number that somebody has", []localstack.Offender{
			jo(), jo(crn("X100002"), func(o *localstack.Offender) { o.NomsNumber = "A2222BC" }),
		}, false, "PUT", nomsPath + "A1111BC/nomsNumber", object{"nomsNumber": "A2222BC"}, 409, "already assigned", nil},

		{
			"a booking number",
			[]localstack.Offender{jo()},
			false, "PUT", bookPath, book, 200, `"bookingNumber":"41001A"`,
			[]string{"X100001 bookingNumber: -> 41001A"},
		},
		{"the same booking number", []localstack.Offender{jo(booked)}, false, "PUT", bookPath, book, 200, `"bookingNumber":"41001A"`, nil},
		{
			"a sentence seven days before",
			[]localstack.Offender{jo(start("2026-02-04"))},
			false, "PUT", bookPath, book, 200, "",
			[]string{"X100001 bookingNumber: -> 41001A"},
		},
		{
			"a sentence seven days after",
			[]localstack.Offender{jo(start("2026-02-18"))},
			false, "PUT", bookPath, book, 200, "",
			[]string{"X100001 bookingNumber: -> 41001A"},
		},
		{"a sentence eight days before", []localstack.Offender{jo(start("2026-02-03"))}, false, "PUT", bookPath, book, 404, "close to", nil},
		{"a sentence eight days after", []localstack.Offender{jo(start("2026-02-19"))}, false, "PUT", bookPath, book, 404, "close to", nil},
		{"an inactive sentence", []localstack.Offender{jo(inactive)}, false, "PUT", bookPath, book, 404, "close to", nil},
		{"two sentences near", []localstack.Offender{jo(second("2026-02-12", ""))}, false, "PUT", bookPath, book, 404, "2 duplicates", nil},
		{
			"two sentences, one near",
			[]localstack.Offender{jo(second("2025-02-12", ""))},
			false, "PUT", bookPath, book, 200, "",
			[]string{"X100001 bookingNumber: -> 41001A"},
		},
		{"a booking number for nobody", nil, false, "PUT", bookPath, book, 404, "NOMS number A1111BC not found", nil},
		{
			"two holders, one serving",
			[]localstack.Offender{jo(inactive), jo(crn("X100002"))},
			false, "PUT", bookPath, book, 200, "",
			[]string{"X100002 bookingNumber: -> 41001A"},
		},
		{"two holders, both serving", []localstack.Offender{jo(), jo(crn("X100002"))}, false, "PUT", bookPath, book, 404, "A1111BC", nil},
		{"no date in the body", []localstack.Offender{jo()}, false, "PUT", bookPath, object{"bookingNumber": "41001A"}, 400, "", nil},

		{
			"a location",
			[]localstack.Offender{jo()},
			false, "PUT", movePath, move, 200, `"nomsPrisonInstitutionCode":"MDI"`,
			[]string{"X100001 institution: -> MDI"},
		},
		{
			"in custody already",
			[]localstack.Offender{jo(status(localstack.InCustody), at("LEI"))},
			false, "PUT", movePath, move, 200, "",
			[]string{"X100001 institution: LEI -> MDI"},
		},
		{"the same location", []localstack.Offender{jo(at("MDI"))}, false, "PUT", movePath, move, 200, "", nil},
		{
			"whatever the booking number",
			[]localstack.Offender{jo(booked)},
			false,
			"PUT", nomsPath + "A1111BC/custody/bookingNumber/99999Z", move, 200, "",
			[]string{"X100001 institution: -> MDI"},
		},
		{"on licence", []localstack.Offender{jo(status(localstack.OnLicence))}, false, "PUT", movePath, move, 404, "custodial status", nil},
		{"an unknown prison", []localstack.Offender{jo()}, false, "PUT", movePath, object{"nomsPrisonInstitutionCode": "NPI"}, 404, "NPI not found", nil},
		{"no active event", []localstack.Offender{jo(inactive)}, false, "PUT", movePath, move, 404, "No active custodial events", nil},
		{"several events, switch off", []localstack.Offender{jo(second("2025-02-12", ""))}, false, "PUT", movePath, move, 404, "2 found", nil},
		{
			"several events, switch on",
			[]localstack.Offender{jo(second("2025-02-12", ""))},
			true, "PUT", movePath, move, 200, "",
			[]string{"X100001 institution: -> MDI", "X100001 institution: -> MDI"},
		},
		{
			"several events, one on licence",
			[]localstack.Offender{jo(status(localstack.OnLicence), second("2025-02-12", ""))},
			true,
			"PUT", movePath, move, 200, "",
			[]string{"X100001 institution: -> MDI"},
		},

		{
			"key dates set, moved and deleted",
			[]localstack.Offender{jo(booked, custody(func(c *localstack.Custody) {
				c.KeyDates = map[string]localstack.Date{
					"licenceExpiryDate": "2030-01-01", "sentenceExpiryDate": "2031-01-01",
					"expectedPrisonOffenderManagerHandoverDate": "2027-01-01",
				}
			}))},
			false, "POST", datePath,
			object{"conditionalReleaseDate": "2028-12-01", "sentenceExpiryDate": "2031-09-10", "licenceExpiryDate": nil},
			200, `"expectedPrisonOffenderManagerHandoverDate":"2027-01-01"`,
			[]string{
				"X100001 keyDates.conditionalReleaseDate: -> 2028-12-01",
				"X100001 keyDates.sentenceExpiryDate: 2031-01-01 -> 2031-09-10",
				"X100001 keyDates.licenceExpiryDate: 2030-01-01 -> ",
			},
		},
		{"the same key dates", []localstack.Offender{jo(booked, custody(func(c *localstack.Custody) {
			c.KeyDates = map[string]localstack.Date{"licenceExpiryDate": "2030-01-01"}
		}))}, false, "POST", datePath, object{"licenceExpiryDate": "2030-01-01"}, 200, "", nil},
		{"key dates of nobody", nil, false, "POST", datePath, object{}, 404, "NOMS number A1111BC not found", nil},
		{"key dates of no such booking", []localstack.Offender{jo()}, false, "POST", datePath, object{}, 404, "bookingNumber 41001A not found", nil},
		{
			"key dates of two such bookings",
			[]localstack.Offender{jo(booked, second("2025-02-12", "41001A"))},
			false,
			"POST", datePath,
			object{},
			404, "single conviction with bookingNumber 41001A", nil,
		},
		{"key dates of an inactive booking", []localstack.Offender{jo(booked, inactive)}, false, "POST", datePath, object{}, 404, "bookingNumber", nil},
		{"a key date that is none", []localstack.Offender{jo(booked)}, false, "POST", datePath, object{"licenceExpiryDate": "soon"}, 400, "licenceExpiryDate", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, localstack.Config{People: offenders(test.people...), SeveralCustodialEvents: test.several})
			status, body := s.call(test.method, test.path, test.body)
			if status != test.status {
				t.Errorf("status: got %d %s, want %d", status, body, test.status)
			}
			if !strings.Contains(string(body), test.contains) {
				t.Errorf("answer: got %s, want it to contain %s", body, test.contains)
			}
			if status == 404 && strings.Contains(string(body), "bookingNumber") != strings.Contains(test.contains, "bookingNumber") {
				t.Errorf("answer: got %s: only a missing conviction may name bookingNumber", body)
			}
			if diff := cmp.Diff(test.changes, told(s.Changes())); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}

			// Every write may be repeated: the second time nothing is left to change.
			s.call(test.method, test.path, test.body)
			if got := len(s.Changes()); got != len(test.changes) {
				t.Errorf("changes after a repeat: got %d, want %d", got, len(test.changes))
			}
			writes := s.Writes()
			if len(writes) != 2 || writes[0].Changed != (test.changes != nil) || writes[1].Changed {
				t.Errorf("writes: got %+v, want two, and only the first with a change if there was any", writes)
			}
		})
	}
}

func told(changes []localstack.Change) []string {
	var list []string
	for _, c := range changes {
		from := c.From
		if from != "" {
			from += " "
		}
		list = append(list, c.CRN+" "+c.Field+": "+from+"-> "+c.To)
	}
	return list
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	s := with(t, offenders(jo(func(o *localstack.Offender) { o.NomsNumber = "" })))
	for _, write := range []struct {
		method, path string
		body         any
	}{
		{"PUT", crnPath + "X100001/nomsNumber", object{"nomsNumber": "A1111BC"}},
		{"PUT", nomsPath + "A1111BC/custody/bookingNumber", object{"sentenceStartDate": "2026-02-11", "bookingNumber": "41001A"}},
		{"PUT", nomsPath + "A1111BC/custody/bookingNumber/41001A", object{"nomsPrisonInstitutionCode": "MDI"}},
		{"POST", nomsPath + "A1111BC/bookingNumber/41001A/custody/keyDates", object{"sentenceExpiryDate": "2031-09-10"}},
	} {
		if status, body := s.call(write.method, write.path, write.body); status != http.StatusOK {
			t.Fatalf("%s %s: got %d %s", write.method, write.path, status, body)
		}
	}
	custody := object{
		"bookingNumber": "41001A",
		"institution": object{
			"institutionId": 97.0, "isEstablishment": true, "code": "MDIHMP", "description": "Moorland (HMP & YOI)",
			"institutionName": "Moorland (HMP & YOI)", "establishmentType": object{"code": "E", "description": "Prison"},
			"nomsPrisonInstitutionCode": "MDI",
		},
		"keyDates":          object{"sentenceExpiryDate": "2031-09-10"},
		"status":            object{"code": "D", "description": "In Custody"}, // who has arrived is in custody
		"sentenceStartDate": "2026-02-11",
	}
	var got object
	s.get(nomsPath+"A1111BC/custody/bookingNumber/41001A", &got)
	if diff := cmp.Diff(custody, got); diff != "" {
		t.Errorf("custody (-want +got):\n%s", diff)
	}
	var convictions []object
	s.get(crnPath+"X100001/convictions", &convictions)
	if diff := cmp.Diff(custody, convictions[0]["custody"]); diff != "" {
		t.Errorf("custody of the conviction (-want +got):\n%s", diff)
	}
	for _, path := range []string{crnPath + "X100001", nomsPath + "A1111BC"} {
		var person struct {
			OtherIDs object `json:"otherIds"`
		}
		s.get(path, &person)
		want := object{"crn": "X100001", "nomsNumber": "A1111BC", "pncNumber": "2006/0123456X", "croNumber": "123456/06T"}
		if diff := cmp.Diff(want, person.OtherIDs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for _, change := range s.Changes() {
		if change.BookingID != 1300101 || change.NomsNumber != "A1111BC" {
			t.Errorf("change: got %+v, want booking 1300101 and A1111BC", change)
		}
	}
}

func TestReadsOfNobody(t *testing.T) {
	s := with(t, offenders(jo(), jo(func(o *localstack.Offender) { o.CRN = "X100002" })))
	for path, want := range map[string]int{
		crnPath + "X100009":                                404,
		crnPath + "X100009/convictions":                    404,
		nomsPath + "A9999BC":                               404,
		nomsPath + "A1111BC":                               409, // two hold it, and both serve
		nomsPath + "A9999BC/custody/bookingNumber/41001A":  404,
		nomsPath + "A1111BC/custody/bookingNumber/41001A":  404,
		"/community-api/secure/offenders/whoever/X100001":  404,
		"/prison-api/api/bookings/1":                       404,
		"/prison-api/api/bookings/first":                   400,
		"/prison-api/api/bookings/1300101/movement/1":      404,
		"/prison-api/api/bookings/v2?prisonId=MDI&size=0":  400,
		"/prison-api/api/bookings/v2?prisonId=MDI&page=-1": 400,
	} {
		status, body := s.call(http.MethodGet, path, nil)
		var problem struct {
			Status int `json:"status"`
		}
		s.decode(body, &problem)
		if status != want || problem.Status != want {
			t.Errorf("GET %s: got %d %s, want %d", path, status, body, want)
		}
	}
}
