package localstack

import (
	"net/http"
	"slices"
)

// sentenceTolerance is how far the sentence date of a request may lie from that
// of the event: prison and probation often differ by some days.
const sentenceTolerance = 7

// edit is one write to Delius while it is carried out. The routes alter clones
// and hand them back; nothing is kept before the whole write is decided.
type edit struct {
	people  *register
	several bool // the switch: several custodial events may be moved at once
	after   []*Offender
}

func (e *edit) put(o *Offender) { e.after = append(e.after, o) }

// newNumber is the NOMS number in the body, or a problem.
func newNumber(c *call) (string, *answer) {
	var body struct {
		NomsNumber string `json:"nomsNumber"`
	}
	if !c.decode(&body) || fold(body.NomsNumber) == "" {
		problem := deliusProblem(http.StatusBadRequest, "nomsNumber is required")
		return "", &problem
	}
	return fold(body.NomsNumber), nil
}

// setNomsNumber gives a number to one person, and takes it from all others: a
// prisoner is one person.
func (e *edit) setNomsNumber(c *call) answer {
	noms, problem := newNumber(c)
	if problem != nil {
		return *problem
	}
	o := e.people.offenders[fold(c.PathValue("crn"))]
	if o == nil {
		return noSuchCRN(c.PathValue("crn"))
	}
	if o.NomsNumber == noms {
		return ok(o.ids())
	}
	for _, holder := range e.people.under(e.people.byNoms, noms) {
		cleared := holder.clone()
		cleared.NomsNumber = ""
		e.put(cleared)
	}
	o = o.clone()
	o.NomsNumber = noms
	e.put(o)
	return ok(o.ids())
}

// replaceNomsNumber follows a merge in NOMIS: all who hold the old number get
// the new one.
func (e *edit) replaceNomsNumber(c *call) answer {
	noms, problem := newNumber(c)
	if problem != nil {
		return *problem
	}
	holders := e.people.under(e.people.byNoms, fold(c.PathValue("nomsNumber")))
	if len(holders) == 0 {
		return noSuchNoms(c.PathValue("nomsNumber"))
	}
	if len(e.people.under(e.people.byNoms, noms)) > 0 {
		return deliusProblem(http.StatusConflict, "NOMS number %s is already assigned to an existing offender", noms)
	}
	said := []any{}
	for _, holder := range holders {
		changed := holder.clone()
		changed.NomsNumber = noms
		e.put(changed)
		said = append(said, changed.ids())
	}
	return ok(said)
}

func (e *edit) setBookingNumber(c *call) answer {
	var body struct {
		SentenceStart Date   `json:"sentenceStartDate"`
		BookingNumber string `json:"bookingNumber"`
	}
	if !c.decode(&body) || body.BookingNumber == "" || body.SentenceStart == "" || !body.SentenceStart.Valid() {
		return deliusProblem(http.StatusBadRequest, "sentenceStartDate and bookingNumber are required")
	}
	o, _ := e.people.holder(c.PathValue("nomsNumber"))
	if o == nil {
		return noSuchNoms(c.PathValue("nomsNumber"))
	}
	o = o.clone()
	events := slices.DeleteFunc(o.activeCustodial(), func(event *Event) bool {
		return !event.SentenceStart.near(body.SentenceStart, sentenceTolerance)
	})
	switch len(events) {
	case 0:
		return deliusProblem(http.StatusNotFound, "conviction with sentence date close to %s not found", body.SentenceStart)
	case 1:
	default:
		return deliusProblem(http.StatusNotFound,
			"no single conviction with sentence date around %s found, instead %d duplicates found", body.SentenceStart, len(events))
	}
	if events[0].Custody.BookingNumber != body.BookingNumber {
		events[0].Custody.BookingNumber = body.BookingNumber
		e.put(o)
	}
	return ok(events[0].custodyAnswer())
}

// setLocation moves the person. The booking number of the path does not select
// the event: Delius moves every one that is in custody, or about to be.
func (e *edit) setLocation(c *call) answer {
	var body struct {
		Institution string `json:"nomsPrisonInstitutionCode"`
	}
	if !c.decode(&body) || body.Institution == "" {
		return deliusProblem(http.StatusBadRequest, "nomsPrisonInstitutionCode is required")
	}
	o, _ := e.people.holder(c.PathValue("nomsNumber"))
	if o == nil {
		return noSuchNoms(c.PathValue("nomsNumber"))
	}
	o = o.clone()
	events := o.activeCustodial()
	switch {
	case len(events) == 0:
		return deliusProblem(http.StatusNotFound, "No active custodial events found for offender %s", o.CRN)
	case len(events) > 1 && !e.several:
		return deliusProblem(http.StatusNotFound,
			"Multiple active custodial events found for offender %s. %d found", o.CRN, len(events))
	}
	events = slices.DeleteFunc(events, func(event *Event) bool {
		return event.Custody.Status != InCustody && event.Custody.Status != AboutToStart
	})
	if len(events) == 0 {
		return deliusProblem(http.StatusNotFound, "conviction with custodial status of In Custody or Sentenced Custody not found")
	}
	if _, known := institutionAt(body.Institution); !known {
		return deliusProblem(http.StatusNotFound, "prison institution with nomis code %s not found", body.Institution)
	}
	moved := false
	for _, event := range events {
		if event.Custody.Institution == body.Institution {
			continue
		}
		moved = true
		event.Custody.Institution = body.Institution
		// Whoever has arrived at a prison is in custody.
		event.Custody.Status = InCustody
	}
	if moved {
		e.put(o)
	}
	return ok(newest(events).custodyAnswer())
}

func newest(events []*Event) *Event {
	return slices.MaxFunc(events, func(a, b *Event) int {
		switch {
		case a.SentenceStart < b.SentenceStart:
			return -1
		case a.SentenceStart > b.SentenceStart:
			return 1
		}
		return 0
	})
}

// replaceKeyDates sets the managed key dates given and deletes the others.
func (e *edit) replaceKeyDates(c *call) answer {
	var given map[string]*Date
	if !c.decode(&given) {
		return deliusProblem(http.StatusBadRequest, "key dates must be an object of dates")
	}
	for name, date := range given {
		if date != nil && (*date == "" || !date.Valid()) {
			return deliusProblem(http.StatusBadRequest, "%s is not a date", name)
		}
	}
	o, _ := e.people.holder(c.PathValue("nomsNumber"))
	if o == nil {
		return noSuchNoms(c.PathValue("nomsNumber"))
	}
	o = o.clone()
	events := o.booked(c.PathValue("bookingNumber"))
	if len(events) != 1 {
		return noSuchBooking(c.PathValue("bookingNumber"), len(events))
	}
	if events[0].Custody.replace(given) {
		e.put(o)
	}
	return ok(events[0].custodyAnswer())
}

// replace reports whether any managed date is another than before.
func (c *Custody) replace(given map[string]*Date) (changed bool) {
	if c.KeyDates == nil {
		c.KeyDates = map[string]Date{}
	}
	for _, name := range managedKeyDates {
		before := c.KeyDates[name]
		if date := given[name]; date != nil {
			c.KeyDates[name] = *date
		} else {
			delete(c.KeyDates, name)
		}
		changed = changed || c.KeyDates[name] != before
	}
	return changed
}
