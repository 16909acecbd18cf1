package localstack

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// orNull is null for the empty string, as Delius writes what it does not have.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ids are the numbers of an offender, as every answer of Delius shows them.
func (o *Offender) ids() map[string]any {
	return map[string]any{
		"crn": o.CRN, "nomsNumber": orNull(o.NomsNumber), "pncNumber": orNull(o.PNC), "croNumber": orNull(o.CRO),
	}
}

// number is Delius's own id of the offender.
func (o *Offender) number() int64 {
	n, _ := strconv.ParseInt(strings.TrimLeft(o.CRN, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 10, 64)
	return 2_500_000_000 + n
}

// holder is the offender whom Delius takes a NOMS number for: its only holder,
// or of several the one with an active sentence. several tells that nobody could
// be told apart.
func (r *register) holder(noms string) (o *Offender, several bool) {
	holders := r.under(r.byNoms, fold(noms))
	if len(holders) > 1 {
		holders = slices.DeleteFunc(holders, func(o *Offender) bool { return !o.hasActiveSentence() })
		if len(holders) != 1 {
			return nil, true
		}
	}
	if len(holders) == 0 {
		return nil, false
	}
	return holders[0], false
}

func (w *World) byCRN(crn string) *Offender {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.people.offenders[fold(crn)]
}

func (w *World) holder(noms string) (o *Offender, several bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.people.holder(noms)
}

func noSuchCRN(crn string) answer {
	return deliusProblem(http.StatusNotFound, "Offender with crn %s not found", crn)
}

func noSuchNoms(noms string) answer {
	return deliusProblem(http.StatusNotFound, "Offender with NOMS number %s not found", noms)
}

func (w *World) convictions(c *call) answer {
	o := w.byCRN(c.PathValue("crn"))
	if o == nil {
		return noSuchCRN(c.PathValue("crn"))
	}
	said := []map[string]any{}
	for i, event := range o.Events {
		conviction := map[string]any{
			"convictionId": o.number()*10 + int64(i), "index": event.Index, "active": event.Active, "inBreach": false,
		}
		if event.SentenceStart != "" {
			description := "ORA Community Order"
			if event.Custody != nil {
				description = "CJA - Std Determinate Custody"
			}
			conviction["convictionDate"] = event.SentenceStart
			conviction["sentence"] = map[string]any{
				"description": description, "originalLength": 5, "originalLengthUnits": "Years", "startDate": event.SentenceStart,
			}
		}
		if event.Custody != nil {
			conviction["custody"] = event.custodyAnswer()
		}
		said = append(said, conviction)
	}
	return ok(said)
}

func (w *World) custody(c *call) answer {
	noms, bookingNumber := c.PathValue("nomsNumber"), c.PathValue("bookingNumber")
	o, _ := w.holder(noms)
	if o == nil {
		return noSuchNoms(noms)
	}
	events := o.booked(bookingNumber)
	if len(events) != 1 {
		return noSuchBooking(bookingNumber, len(events))
	}
	return ok(events[0].custodyAnswer())
}

// noSuchBooking names bookingNumber, by which callers tell a missing conviction
// from a missing person.
func noSuchBooking(bookingNumber string, found int) answer {
	if found == 0 {
		return deliusProblem(http.StatusNotFound, "conviction with bookingNumber %s not found", bookingNumber)
	}
	return deliusProblem(http.StatusNotFound,
		"no single conviction with bookingNumber %s found, instead %d duplicates found", bookingNumber, found)
}

func (e *Event) custodyAnswer() map[string]any {
	keyDates := e.Custody.KeyDates
	if keyDates == nil {
		keyDates = map[string]Date{}
	}
	return map[string]any{
		"bookingNumber":     orNull(e.Custody.BookingNumber),
		"institution":       institutionAnswer(e.Custody.Institution),
		"keyDates":          keyDates,
		"status":            map[string]string{"code": e.Custody.Status, "description": custodyStatuses[e.Custody.Status]},
		"sentenceStartDate": orNull(string(e.SentenceStart)),
	}
}

var custodyStatuses = map[string]string{
	AboutToStart: "Sentenced - In Custody", InCustody: "In Custody", OnLicence: "Released - On Licence",
}

func institutionAnswer(code string) map[string]any {
	if code == "" {
		return nil
	}
	prison := agencies[code]
	return map[string]any{
		"institutionId": prison.institutionID, "isEstablishment": true, "code": prison.institution,
		"description": prison.description, "institutionName": prison.description,
		"establishmentType":         map[string]string{"code": "E", "description": "Prison"},
		"nomsPrisonInstitutionCode": code,
	}
}

func (w *World) offender(c *call) answer {
	o := w.byCRN(c.PathValue("crn"))
	if o == nil {
		return noSuchCRN(c.PathValue("crn"))
	}
	return ok(o.summary())
}

func (w *World) nomsOffender(c *call) answer {
	noms := c.PathValue("nomsNumber")
	o, several := w.holder(noms)
	switch {
	case several:
		return deliusProblem(http.StatusConflict, "Expecting only one offender with noms number %s but found several", noms)
	case o == nil:
		return noSuchNoms(noms)
	}
	return ok(o.summary())
}

func (o *Offender) summary() map[string]any {
	return map[string]any{
		"offenderId": o.number(), "firstName": o.FirstName, "surname": o.Surname, "dateOfBirth": o.DateOfBirth,
		"otherIds": o.ids(), "softDeleted": false,
	}
}
