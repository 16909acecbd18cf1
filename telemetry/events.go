package telemetry

import (
	"strconv"
	"strings"

	"ptpu"
)

// Event is a custom event for Application Insights. The names and properties
// are promises: queries and dashboards rest on them. Every value is a string.
type Event struct {
	Name       string
	Properties map[string]string
}

const (
	notPresent = "not present"
	notRead    = "not read"
	notKnown   = "Not known"
)

// EventsOf are the events of a finished attempt, in the order in which things
// happened.
func EventsOf(a ptpu.Attempt) []Event {
	e := events{message: a.Before, outcome: a.Outcome, failed: a.Err != nil}
	switch a.Before.EventType {
	case ptpu.ImprisonmentStatusChanged:
		e.status()
	case ptpu.ExternalMovementInserted:
		e.movement()
	case ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged:
		e.dates()
	case ptpu.BookingNumberChanged:
		e.merges()
	}
	return e.all
}

// Expired is the event of a message whose time ran out, as it was before.
func Expired(before ptpu.Message) Event {
	return event("P2PMessageExpired", before.BookingID, map[string]string{
		"eventType":    string(before.EventType),
		"offenderNo":   or(string(before.OffenderNo), notPresent),
		"statusBefore": string(before.State),
		"retryCount":   strconv.Itoa(before.Retries),
	})
}

// Changed is the event of an identifier that Delius has changed for ptpu.
func Changed(booking ptpu.BookingID, c ptpu.IdentifierChange) Event {
	if c.Added() {
		return event("P2POffenderNumberSet", booking, map[string]string{
			"offenderNo": string(c.OffenderNo), "bookingNumber": string(c.BookNumber), "crn": string(c.CRN),
		})
	}
	return event("P2PBookingNumberChanged", booking, map[string]string{
		"offenderNo": string(c.OffenderNo), "oldOffenderNo": string(c.Previous), "crn": string(c.CRN),
	})
}

// events gathers the events of one attempt.
type events struct {
	message ptpu.Message
	outcome ptpu.Outcome
	failed  bool
	all     []Event
}

func (e *events) add(name string, properties ...map[string]string) {
	e.all = append(e.all, event(name, e.message.BookingID, properties...))
}

func (e *events) status() {
	facts := e.outcome.Facts
	if facts.Match != nil {
		e.match(*facts.Match)
	}
	if e.failed {
		return
	}
	sequence := map[string]string{"imprisonmentStatusSeq": strconv.FormatInt(e.message.StatusSeq, 10)}
	updated := map[string]string{"sentenceStartDate": notPresent}
	if facts.Sentence != nil {
		updated["sentenceStartDate"] = or(facts.Sentence.SentenceStart.String(), notPresent)
	}
	switch e.outcome.State {
	case ptpu.Completed:
		e.add("P2PImprisonmentStatusUpdated", sequence, updated, e.booking())
	case ptpu.BookingNumberNotAssigned:
		e.add("P2PBookingNumberNotAssigned", sequence, updated, e.booking())
	case ptpu.LocationNotUpdated:
		e.add("P2PLocationNotUpdated", sequence, updated, e.booking())
	case ptpu.KeyDatesNotUpdated:
		e.add("P2PKeyDatesNotUpdated", sequence, updated, e.booking())
	case ptpu.NoLongerValid:
		switch e.outcome.Reason {
		case ptpu.NonZeroSequence:
			e.add("P2PImprisonmentStatusNotSequenceZero", sequence)
		case ptpu.NoSentenceStartDate:
			e.add("P2PImprisonmentStatusNoSentenceStartDate", sequence)
		default:
			e.add("P2PImprisonmentStatusIgnored", sequence, e.reason(), e.bookingOnceKnown())
		}
	default: // a miss is told of by match
	}
}

// match tells of a search and what it came to.
func (e *events) match(m ptpu.Match) {
	offender := map[string]string{"offenderNo": notPresent}
	if b := e.outcome.Facts.Booking; b != nil {
		offender["offenderNo"] = or(string(b.OffenderNo), notPresent)
	}
	properties := map[string]string{
		"bookingNumber":    e.booking()["bookingNumber"],
		"matchedBy":        string(m.MatchedBy),
		"matches":          strconv.Itoa(m.Found),
		"crns":             ptpu.JoinCRNs(m.Candidates),
		"filtered_matches": notRead,
		"filtered_crns":    notRead,
	}
	if m.Filtered {
		properties["filtered_matches"] = strconv.Itoa(len(m.Kept))
		properties["filtered_crns"] = ptpu.JoinCRNs(m.Kept)
	}
	e.add("P2POffenderMatch", offender, properties)
	switch m.State {
	case ptpu.NoMatch, ptpu.NoMatchWithSentenceDate:
		e.add("P2POffenderNoMatch", offender, map[string]string{"crns": properties["crns"]})
	case ptpu.TooManyMatches:
		e.add("P2POffenderTooManyMatches", offender, map[string]string{"filtered_crns": properties["filtered_crns"]})
	default: // the person is known
	}
}

func (e *events) movement() {
	e.add("P2PExternalMovement", map[string]string{"movementSeq": strconv.FormatInt(e.message.MovementSeq, 10)})
	if e.failed {
		return
	}
	facts := e.outcome.Facts
	if e.outcome.State == ptpu.NoLongerValid {
		e.add("P2PTransferIgnored", e.reason(), transfer(facts.Movement))
		return
	}
	properties := transfer(facts.Movement)
	properties["offenderNo"] = e.booking()["offenderNo"]
	if p := facts.Prisoner; p != nil {
		properties["latestLocation"] = or(p.LatestLocation, notPresent)
		properties["convictedStatus"] = or(p.ConvictedStatus, notPresent)
	}
	switch e.outcome.State {
	case ptpu.Completed:
		description := notKnown
		if facts.Movement != nil {
			description = or(facts.Movement.ToDescription, notKnown)
		}
		e.add("P2PTransferProbationUpdated", properties, map[string]string{"toAgencyDescription": description})
	case ptpu.LocationNotUpdated:
		e.add("P2PTransferProbationRecordNotFound", properties)
	default: // a movement ends in no other state
	}
}

// transfer describes the movement once it is known.
func transfer(m *ptpu.Movement) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return map[string]string{
		"movementType": or(m.Type, notPresent),
		"fromAgency":   or(string(m.From), notPresent),
		"toAgency":     or(string(m.To), notPresent),
	}
}

func (e *events) dates() {
	if e.failed {
		return
	}
	facts := e.outcome.Facts
	dates := map[string]string{}
	if facts.Sentence != nil {
		for name, date := range facts.Sentence.Named() {
			dates[name] = or(date.String(), notPresent)
		}
	}
	switch {
	case e.outcome.State == ptpu.Completed:
		e.add("P2PSentenceDatesChanged", e.booking(), dates)
	case e.outcome.State == ptpu.KeyDatesNotUpdated && e.outcome.Reason == "":
		e.add("P2PSentenceDatesRecordNotFound", e.booking(), dates)
	default:
		e.add("P2PSentenceDatesChangeIgnored", e.reason(), e.bookingOnceKnown())
	}
}

// merges tells of the numbers that could not be replaced. Those that were are
// told of one by one as changes.
func (e *events) merges() {
	for _, merge := range e.outcome.Facts.Merges {
		if len(merge.CRNs) == 0 {
			e.add("P2PBookingNumberChangedOffenderNotFound", map[string]string{
				"offenderNo": string(merge.To), "oldOffenderNo": string(merge.From),
			})
		}
	}
}

func (e *events) reason() map[string]string {
	return map[string]string{"reason": string(e.outcome.Reason)}
}

// booking describes the booking; what NOMIS does not give is not present.
func (e *events) booking() map[string]string {
	properties := map[string]string{"offenderNo": notPresent, "bookingNumber": notPresent, "agencyId": notPresent}
	if b := e.outcome.Facts.Booking; b != nil {
		properties["offenderNo"] = or(string(b.OffenderNo), notPresent)
		properties["bookingNumber"] = or(string(b.BookNumber), notPresent)
		properties["agencyId"] = or(string(b.Agency), notPresent)
	}
	return properties
}

// bookingOnceKnown describes the booking only when it was read.
func (e *events) bookingOnceKnown() map[string]string {
	if e.outcome.Facts.Booking == nil {
		return nil
	}
	return e.booking()
}

func event(name string, booking ptpu.BookingID, properties ...map[string]string) Event {
	e := Event{Name: name, Properties: map[string]string{"bookingId": booking.String()}}
	for _, some := range properties {
		for key, value := range some {
			e.Properties[key] = value
		}
	}
	return e
}

func or(text, otherwise string) string {
	if strings.TrimSpace(text) == "" {
		return otherwise
	}
	return text
}
