package localstack

import (
	"fmt"
)

// knownStories are those of people whom the search finds by a NOMS number that
// Delius has.
func knownStories() []story {
	completed := func(n int) Promise {
		return Promise{State: "COMPLETED", CRNs: []string{crnOf(n, 0)}, Change: custodyOnly}
	}
	second, alias, key, unchanged, raw, thrice := prisoner(2), prisoner(7), prisoner(8), prisoner(14), prisoner(17), prisoner(18)

	withoutSequence := tell("status-completed", statusChanged, second, completed(2), linked(second))
	// An absent sequence is the current status.
	withoutSequence = withoutSequence.sending(envelope("status-completed", statusChanged,
		event(statusChanged, second.BookingID, firstEvent, nil)))

	same := completed(14)
	same.Change = nil

	rawStory := tell("status-completed-raw-delivery", statusChanged, raw, completed(17), linked(raw))
	rawStory = rawStory.sending(Notice{
		Body:       []byte(event(statusChanged, raw.BookingID, firstEvent, nil)),
		Attributes: map[string]string{"eventType": statusChanged},
	})

	thriceStory := tell("status-completed-delivered-three-times", statusChanged, thrice, completed(18), linked(thrice))
	thriceStory = thriceStory.sending(thriceStory.Notices[0], thriceStory.Notices[0], thriceStory.Notices[0])

	return []story{
		withoutSequence,
		tell("status-completed-alias", statusChanged, alias, completed(7), linked(alias).with(func(o *Offender) {
			o.Aliases = []Alias{{o.FirstName, o.Surname, o.DateOfBirth}}
			o.FirstName, o.Surname = "Perran", "Aldous"
		})),
		tell("status-completed-noms-number-only", statusChanged, key, completed(8), linked(key).with(func(o *Offender) {
			o.DateOfBirth = "1971-01-01"
		})),
		tell("status-completed-nothing-to-change", statusChanged, unchanged, same, upToDate(unchanged)),
		rawStory,
		thriceStory,
	}
}

// candidateStories are those of people whom Delius does not know by their NOMS
// number, and whom their sentence tells apart.
func candidateStories() []story {
	found := func(n int) Promise {
		return Promise{State: "COMPLETED", CRNs: []string{crnOf(n, 0)}, Change: everything}
	}
	first, name, surname, slip := prisoner(1), prisoner(9), prisoner(10), prisoner(11)
	twice, novel, week, recalled := prisoner(12), prisoner(13), prisoner(15), prisoner(19)

	nameless := func(o *Offender) { o.PNC, o.CRO = "", "" }
	recallPromise := Promise{State: "BOOKING_NUMBER_NOT_ASSIGNED", CRNs: []string{crnOf(19, 0)}, Change: []string{"nomsNumber"}}

	return []story{
		tell("status-completed-noms-number-added", statusChanged, first, found(1),
			probationer(first), namesake(first, 1, another)),
		tell("status-completed-by-name", statusChanged, name, found(9),
			probationer(name).with(nameless), namesake(name, 1, another)),
		tell("status-completed-by-surname", statusChanged, surname, found(10), probationer(surname).with(func(o *Offender) {
			nameless(o)
			o.FirstName = "Perran"
		})),
		tell("status-completed-date-of-birth-a-slip", statusChanged, slip, found(11), probationer(slip).with(func(o *Offender) {
			nameless(o)
			o.DateOfBirth = "1973" + o.DateOfBirth[4:]
		})),
		tell("status-completed-same-crn-twice", statusChanged, twice, found(12), probationer(twice)).
			butFor(foundBy("NAME", twice, crnOf(12, 0), crnOf(12, 0))),
		tell("status-completed-unknown-kind-of-match", statusChanged, novel, found(13), probationer(novel)).
			butFor(foundBy("PHONETIC", novel, crnOf(13, 0))),
		tell("status-completed-sentence-a-week-apart", statusChanged, week, found(15), probationer(week).with(func(o *Offender) {
			o.Events[0].SentenceStart = weekBefore
		})),
		// The sentence that fits has ended, as before a recall; the active one is
		// another, so that the person is known and the booking number finds no place.
		tell("status-booking-number-not-assigned-inactive-conviction", statusChanged, recalled, recallPromise,
			probationer(recalled).with(func(o *Offender) {
				o.Events[0].Active = false
				o.Events = append(o.Events, custodial("3", another))
			})),
	}
}

// foundBy fixes what the search says of a prisoner, for answers that its ladder
// does not give today.
func foundBy(matchedBy string, b Booking, crns ...string) Fault {
	matches := []any{}
	for _, crn := range crns {
		matches = append(matches, map[string]any{"offender": map[string]any{"otherIds": map[string]any{"crn": crn}}})
	}
	return Fault{
		Upstream: OffenderSearch, Route: RouteMatch, BodyContains: fmt.Sprintf("%q", b.OffenderNo),
		Effect: Answer, Status: 200, Body: mustJSON(map[string]any{"matches": matches, "matchedBy": matchedBy}),
	}
}
