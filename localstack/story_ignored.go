package localstack

import (
	"fmt"
	"strings"
)

// ignoredStories are those of notices that do not matter from the start, one for
// each rule of each event.
func ignoredStories() []story {
	n := 79
	var stories []story
	for _, rule := range []struct {
		name, eventType, reason string
		because                 func(*Booking)
	}{
		{"status-ignored-no-start-date", statusChanged, noSentenceStart, unsentenced},
		{"status-ignored-not-active", statusChanged, notActive, func(b *Booking) { b.Active = false }},
		{"status-ignored-not-at-an-interested-prison", statusChanged, notAtInterested, elsewhere},
		{"movement-ignored-movement-not-found", movementAdded, movementMissing, movementGone},
		{
			"movement-ignored-not-a-transfer", movementAdded, notATransfer,
			movementBecomes(Movement{FromAgency: "MDI", ToAgency: "OUT", MovementType: "REL", DirectionCode: "OUT"}),
		},
		{
			"movement-ignored-not-a-transfer-nowhere", movementAdded, notATransfer,
			movementBecomes(Movement{FromAgency: "SHEFCC", MovementType: "ADM", DirectionCode: "IN"}),
		},
		{
			"movement-ignored-not-an-interested-prison", movementAdded, notAnInterested,
			movementBecomes(Movement{FromAgency: "MDI", ToAgency: "FSI", MovementType: "ADM", DirectionCode: "IN"}),
		},
		{"movement-ignored-not-active", movementAdded, notActive, released},
		{"sentence-dates-ignored-not-active", sentenceDates, notActive, released},
		{"sentence-dates-ignored-not-at-an-interested-prison", sentenceDates, notAtInterested, elsewhere},
		{"release-date-ignored-not-active", releaseDate, notActive, released},
		{"release-date-ignored-not-at-an-interested-prison", releaseDate, notAtInterested, elsewhere},
		{"booking-number-ignored-not-at-an-interested-prison", bookingNumber, notAtInterested, released},
		{"booking-number-ignored-no-merged-offenders", bookingNumber, noMergedNumbers, demerged},
	} {
		n++
		b := prisoner(n).arriving(1, "MDI").merged("A9997BC")
		rule.because(&b)
		stories = append(stories, tell(rule.name, rule.eventType, b, Promise{Ignored: rule.reason}))
	}

	history := prisoner(n + 1)
	old := tell("status-ignored-non-zero-sequence", statusChanged, history, Promise{Ignored: nonZeroSequence})
	old = old.sending(envelope(old.Name, statusChanged,
		event(statusChanged, history.BookingID, firstEvent, map[string]any{"imprisonmentStatusSeq": 2})))

	const other = "SOME_OTHER-EVENT"
	return append(stories, old, story{Sample: Sample{
		Name:    "unknown-event-ignored",
		Notices: []Notice{envelope("unknown-event-ignored", other, mustJSON(map[string]string{"eventType": other}))},
		Promise: Promise{Ignored: unknownEventType},
	}})
}

// deadLetterStories are those of notices that no repeat can make readable.
func deadLetterStories() []story {
	b := prisoner(1)
	// padding makes an event larger than a queue message may be.
	padding := strings.Repeat("x", 300*1024)
	var stories []story
	for _, wrong := range []struct{ name, eventType, payload string }{
		{"dead-letter-payload-not-json", statusChanged, "not JSON at all"},
		{"dead-letter-no-event-type", "", fmt.Sprintf(`{"bookingId":%d}`, b.BookingID)},
		{"dead-letter-no-booking-id", statusChanged, fmt.Sprintf(`{"eventType":%q,"imprisonmentStatusSeq":0}`, statusChanged)},
		{"dead-letter-booking-id-not-a-number", statusChanged, fmt.Sprintf(`{"eventType":%q,"bookingId":"thirteen"}`, statusChanged)},
		{"dead-letter-booking-id-negative", statusChanged, event(statusChanged, -b.BookingID, firstEvent, nil)},
		{"dead-letter-no-movement-sequence", movementAdded, event(movementAdded, b.BookingID, firstEvent, nil)},
		{"dead-letter-too-large", statusChanged, event(statusChanged, b.BookingID, firstEvent, map[string]any{"padding": padding})},
	} {
		stories = append(stories, story{Sample: Sample{
			Name:    wrong.name,
			Notices: []Notice{envelope(wrong.name, wrong.eventType, wrong.payload)},
			Promise: Promise{DeadLetter: true},
		}})
	}
	return append(stories, story{Sample: Sample{
		Name:    "dead-letter-not-json",
		Notices: []Notice{{Body: []byte("this is no envelope {")}},
		Promise: Promise{DeadLetter: true},
	}})
}
