package localstack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"ptpu/localstack"
)

type bookingFacts struct {
	Active     bool   `json:"activeFlag"`
	Agency     string `json:"agencyId"`
	BookingNo  string `json:"bookingNo"`
	OffenderNo string `json:"offenderNo"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	Born       string `json:"dateOfBirth"`
}

type movementFacts struct {
	Type string `json:"movementType"`
	To   string `json:"toAgency"`
}

func (w walker) booking(p payload) (b bookingFacts) {
	w.get(fmt.Sprint("/prison-api/api/bookings/", p.BookingID, "?basicInfo=false&extraInfo=true"), &b)
	return b
}

func (w walker) detail(p payload) (dates map[string]any) {
	w.get(fmt.Sprint("/prison-api/api/bookings/", p.BookingID, "/sentenceDetail"), &dates)
	return dates
}

func (w walker) movement(p payload) (m movementFacts, found bool) {
	status, body := w.call(http.MethodGet, fmt.Sprint("/prison-api/api/bookings/", p.BookingID, "/movement/", *p.MovementSeq), nil)
	if status == http.StatusNotFound {
		return m, false
	}
	w.decode(body, &m)
	return m, true
}

func (w walker) mergedNumbers(p payload) (numbers []string) {
	var identifiers []localstack.Identifier
	w.get(fmt.Sprint("/prison-api/api/bookings/", p.BookingID, "/identifiers?type=MERGED"), &identifiers)
	for _, identifier := range identifiers {
		numbers = append(numbers, identifier.Value)
	}
	return numbers
}

func interested(agency string) bool {
	return slices.Contains(strings.Split(localstack.InterestedPrisons, ","), agency)
}

// reason is why the event does not matter now, or empty.
func (w walker) reason(p payload) string {
	switch p.EventType {
	case "IMPRISONMENT_STATUS-CHANGED":
		if p.StatusSeq != 0 {
			return "Non zero sequence"
		}
		if w.detail(p)["sentenceStartDate"] == nil {
			return "No sentence start date"
		}
		return settled(w.booking(p))
	case "EXTERNAL_MOVEMENT_RECORD-INSERTED":
		m, found := w.movement(p)
		switch {
		case !found:
			return "Movement not found"
		case m.Type != "ADM" || m.To == "":
			return "Not a transfer"
		case !interested(m.To):
			return "Not an interested prison"
		case !w.booking(p).Active:
			return "Not an active booking"
		}
		return ""
	case "SENTENCE_DATES-CHANGED", "CONFIRMED_RELEASE_DATE-CHANGED":
		return settled(w.booking(p))
	case "BOOKING_NUMBER-CHANGED":
		if !interested(w.booking(p).Agency) {
			return "Not at an interested prison"
		}
		if len(w.mergedNumbers(p)) == 0 {
			return "No merged offenders found"
		}
		return ""
	}
	return "Unknown event type"
}

func settled(b bookingFacts) string {
	switch {
	case !b.Active:
		return "Not an active booking"
	case !interested(b.Agency):
		return "Not at an interested prison"
	}
	return ""
}

// work is the first attempt of an event that mattered.
func (w walker) work(p payload) (state, reason string, crns []string) {
	if p.EventType == "IMPRISONMENT_STATUS-CHANGED" {
		return w.link(p)
	}
	if reason := w.reason(p); reason != "" {
		return "NO_LONGER_VALID", reason, nil
	}
	b := w.booking(p)
	switch p.EventType {
	case "EXTERNAL_MOVEMENT_RECORD-INSERTED":
		m, _ := w.movement(p)
		if b.Agency != m.To {
			return "NO_LONGER_VALID", "No longer at this prison", nil
		}
		return w.outcome(w.move(b), "LOCATION_NOT_UPDATED"), "", nil
	case "BOOKING_NUMBER-CHANGED":
		for _, number := range w.mergedNumbers(p) {
			w.call(http.MethodPut, nomsPath+number+"/nomsNumber", object{"nomsNumber": b.OffenderNo})
		}
		return "COMPLETED", "", nil
	}
	return w.dates(p, b)
}

// link is the match chain.
func (w walker) link(p payload) (state, reason string, crns []string) {
	if w.detail(p)["sentenceStartDate"] == nil {
		return "NO_LONGER_VALID", "No sentence start date", nil
	}
	status, body := w.call(http.MethodGet, fmt.Sprint("/prison-api/api/offender-sentences/booking/", p.BookingID, "/sentenceTerms"), nil)
	if status != http.StatusOK {
		return "ERROR", "", nil
	}
	var terms []struct {
		Start         string `json:"startDate"`
		ConsecutiveTo *int   `json:"consecutiveTo"`
	}
	w.decode(body, &terms)
	primary := ""
	for _, term := range terms {
		if term.ConsecutiveTo == nil {
			primary = max(primary, term.Start)
		}
	}
	if primary == "" {
		return "NO_LONGER_VALID", "No sentence start date", nil
	}
	b := w.booking(p)
	if reason := settled(b); reason != "" {
		return "NO_LONGER_VALID", reason, nil
	}

	state, crns, linked := w.identify(b, primary)
	if state != "" {
		return state, "", crns
	}
	if !linked {
		w.call(http.MethodPut, crnPath+crns[0]+"/nomsNumber", object{"nomsNumber": b.OffenderNo})
	}
	status, body = w.call(http.MethodPut, nomsPath+b.OffenderNo+"/custody/bookingNumber",
		object{"sentenceStartDate": primary, "bookingNumber": b.BookingNo})
	if status == http.StatusNotFound && !json.Valid(body) {
		return "ERROR", "", crns // a gateway's
	}
	if state := w.outcome(status, "BOOKING_NUMBER_NOT_ASSIGNED"); state != "COMPLETED" {
		return state, "", crns
	}
	if state := w.outcome(w.move(b), "LOCATION_NOT_UPDATED"); state != "COMPLETED" {
		return state, "", crns
	}
	state, reason, _ = w.dates(p, b)
	return state, reason, crns
}

// identify finds the person, or the state to wait in.
func (w walker) identify(b bookingFacts, primary string) (state string, crns []string, linked bool) {
	var prisoners []struct {
		PNC string `json:"pncNumber"`
		CRO string `json:"croNumber"`
	}
	w.get("/prison-api/api/prisoners?offenderNo="+b.OffenderNo, &prisoners)
	result := w.search(object{
		"firstName": b.FirstName, "surname": b.LastName, "dateOfBirth": b.Born, "nomsNumber": b.OffenderNo,
		"pncNumber": prisoners[0].PNC, "croNumber": prisoners[0].CRO, "activeSentence": true,
	})
	all := slices.Compact(slices.Sorted(slices.Values(result.CRNs)))
	switch {
	case len(all) == 0:
		return "NO_MATCH", nil, false
	case slices.Contains([]string{"ALL_SUPPLIED", "ALL_SUPPLIED_ALIAS", "HMPPS_KEY"}, result.MatchedBy):
		return "", all, true
	case len(all) > 50:
		return "TOO_MANY_MATCHES", all, false
	}
	var kept []string
	for _, crn := range all {
		if w.sentencedNear(crn, primary) {
			kept = append(kept, crn)
		}
	}
	switch len(kept) {
	case 0:
		return "NO_MATCH_WITH_SENTENCE_DATE", all, false
	case 1:
		return "", kept, false
	}
	return "TOO_MANY_MATCHES", kept, false
}

func (w walker) sentencedNear(crn, primary string) bool {
	var convictions []struct {
		Sentence struct {
			Start string `json:"startDate"`
		} `json:"sentence"`
		Custody *object `json:"custody"`
	}
	w.get(crnPath+crn+"/convictions", &convictions)
	want, _ := time.Parse(time.DateOnly, primary)
	for _, conviction := range convictions {
		start, err := time.Parse(time.DateOnly, conviction.Sentence.Start)
		if err == nil && conviction.Custody != nil && start.Sub(want).Abs() <= 7*24*time.Hour {
			return true
		}
	}
	return false
}

func (w walker) move(b bookingFacts) int {
	status, _ := w.call(http.MethodPut, nomsPath+b.OffenderNo+"/custody/bookingNumber/"+b.BookingNo,
		object{"nomsPrisonInstitutionCode": b.Agency})
	return status
}

func (w walker) dates(p payload, b bookingFacts) (state, reason string, crns []string) {
	given := w.detail(p)
	body := object{}
	for delius, nomis := range map[string]string{
		"conditionalReleaseDate": "conditionalReleaseDate", "sentenceExpiryDate": "sentenceExpiryDate",
		"paroleEligibilityDate": "paroleEligibilityDate", "licenceExpiryDate": "licenceExpiryDate",
		"expectedReleaseDate": "confirmedReleaseDate", "hdcEligibilityDate": "homeDetentionCurfewEligibilityDate",
		"postSentenceSupervisionEndDate": "topupSupervisionExpiryDate",
	} {
		if date := given[nomis]; date != nil {
			body[delius] = date
		}
	}
	if date := given["conditionalReleaseOverrideDate"]; date != nil {
		body["conditionalReleaseDate"] = date
	}
	if len(body) == 0 {
		return "KEY_DATES_NOT_UPDATED", "no dates", nil
	}
	status, _ := w.call(http.MethodPost, nomsPath+b.OffenderNo+"/bookingNumber/"+b.BookingNo+"/custody/keyDates", body)
	return w.outcome(status, "KEY_DATES_NOT_UPDATED"), "", nil
}

func (w walker) outcome(status int, missing string) string {
	switch status {
	case http.StatusOK:
		return "COMPLETED"
	case http.StatusNotFound:
		return missing
	}
	return "ERROR"
}
