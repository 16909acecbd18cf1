package telemetry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/telemetry"
)

type properties = map[string]string

var (
	booking = ptpu.Booking{
		ID: 1200835, BookNumber: "41001A", OffenderNo: "A1111BC", Active: true, Agency: "MDI",
		Person: ptpu.Person{FirstName: "Canaria", Surname: "Birdwhistle", DateOfBirth: date(1984, 2, 29)},
	}
	nowhere  = ptpu.Booking{ID: 1200835, BookNumber: "41001A", OffenderNo: "A1111BC", Active: true}
	sentence = ptpu.SentenceDetail{SentenceStart: date(2026, 1, 5), ConditionalRelease: date(2028, 12, 1)}
	movement = ptpu.Movement{OffenderNo: "A1111BC", From: "LEI", To: "MDI", ToDescription: "Moorland (HMP & YOI)", Type: "ADM", Direction: "IN"}
	prisoner = ptpu.Prisoner{OffenderNo: "A1111BC", PNC: "03/11999M", LatestLocation: "Moorland (HMP & YOI)", ConvictedStatus: "Convicted"}
	known    = ptpu.Match{
		MatchedBy: "NAME", Found: 2, Candidates: []ptpu.CRN{"X100001", "X100002"}, Filtered: true, Kept: []ptpu.CRN{"X100001"},
	}
	numberSet = ptpu.Match{MatchedBy: "HMPPS_KEY", Found: 1, Candidates: []ptpu.CRN{"X100001"}, NumberAlreadySet: true}
	outage    = &ptpu.CallError{Upstream: "community-api", Method: "PUT", Route: "/secure/{crn}", Status: 503, Kind: ptpu.ErrUnavailable}
)

// attempt is a finished attempt on a message of that type.
func attempt(eventType ptpu.EventType, o ptpu.Outcome, err error) ptpu.Attempt {
	p := ptpu.Payload{EventType: eventType, BookingID: 1200835, MovementSeq: 7, StatusSeq: 0}
	if o.Reason == ptpu.NonZeroSequence {
		p.StatusSeq = 2
	}
	before := ptpu.NewMessage("m1", p, "{}", booking, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Hour)
	after := before
	after.State, after.Reason, after.Attempts = o.State, o.Reason, 1
	return ptpu.Attempt{Before: before, After: after, Outcome: o, Err: err, Took: time.Second}
}

func facts(match *ptpu.Match) ptpu.Facts {
	return ptpu.Facts{Booking: &booking, Sentence: &sentence, Prisoner: &prisoner, Match: match}
}

func event(name string, p properties) telemetry.Event {
	p["bookingId"] = "1200835"
	return telemetry.Event{Name: name, Properties: p}
}

func TestEventsOfAStatusChange(t *testing.T) {
	search := func(matchedBy, matches, crns, filteredMatches, filteredCRNs string) telemetry.Event {
		return event("P2POffenderMatch", properties{
			"offenderNo": "A1111BC", "bookingNumber": "41001A", "matchedBy": matchedBy, "matches": matches, "crns": crns,
			"filtered_matches": filteredMatches, "filtered_crns": filteredCRNs,
		})
	}
	one := search("NAME", "2", "X100001, X100002", "1", "X100001")
	updated := func(name string) telemetry.Event {
		return event(name, properties{
			"imprisonmentStatusSeq": "0", "sentenceStartDate": "2026-01-05",
			"offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "MDI",
		})
	}
	later := func(state ptpu.State, match ptpu.Match) ptpu.Outcome { return ptpu.Later(state, facts(&match)) }
	noDates := later(ptpu.KeyDatesNotUpdated, known)
	noDates.Reason = ptpu.NoDates
	atNowhere := ptpu.Completes(facts(&numberSet))
	atNowhere.Facts.Booking = &nowhere
	for _, c := range []struct {
		name    string
		outcome ptpu.Outcome
		err     error
		want    []telemetry.Event
	}{
		{
			"told apart by a conviction", ptpu.Completes(facts(&known)), nil,
			[]telemetry.Event{one, updated("P2PImprisonmentStatusUpdated")},
		},
		{
			"the NOMS number was there", ptpu.Completes(facts(&numberSet)), nil,
			[]telemetry.Event{search("HMPPS_KEY", "1", "X100001", "not read", "not read"), updated("P2PImprisonmentStatusUpdated")},
		},
		{
			"at no agency", atNowhere, nil,
			[]telemetry.Event{
				search("HMPPS_KEY", "1", "X100001", "not read", "not read"),
				event("P2PImprisonmentStatusUpdated", properties{
					"imprisonmentStatusSeq": "0", "sentenceStartDate": "2026-01-05",
					"offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "not present",
				}),
			},
		},
		{
			"nobody found", later(ptpu.NoMatch, ptpu.Match{MatchedBy: "NOTHING", State: ptpu.NoMatch}), nil,
			[]telemetry.Event{
				search("NOTHING", "0", "", "not read", "not read"),
				event("P2POffenderNoMatch", properties{"offenderNo": "A1111BC", "crns": ""}),
			},
		},
		{
			"nobody with that sentence",
			later(ptpu.NoMatchWithSentenceDate, ptpu.Match{
				MatchedBy: "NAME", Found: 2, Candidates: known.Candidates, Filtered: true, State: ptpu.NoMatchWithSentenceDate,
			}), nil,
			[]telemetry.Event{
				search("NAME", "2", "X100001, X100002", "0", ""),
				event("P2POffenderNoMatch", properties{"offenderNo": "A1111BC", "crns": "X100001, X100002"}),
			},
		},
		{
			"two with that sentence",
			later(ptpu.TooManyMatches, ptpu.Match{
				MatchedBy: "NAME", Found: 3, Candidates: []ptpu.CRN{"X100001", "X100002", "X100003"}, Filtered: true,
				Kept: []ptpu.CRN{"X100001", "X100003"}, State: ptpu.TooManyMatches,
			}), nil,
			[]telemetry.Event{
				search("NAME", "3", "X100001, X100002, X100003", "2", "X100001, X100003"),
				event("P2POffenderTooManyMatches", properties{"offenderNo": "A1111BC", "filtered_crns": "X100001, X100003"}),
			},
		},
		{
			"more than are looked at",
			later(ptpu.TooManyMatches, ptpu.Match{MatchedBy: "NAME", Found: 51, Candidates: known.Candidates, State: ptpu.TooManyMatches}), nil,
			[]telemetry.Event{
				search("NAME", "51", "X100001, X100002", "not read", "not read"),
				event("P2POffenderTooManyMatches", properties{"offenderNo": "A1111BC", "filtered_crns": "not read"}),
			},
		},
		{
			"no event in Delius for the book number", later(ptpu.BookingNumberNotAssigned, known), nil,
			[]telemetry.Event{one, updated("P2PBookingNumberNotAssigned")},
		},
		{
			"nothing to set the location on", later(ptpu.LocationNotUpdated, known), nil,
			[]telemetry.Event{one, updated("P2PLocationNotUpdated")},
		},
		{
			"nothing to set the key dates on", later(ptpu.KeyDatesNotUpdated, known), nil,
			[]telemetry.Event{one, updated("P2PKeyDatesNotUpdated")},
		},
		{"no dates", noDates, nil, []telemetry.Event{one, updated("P2PKeyDatesNotUpdated")}},
		{
			"an older status", ptpu.NoLongerMatters(ptpu.NonZeroSequence, ptpu.Facts{}), nil,
			[]telemetry.Event{event("P2PImprisonmentStatusNotSequenceZero", properties{"imprisonmentStatusSeq": "2"})},
		},
		{
			"no sentence that has started", ptpu.NoLongerMatters(ptpu.NoSentenceStartDate, ptpu.Facts{Sentence: &ptpu.SentenceDetail{}}), nil,
			[]telemetry.Event{event("P2PImprisonmentStatusNoSentenceStartDate", properties{"imprisonmentStatusSeq": "0"})},
		},
		{
			"not active", ptpu.NoLongerMatters(ptpu.NotActiveBooking, ptpu.Facts{Booking: &booking, Sentence: &sentence}), nil,
			[]telemetry.Event{event("P2PImprisonmentStatusIgnored", properties{
				"imprisonmentStatusSeq": "0", "reason": "Not an active booking",
				"offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "MDI",
			})},
		},
		{
			"at no interested prison", ptpu.NoLongerMatters(ptpu.NotAtInterestedPrison, ptpu.Facts{Booking: &nowhere, Sentence: &sentence}), nil,
			[]telemetry.Event{event("P2PImprisonmentStatusIgnored", properties{
				"imprisonmentStatusSeq": "0", "reason": "Not at an interested prison",
				"offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "not present",
			})},
		},
		{
			"ignored before the booking was known", ptpu.NoLongerMatters(ptpu.NotActiveBooking, ptpu.Facts{}), nil,
			[]telemetry.Event{event("P2PImprisonmentStatusIgnored", properties{
				"imprisonmentStatusSeq": "0", "reason": "Not an active booking",
			})},
		},
		{"failed before the search", ptpu.Outcome{Facts: facts(nil)}, outage, nil},
		{"failed after the search: the search is told all the same", ptpu.Outcome{Facts: facts(&known)}, outage, []telemetry.Event{one}},
		{"failed: of the outcome only the facts count", ptpu.Completes(facts(&known)), outage, []telemetry.Event{one}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := telemetry.EventsOf(attempt(ptpu.ImprisonmentStatusChanged, c.outcome, c.err))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestEventsOfAMovement(t *testing.T) {
	seen := event("P2PExternalMovement", properties{"movementSeq": "7"})
	all := ptpu.Facts{Movement: &movement, Booking: &booking, Prisoner: &prisoner}
	undescribed, unplaced := movement, prisoner
	undescribed.ToDescription = ""
	unplaced.LatestLocation, unplaced.ConvictedStatus = "", ""
	for _, c := range []struct {
		name    string
		outcome ptpu.Outcome
		err     error
		want    []telemetry.Event
	}{
		{
			"a transfer", ptpu.Completes(all), nil,
			[]telemetry.Event{seen, event("P2PTransferProbationUpdated", properties{
				"movementType": "ADM", "fromAgency": "LEI", "toAgency": "MDI", "offenderNo": "A1111BC",
				"latestLocation": "Moorland (HMP & YOI)", "convictedStatus": "Convicted", "toAgencyDescription": "Moorland (HMP & YOI)",
			})},
		},
		{
			"to a prison without a description, of a prisoner without a place",
			ptpu.Completes(ptpu.Facts{Movement: &undescribed, Booking: &booking, Prisoner: &unplaced}), nil,
			[]telemetry.Event{seen, event("P2PTransferProbationUpdated", properties{
				"movementType": "ADM", "fromAgency": "LEI", "toAgency": "MDI", "offenderNo": "A1111BC",
				"latestLocation": "not present", "convictedStatus": "not present", "toAgencyDescription": "Not known",
			})},
		},
		{
			"nothing to set the location on",
			ptpu.Outcome{State: ptpu.LocationNotUpdated, Done: true, Facts: all},
			nil,
			[]telemetry.Event{seen, event("P2PTransferProbationRecordNotFound", properties{
				"movementType": "ADM", "fromAgency": "LEI", "toAgency": "MDI", "offenderNo": "A1111BC",
				"latestLocation": "Moorland (HMP & YOI)", "convictedStatus": "Convicted",
			})},
		},
		{
			"the movement is gone", ptpu.NoLongerMatters(ptpu.MovementNotFound, ptpu.Facts{}), nil,
			[]telemetry.Event{seen, event("P2PTransferIgnored", properties{"reason": "Movement not found"})},
		},
		{
			"no transfer", ptpu.NoLongerMatters(ptpu.NotATransfer, ptpu.Facts{Movement: &ptpu.Movement{From: "MDI", To: "OUT", Type: "REL"}}), nil,
			[]telemetry.Event{seen, event("P2PTransferIgnored", properties{
				"reason": "Not a transfer", "movementType": "REL", "fromAgency": "MDI", "toAgency": "OUT",
			})},
		},
		{
			"moved on since", ptpu.NoLongerMatters(ptpu.NoLongerAtThisPrison, ptpu.Facts{Movement: &movement, Booking: &booking}), nil,
			[]telemetry.Event{seen, event("P2PTransferIgnored", properties{
				"reason": "No longer at this prison", "movementType": "ADM", "fromAgency": "LEI", "toAgency": "MDI",
			})},
		},
		{"failed", ptpu.Outcome{Facts: all}, outage, []telemetry.Event{seen}},
		{"failed: of the outcome only the facts count", ptpu.Completes(all), outage, []telemetry.Event{seen}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := telemetry.EventsOf(attempt(ptpu.ExternalMovementInserted, c.outcome, c.err))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestEventsOfADateChange(t *testing.T) {
	all := ptpu.Facts{Booking: &booking, Sentence: &sentence}
	dated := func(name string) telemetry.Event {
		return event(name, properties{
			"offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "MDI",
			"sentenceStartDate":                  "2026-01-05",
			"confirmedReleaseDate":               "not present",
			"conditionalReleaseDate":             "2028-12-01",
			"conditionalReleaseOverrideDate":     "not present",
			"licenceExpiryDate":                  "not present",
			"paroleEligibilityDate":              "not present",
			"sentenceExpiryDate":                 "not present",
			"topupSupervisionExpiryDate":         "not present",
			"homeDetentionCurfewEligibilityDate": "not present",
			"releaseDate":                        "not present",
		})
	}
	ignored := func(reason string) telemetry.Event {
		return event("P2PSentenceDatesChangeIgnored", properties{
			"reason": reason, "offenderNo": "A1111BC", "bookingNumber": "41001A", "agencyId": "MDI",
		})
	}
	for _, c := range []struct {
		name    string
		outcome ptpu.Outcome
		err     error
		want    []telemetry.Event
	}{
		{"replaced", ptpu.Completes(all), nil, []telemetry.Event{dated("P2PSentenceDatesChanged")}},
		{
			"nothing to set them on",
			ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Facts: all},
			nil,
			[]telemetry.Event{dated("P2PSentenceDatesRecordNotFound")},
		},
		{
			"no dates: nothing was sent, so nothing was not found",
			ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Reason: ptpu.NoDates, Facts: all},
			nil,
			[]telemetry.Event{ignored("no dates")},
		},
		{
			"not active", ptpu.NoLongerMatters(ptpu.NotActiveBooking, ptpu.Facts{Booking: &booking}), nil,
			[]telemetry.Event{ignored("Not an active booking")},
		},
		{
			"ignored before the booking was known", ptpu.NoLongerMatters(ptpu.NotActiveBooking, ptpu.Facts{}), nil,
			[]telemetry.Event{event("P2PSentenceDatesChangeIgnored", properties{"reason": "Not an active booking"})},
		},
		{"failed", ptpu.Outcome{Facts: all}, outage, nil},
		{"failed: of the outcome only the facts count", ptpu.Completes(all), outage, nil},
	} {
		for _, eventType := range []ptpu.EventType{ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged} {
			t.Run(string(eventType)+"/"+c.name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, telemetry.EventsOf(attempt(eventType, c.outcome, c.err))); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		}
	}
}

// A number that was replaced is told as a change, one by one, not here.
func TestEventsOfAMerge(t *testing.T) {
	notFound := func(old string) telemetry.Event {
		return event("P2PBookingNumberChangedOffenderNotFound", properties{"offenderNo": "A1111BC", "oldOffenderNo": old})
	}
	merges := func(merges ...ptpu.Merge) ptpu.Outcome {
		return ptpu.Completes(ptpu.Facts{Booking: &booking, Merges: merges})
	}
	replaced := ptpu.Merge{From: "A9999BC", To: "A1111BC", CRNs: []ptpu.CRN{"X100004", "X100005"}}
	unknown := ptpu.Merge{From: "A8888BC", To: "A1111BC"}
	held := ptpu.Merge{From: "A7777BC", To: "A1111BC", Held: true}
	for _, c := range []struct {
		name    string
		outcome ptpu.Outcome
		want    []telemetry.Event
	}{
		{"replaced", merges(replaced), nil},
		{"nobody has the old number", merges(unknown), []telemetry.Event{notFound("A8888BC")}},
		{"the new number is somebody's", merges(held), []telemetry.Event{notFound("A7777BC")}},
		{"each number by itself", merges(replaced, unknown, held), []telemetry.Event{notFound("A8888BC"), notFound("A7777BC")}},
		{"nothing merged", ptpu.NoLongerMatters(ptpu.NoMergedOffenders, ptpu.Facts{Booking: &booking}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, telemetry.EventsOf(attempt(ptpu.BookingNumberChanged, c.outcome, nil))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestAnUnknownEventTypeHasNoEvents(t *testing.T) {
	if got := telemetry.EventsOf(attempt("OFFENDER-UPDATED", ptpu.Outcome{}, errors.New("?"))); got != nil {
		t.Errorf("got %+v, want none", got)
	}
}

func TestChangedIdentifiers(t *testing.T) {
	for name, c := range map[string]struct {
		change ptpu.IdentifierChange
		want   telemetry.Event
	}{
		"set": {
			ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"},
			event("P2POffenderNumberSet", properties{"offenderNo": "A1111BC", "bookingNumber": "41001A", "crn": "X100001"}),
		},
		"replaced": {
			ptpu.IdentifierChange{CRN: "X100004", OffenderNo: "A1111BC", Previous: "A9999BC", BookNumber: "41001A"},
			event("P2PBookingNumberChanged", properties{"offenderNo": "A1111BC", "oldOffenderNo": "A9999BC", "crn": "X100004"}),
		},
	} {
		if diff := cmp.Diff(c.want, telemetry.Changed(1200835, c.change)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func TestExpired(t *testing.T) {
	before := attempt(ptpu.ImprisonmentStatusChanged, ptpu.Outcome{}, nil).Before
	before.State, before.Retries = ptpu.NoMatch, 12
	want := event("P2PMessageExpired", properties{
		"eventType": "IMPRISONMENT_STATUS-CHANGED", "offenderNo": "A1111BC", "statusBefore": "NO_MATCH", "retryCount": "12",
	})
	if diff := cmp.Diff(want, telemetry.Expired(before)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func date(year int, month time.Month, day int) ptpu.Date {
	return ptpu.Date{Year: year, Month: month, Day: day}
}
