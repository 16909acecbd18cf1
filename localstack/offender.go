package localstack

import (
	"fmt"
	"maps"
	"slices"
)

// Offender is one person's record in Delius. Two records may be of one person:
// that is what makes matching hard.
type Offender struct {
	CRN         string  `json:"crn"`
	FirstName   string  `json:"firstName"`
	Surname     string  `json:"surname"`
	DateOfBirth Date    `json:"dateOfBirth"`
	Aliases     []Alias `json:"aliases,omitempty"`
	NomsNumber  string  `json:"nomsNumber,omitempty"`
	PNC         string  `json:"pnc,omitempty"`
	CRO         string  `json:"cro,omitempty"`
	Events      []Event `json:"events,omitempty"`
}

// Alias is another name or date of birth that a person is known by.
type Alias struct {
	FirstName   string `json:"firstName"`
	Surname     string `json:"surname"`
	DateOfBirth Date   `json:"dateOfBirth"`
}

// Event is a conviction with its sentence.
type Event struct {
	Index         string   `json:"index"`
	Active        bool     `json:"active"`
	SentenceStart Date     `json:"sentenceStart,omitempty"` // none: not sentenced yet
	Custody       *Custody `json:"custody,omitempty"`       // nil: not a custodial sentence
}

// The custodial statuses of Delius that the simulator's rules tell apart.
const (
	AboutToStart = "A" // Sentenced - In Custody
	InCustody    = "D"
	OnLicence    = "B"
)

// Custody is the custodial side of an event.
type Custody struct {
	BookingNumber string `json:"bookingNumber,omitempty"`
	Institution   string `json:"institution,omitempty"` // NOMIS code
	Status        string `json:"status"`
	// KeyDates is by name, those that prison manages and others alike.
	KeyDates map[string]Date `json:"keyDates,omitempty"`
}

// managedKeyDates are the key dates that come from prison: a replacement deletes
// each of them that it does not give, and leaves all others alone.
var managedKeyDates = []string{
	"conditionalReleaseDate",
	"sentenceExpiryDate",
	"paroleEligibilityDate",
	"licenceExpiryDate",
	"expectedReleaseDate",
	"hdcEligibilityDate",
	"postSentenceSupervisionEndDate",
}

// clone is a copy that shares nothing, so that readers keep what they hold.
func (o *Offender) clone() *Offender {
	c := *o
	c.Aliases = slices.Clone(o.Aliases)
	c.Events = slices.Clone(o.Events)
	for i, event := range c.Events {
		if event.Custody != nil {
			custody := *event.Custody
			custody.KeyDates = maps.Clone(custody.KeyDates)
			c.Events[i].Custody = &custody
		}
	}
	return &c
}

// hasActiveSentence is what Delius calls a current disposal.
func (o *Offender) hasActiveSentence() bool {
	return slices.ContainsFunc(o.Events, func(e Event) bool { return e.Active && e.SentenceStart != "" })
}

// activeCustodial lists the active events with a custody, to be read or altered.
func (o *Offender) activeCustodial() []*Event {
	var events []*Event
	for i := range o.Events {
		if o.Events[i].Active && o.Events[i].Custody != nil {
			events = append(events, &o.Events[i])
		}
	}
	return events
}

// booked lists the active custodial events with the booking number.
func (o *Offender) booked(bookingNumber string) []*Event {
	return slices.DeleteFunc(o.activeCustodial(), func(e *Event) bool {
		return e.Custody.BookingNumber != bookingNumber
	})
}

// check says what is wrong with a record that Delius could not hold.
func (o *Offender) check() error {
	switch {
	case !crnForm.MatchString(o.CRN):
		return fmt.Errorf("crn %q: want the form X100001", o.CRN)
	case o.NomsNumber != "" && !offenderNoForm.MatchString(o.NomsNumber):
		return fmt.Errorf("crn %s: nomsNumber %q: want the form A1111BC", o.CRN, o.NomsNumber)
	case o.Surname == "":
		return fmt.Errorf("crn %s: surname: want one", o.CRN)
	case !o.DateOfBirth.Valid():
		return fmt.Errorf("crn %s: dateOfBirth: want a date", o.CRN)
	}
	for _, event := range o.Events {
		if !event.SentenceStart.Valid() {
			return fmt.Errorf("crn %s: event %s: sentenceStart %q: want a date", o.CRN, event.Index, event.SentenceStart)
		}
		if event.Custody == nil {
			continue
		}
		for name, date := range event.Custody.KeyDates {
			if date == "" || !date.Valid() {
				return fmt.Errorf("crn %s: event %s: %s %q: want a date", o.CRN, event.Index, name, date)
			}
		}
	}
	return nil
}
