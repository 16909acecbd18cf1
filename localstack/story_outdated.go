package localstack

import "slices"

// The reasons, as staff read them.
const (
	nonZeroSequence  = "Non zero sequence"
	noSentenceStart  = "No sentence start date"
	notActive        = "Not an active booking"
	notAtInterested  = "Not at an interested prison"
	movementMissing  = "Movement not found"
	notATransfer     = "Not a transfer"
	notAnInterested  = "Not an interested prison"
	noMergedNumbers  = "No merged offenders found"
	noLongerThere    = "No longer at this prison"
	unknownEventType = "Unknown event type"
)

// What may become of a booking between two looks at it.
func released(b *Booking)     { b.Active, b.AgencyID = false, "OUT" }
func elsewhere(b *Booking)    { b.AgencyID = "FSI" }
func unsentenced(b *Booking)  { b.Sentence.StartDate = "" }
func movementGone(b *Booking) { b.Movements = nil }
func demerged(b *Booking)     { b.Identifiers = nil }

// movementBecomes replaces the only movement.
func movementBecomes(m Movement) func(*Booking) {
	m.Sequence = 1
	return func(b *Booking) { b.Movements = []Movement{m} }
}

// outdatedStories are those of notices that mattered when they came, and no
// longer do when their turn comes: NOMIS says another thing at the second read.
func outdatedStories() []story {
	over := func(reason string) Promise { return Promise{State: "NO_LONGER_VALID", Reason: reason} }
	n := 39
	next := func() Booking { n++; return prisoner(n) }

	chained := next()
	// Without a term that follows no other there is no primary sentence date.
	chained.Terms = []Term{{SentenceSequence: 1, ConsecutiveTo: 2, StartDate: sentenced}, {SentenceSequence: 2, ConsecutiveTo: 1, StartDate: another}}
	moved := next().at("LEI").arriving(1, "MDI")

	stories := []story{
		tell("status-no-longer-valid-no-primary-date", statusChanged, chained, over(noSentenceStart), linked(chained)),
		tell("movement-no-longer-valid-no-longer-at-this-prison", movementAdded, moved, over(noLongerThere), upToDate(moved)),
	}
	for _, change := range []struct {
		name, eventType, route, reason string
		become                         func(*Booking)
	}{
		{"status-no-longer-valid-no-start-date", statusChanged, RouteSentenceDetail, noSentenceStart, unsentenced},
		{"status-no-longer-valid-not-active", statusChanged, RouteBooking, notActive, released},
		{"status-no-longer-valid-not-at-an-interested-prison", statusChanged, RouteBooking, notAtInterested, elsewhere},
		{"movement-no-longer-valid-movement-not-found", movementAdded, RouteMovement, movementMissing, movementGone},
		{
			"movement-no-longer-valid-not-a-transfer", movementAdded, RouteMovement, notATransfer,
			movementBecomes(Movement{FromAgency: "MDI", ToAgency: "OUT", MovementType: "REL", DirectionCode: "OUT"}),
		},
		{
			"movement-no-longer-valid-not-an-interested-prison", movementAdded, RouteMovement, notAnInterested,
			movementBecomes(Movement{FromAgency: "MDI", ToAgency: "FSI", MovementType: "ADM", DirectionCode: "IN"}),
		},
		{"movement-no-longer-valid-not-active", movementAdded, RouteBooking, notActive, released},
		{"sentence-dates-no-longer-valid-not-active", sentenceDates, RouteBooking, notActive, released},
		{"sentence-dates-no-longer-valid-not-at-an-interested-prison", sentenceDates, RouteBooking, notAtInterested, elsewhere},
		{"release-date-no-longer-valid-not-active", releaseDate, RouteBooking, notActive, released},
		{"release-date-no-longer-valid-not-at-an-interested-prison", releaseDate, RouteBooking, notAtInterested, elsewhere},
		{"booking-number-no-longer-valid-not-at-an-interested-prison", bookingNumber, RouteBooking, notAtInterested, elsewhere},
		{"booking-number-no-longer-valid-no-merged-offenders", bookingNumber, RouteIdentifiers, noMergedNumbers, demerged},
	} {
		b := next().arriving(1, "MDI").merged("A9998BC")
		stories = append(stories,
			tell(change.name, change.eventType, b.then(change.route, change.become), over(change.reason), upToDate(b)))
	}
	return slices.Clip(stories)
}
