package localstack

import "slices"

// missStories are those that wait until somebody corrects Delius.
func missStories() []story {
	miss := func(state string, crns ...string) Promise { return Promise{State: state, CRNs: crns} }
	stranger, otherDate, hollow := prisoner(20), prisoner(21), prisoner(22)
	two, many := prisoner(23), prisoner(24)

	var crowd []Offender
	var crowdCRNs []string
	for k := range 51 {
		o := namesake(many, 0, sentenced)
		o.CRN = crnOf(2400+k, 2)
		crowd, crowdCRNs = append(crowd, o), append(crowdCRNs, o.CRN)
	}
	slices.Sort(crowdCRNs)

	return slices.Concat([]story{
		tell("status-no-match", statusChanged, stranger, miss("NO_MATCH")),
		tell("status-no-match-key-without-matches", statusChanged, hollow, miss("NO_MATCH")).
			butFor(foundBy("HMPPS_KEY", hollow)),
		tell("status-no-match-with-sentence-date", statusChanged, otherDate,
			miss("NO_MATCH_WITH_SENTENCE_DATE", crnOf(21, 1), crnOf(21, 2)),
			namesake(otherDate, 1, dayTooFar), namesake(otherDate, 2, another)),
		tell("status-too-many-matches", statusChanged, two,
			miss("TOO_MANY_MATCHES", crnOf(23, 1), crnOf(23, 2)),
			namesake(two, 1, sentenced), namesake(two, 2, weekBefore), namesake(two, 3, another)),
		tell("status-too-many-matches-too-many-candidates", statusChanged, many, miss("TOO_MANY_MATCHES", crowdCRNs...), crowd...),
	}, refusedStories())
}

// refusedStories are those of people who are known, and whose sentence Delius
// cannot bring in line.
func refusedStories() []story {
	far, several, released, moved := prisoner(25), prisoner(26), prisoner(28), prisoner(29)
	unheard, gone, blank := prisoner(30).at("NPI"), prisoner(31), prisoner(32)
	promise := func(n int, state string, changes ...string) Promise {
		return Promise{State: state, CRNs: []string{crnOf(n, 0)}, Change: changes}
	}
	noDates := promise(32, "KEY_DATES_NOT_UPDATED")
	noDates.Reason = "no dates"
	blank.Sentence = Sentence{StartDate: sentenced}

	return []story{
		tell("status-booking-number-not-assigned-no-event-near", statusChanged, far, promise(25, "BOOKING_NUMBER_NOT_ASSIGNED"),
			linked(far).with(func(o *Offender) { o.Events[0].SentenceStart = dayTooFar })),
		tell("status-booking-number-not-assigned-several-events", statusChanged, several, promise(26, "BOOKING_NUMBER_NOT_ASSIGNED"),
			linked(several).with(func(o *Offender) { o.Events = append(o.Events, custodial("3", weekBefore)) })),
		tell("status-location-not-updated-on-licence", statusChanged, released, promise(28, "LOCATION_NOT_UPDATED", "bookingNumber"),
			linked(released).with(func(o *Offender) { o.Events[0].Custody.Status = OnLicence })),
		tell("status-location-not-updated-several-events", statusChanged, moved, promise(29, "LOCATION_NOT_UPDATED", "bookingNumber"),
			linked(moved).with(func(o *Offender) { o.Events = append(o.Events, custodial("3", another)) })),
		tell("status-location-not-updated-unknown-prison", statusChanged, unheard, promise(30, "LOCATION_NOT_UPDATED", "bookingNumber"),
			linked(unheard)),
		// Somebody took the number away again meanwhile.
		tell("status-key-dates-not-updated", statusChanged, gone, promise(31, "KEY_DATES_NOT_UPDATED", "bookingNumber", "institution"),
			linked(gone)).butFor(Fault{
			Upstream: CommunityAPI, Route: RouteKeyDates, PathContains: gone.OffenderNo, Effect: Answer, Status: 404,
			Body: mustJSON(noSuchBooking(gone.BookingNo, 0).body),
		}),
		tell("status-key-dates-not-updated-no-dates", statusChanged, blank, noDates, upToDate(prisoner(32))),
	}
}
