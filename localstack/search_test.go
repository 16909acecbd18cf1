package localstack_test

import (
	"net/http"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

type found struct {
	MatchedBy string
	CRNs      []string
}

func (s *site) search(asked object) found {
	s.t.Helper()
	status, body := s.call(http.MethodPost, "/offender-search/match", asked)
	if status != http.StatusOK {
		s.t.Fatalf("match: got %d %s", status, body)
	}
	var said struct {
		Matches []struct {
			Offender struct {
				OtherIDs struct {
					CRN string `json:"crn"`
				} `json:"otherIds"`
			} `json:"offender"`
		} `json:"matches"`
		MatchedBy string `json:"matchedBy"`
	}
	s.decode(body, &said)
	result := found{MatchedBy: said.MatchedBy}
	for _, match := range said.Matches {
		result.CRNs = append(result.CRNs, match.Offender.OtherIDs.CRN)
	}
	return result
}

func TestTheLadder(t *testing.T) {
	other := jo(func(o *localstack.Offender) {
		o.CRN, o.NomsNumber, o.PNC, o.CRO = "X100002", "", "", ""
		o.FirstName, o.DateOfBirth = "Sam", "1980-03-04"
	})
	known := jo(func(o *localstack.Offender) {
		o.Aliases = []localstack.Alias{{FirstName: "Joey", Surname: "Probe", DateOfBirth: "1981-01-01"}}
	})
	idle := jo(func(o *localstack.Offender) {
		o.CRN, o.NomsNumber, o.PNC, o.CRO = "X100003", "A3333BC", "", ""
		o.Surname, o.Events[0].Active = "Rest", false
	})
	s := with(t, localstack.People{Offenders: []localstack.Offender{known, other, idle}})
	full := object{
		"firstName": "JO", "surname": "tester", "dateOfBirth": "1980-03-04", "nomsNumber": "a1111bc",
		"pncNumber": "06/0123456x", "croNumber": "123456/06t", "activeSentence": true,
	}
	for _, test := range []struct {
		name  string
		alter object // nil takes a field away
		want  found
	}{
		{"all that was supplied", object{}, found{"ALL_SUPPLIED", []string{"X100001"}}},
		{"the PNC with a long year", object{"pncNumber": "2006/0123456X"}, found{"ALL_SUPPLIED", []string{"X100001"}}},
		{
			"what is not supplied is not compared",
			object{"pncNumber": nil, "croNumber": nil, "nomsNumber": nil},
			found{"ALL_SUPPLIED", []string{"X100001"}},
		},
		{
			"an alias",
			object{"firstName": "Joey", "surname": "Probe", "dateOfBirth": "1981-01-01"},
			found{"ALL_SUPPLIED_ALIAS", []string{"X100001"}},
		},
		{"half an alias is none", object{"firstName": "Joey", "surname": "Probe"}, found{"HMPPS_KEY", []string{"X100001"}}},
		{
			"the NOMS number alone",
			object{"firstName": "Al", "surname": "Else", "dateOfBirth": "1950-05-05"},
			found{"HMPPS_KEY", []string{"X100001"}},
		},
		{
			"the CRO number and the surname",
			object{"nomsNumber": "A9999BC", "pncNumber": nil, "dateOfBirth": "1950-05-05"},
			found{"EXTERNAL_KEY", []string{"X100001"}},
		},
		{
			"the PNC number and the date of birth",
			object{"nomsNumber": "A9999BC", "croNumber": nil, "surname": "Else"},
			found{"EXTERNAL_KEY", []string{"X100001"}},
		},
		{
			"a PNC number of somebody else",
			object{"nomsNumber": "A9999BC", "croNumber": nil, "surname": "Else", "dateOfBirth": "1950-05-05"},
			found{"NOTHING", nil},
		},
		{"the name", object{"nomsNumber": "A9999BC", "pncNumber": "06/9X", "croNumber": nil}, found{"NAME", []string{"X100001"}}},
		{
			"surname and date of birth",
			object{"firstName": "Al", "nomsNumber": "A9999BC", "pncNumber": nil, "croNumber": nil},
			found{"PARTIAL_NAME", []string{"X100001", "X100002"}},
		},
		{
			"day and month swapped",
			object{"dateOfBirth": "1980-04-03", "nomsNumber": "A9999BC", "pncNumber": nil, "croNumber": nil},
			found{"PARTIAL_NAME_DOB_LENIENT", []string{"X100001"}},
		},
		{
			"another year",
			object{"dateOfBirth": "1981-03-04", "nomsNumber": "A9999BC", "pncNumber": nil, "croNumber": nil},
			found{"PARTIAL_NAME_DOB_LENIENT", []string{"X100001"}},
		},
		{
			"another year and day",
			object{"dateOfBirth": "1981-03-05", "nomsNumber": "A9999BC", "pncNumber": nil, "croNumber": nil},
			found{"NOTHING", nil},
		},
		{
			"somebody without an active sentence",
			object{"surname": "Rest", "nomsNumber": "A3333BC", "pncNumber": nil, "croNumber": nil},
			found{"NOTHING", nil},
		},
		{"somebody without one, asked for", object{
			"surname": "Rest", "nomsNumber": "A3333BC", "pncNumber": nil, "croNumber": nil, "activeSentence": false,
		}, found{"ALL_SUPPLIED", []string{"X100003"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := object{}
			for _, fields := range []object{full, test.alter} {
				for name, value := range fields {
					asked[name] = value
				}
			}
			for name, value := range asked {
				if value == nil {
					delete(asked, name)
				}
			}
			if diff := cmp.Diff(test.want, s.search(asked)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSearchFollowsANewNumber(t *testing.T) {
	s := with(t, offenders(jo(func(o *localstack.Offender) { o.NomsNumber = "" })))
	asked := object{
		"firstName": "Jo", "surname": "Tester", "dateOfBirth": "1980-03-04", "nomsNumber": "A1111BC",
		"pncNumber": "06/0123456X", "activeSentence": true,
	}
	// Delius has no number that equals the one supplied.
	if got := s.search(asked).MatchedBy; got != "EXTERNAL_KEY" {
		t.Errorf("before: got %s, want EXTERNAL_KEY", got)
	}
	s.call(http.MethodPut, crnPath+"X100001/nomsNumber", object{"nomsNumber": "A1111BC"})
	if got := s.search(asked).MatchedBy; got != "ALL_SUPPLIED" {
		t.Errorf("after: got %s, want ALL_SUPPLIED", got)
	}
}

func TestSearchWithoutASurname(t *testing.T) {
	s := with(t, offenders(jo()))
	if status, _ := s.call(http.MethodPost, "/offender-search/match", object{"firstName": "Jo"}); status != http.StatusBadRequest {
		t.Errorf("got %d, want 400", status)
	}
}
