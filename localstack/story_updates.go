package localstack

// updateStories are those of the events that bring one change of a person whom
// Delius knows.
func updateStories() []story {
	completed := func(fields ...string) Promise { return Promise{State: "COMPLETED", Change: fields} }
	elsewhere := func(o *Offender) { o.Events[0].Custody.Institution = "LEI" }
	dateless := func(o *Offender) { o.Events[0].Custody.KeyDates = nil }
	unbooked := func(o *Offender) { o.Events[0].Custody.BookingNumber = "40999Z" }

	moved, movedLost := prisoner(3).arriving(1, "MDI"), prisoner(65).arriving(1, "MDI")
	dates, datesLost := prisoner(5), prisoner(66)
	release, releaseLost := prisoner(6), prisoner(68)
	datesBlank, releaseBlank := prisoner(67), prisoner(72)
	sentenceOnly := Sentence{StartDate: sentenced}
	blankDates := Promise{State: "KEY_DATES_NOT_UPDATED", Reason: "no dates"}

	stories := []story{
		tell("movement-completed", movementAdded, moved, completed("institution"), upToDate(moved).with(elsewhere)),
		tell("movement-location-not-updated", movementAdded, movedLost, Promise{State: "LOCATION_NOT_UPDATED"}),
		tell("sentence-dates-completed", sentenceDates, dates, completed(allKeyDates...), upToDate(dates).with(dateless)),
		tell("sentence-dates-key-dates-not-updated", sentenceDates, datesLost, Promise{State: "KEY_DATES_NOT_UPDATED"},
			upToDate(datesLost).with(unbooked)),
		tell("release-date-completed", releaseDate, release, completed("keyDates.expectedReleaseDate"),
			upToDate(release).with(func(o *Offender) {
				o.Events[0].Custody.KeyDates["expectedReleaseDate"] = "2028-11-17"
			})),
		tell("release-date-key-dates-not-updated-offender-unknown", releaseDate, releaseLost, Promise{State: "KEY_DATES_NOT_UPDATED"}),
	}
	datesStory := tell("sentence-dates-key-dates-not-updated-no-dates", sentenceDates, datesBlank, blankDates, upToDate(datesBlank))
	datesStory.bookings[0].Sentence = sentenceOnly
	releaseStory := tell("release-date-key-dates-not-updated-no-dates", releaseDate, releaseBlank, blankDates, upToDate(releaseBlank))
	releaseStory.bookings[0].Sentence = sentenceOnly
	stories = append(stories, datesStory, releaseStory)
	return append(stories, mergeStories()...)
}

// mergeStories are those of two records of one prisoner becoming one.
func mergeStories() []story {
	// The record in Delius still has the number that NOMIS has given up.
	former := func(number string) func(*Offender) { return func(o *Offender) { o.NomsNumber = number } }
	completed := func(fields ...string) Promise { return Promise{State: "COMPLETED", Change: fields} }

	one := prisoner(4).merged("A9999BC")
	both := prisoner(69).merged("A9969BC")
	chain := prisoner(73).merged("A9973BC", "A9974BC")
	unknown := prisoner(70).merged("A9970BC")
	held := prisoner(71).merged("A9971BC")

	twin := probationer(both)
	twin.CRN = crnOf(69, 1)
	holder := upToDate(held)
	holder.CRN = crnOf(71, 1)

	return []story{
		tell("booking-number-completed", bookingNumber, one, completed("nomsNumber"), upToDate(one).with(former("A9999BC"))),
		tell("booking-number-completed-two-records", bookingNumber, both, completed("nomsNumber"),
			upToDate(both).with(former("A9969BC")), twin.with(former("A9969BC"))),
		// Of two merged numbers Delius knows the second only.
		tell("booking-number-completed-second-of-two-numbers", bookingNumber, chain, completed("nomsNumber"),
			upToDate(chain).with(former("A9974BC"))),
		tell("booking-number-completed-old-number-unknown", bookingNumber, unknown, completed(), upToDate(unknown)),
		tell("booking-number-completed-number-already-held", bookingNumber, held, completed(),
			upToDate(held).with(former("A9971BC")), holder),
	}
}
