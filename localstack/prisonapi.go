package localstack

import (
	"cmp"
	"net/http"
	"strconv"
)

// reading is the booking that a call is about, after what happens to it at this
// read. The problem is set when there is none.
func (w *World) reading(c *call) (*Booking, *answer) {
	id, err := strconv.ParseInt(c.PathValue("bookingId"), 10, 64)
	if err != nil {
		problem := prisonProblem(http.StatusBadRequest, "bookingId must be a number")
		return nil, &problem
	}
	b, err := w.readBooking(id, c.route.template)
	switch {
	case err != nil:
		problem := prisonProblem(http.StatusInternalServerError, "%v", err)
		return nil, &problem
	case b == nil:
		problem := prisonProblem(http.StatusNotFound, "Offender booking with id %d not found.", id)
		return nil, &problem
	}
	return b, nil
}

// readBooking plays the booking's script, if it has one for this route.
func (w *World) readBooking(id int64, template string) (*Booking, error) {
	w.mu.RLock()
	b := w.people.bookings[id]
	w.mu.RUnlock()
	if b == nil || b.Later == nil || b.Later.Route != template {
		return b, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// Another read may have moved the script on meanwhile.
	b = w.people.bookings[id]
	if b.Later == nil || b.Later.Route != template {
		return b, nil
	}
	next := *b
	if later := *b.Later; later.Reads > 0 {
		later.Reads--
		next.Later = &later
	} else {
		next = *later.Becomes
	}
	if err := w.keep(entry{Bookings: []Booking{next}}); err != nil {
		return nil, err
	}
	return &next, nil
}

func (w *World) booking(c *call) answer {
	b, problem := w.reading(c)
	if problem != nil {
		return *problem
	}
	said := bookingAnswer{
		BookingID: b.BookingID, BookingNo: b.BookingNo, OffenderNo: b.OffenderNo,
		FirstName: fold(b.FirstName), LastName: fold(b.LastName), DateOfBirth: b.DateOfBirth,
		AgencyID: b.AgencyID, LocationDescription: agencies[b.AgencyID].description,
		ActiveFlag: b.Active, Recall: b.Recall, LegalStatus: b.LegalStatus,
	}
	if b.AgencyID != "" {
		said.AssignedLivingUnitID = 25638
	}
	return ok(said)
}

type bookingAnswer struct {
	BookingID            int64   `json:"bookingId"`
	BookingNo            string  `json:"bookingNo"`
	OffenderNo           string  `json:"offenderNo"`
	FirstName            string  `json:"firstName"`
	LastName             string  `json:"lastName"`
	AgencyID             string  `json:"agencyId,omitempty"`
	AssignedLivingUnitID int     `json:"assignedLivingUnitId,omitempty"`
	ActiveFlag           bool    `json:"activeFlag"`
	DateOfBirth          Date    `json:"dateOfBirth"`
	LocationDescription  string  `json:"locationDescription,omitempty"`
	Recall               *bool   `json:"recall,omitempty"`
	LegalStatus          string  `json:"legalStatus,omitempty"`
	FacialImageID        *string `json:"facialImageId"`
}

func (w *World) sentenceDetail(c *call) answer {
	b, problem := w.reading(c)
	if problem != nil {
		return *problem
	}
	said := struct {
		BookingID int64 `json:"bookingId"`
		Sentence
		NonDtoRelease     Date   `json:"nonDtoReleaseDate,omitempty"`
		NonDtoReleaseType string `json:"nonDtoReleaseDateType,omitempty"`
	}{BookingID: b.BookingID, Sentence: b.Sentence}
	if b.Sentence.ConditionalRelease != "" {
		said.NonDtoRelease, said.NonDtoReleaseType = b.Sentence.ConditionalRelease, "CRD"
	}
	return ok(said)
}

func (w *World) sentenceTerms(c *call) answer {
	b, problem := w.reading(c)
	if problem != nil {
		return *problem
	}
	type termAnswer struct {
		BookingID int64 `json:"bookingId"`
		Term
		TermSequence     int    `json:"termSequence"`
		SentenceType     string `json:"sentenceType"`
		LifeSentence     bool   `json:"lifeSentence"`
		SentenceTermCode string `json:"sentenceTermCode"`
		LineSeq          int    `json:"lineSeq"`
	}
	said := []termAnswer{}
	for i, term := range b.Terms {
		said = append(said, termAnswer{
			BookingID: b.BookingID, Term: term, TermSequence: 1,
			SentenceType: "ADIMP_ORA", SentenceTermCode: "IMP", LineSeq: i + 1,
		})
	}
	return ok(said)
}

func (w *World) movement(c *call) answer {
	b, problem := w.reading(c)
	if problem != nil {
		return *problem
	}
	sequence, err := strconv.ParseInt(c.PathValue("movementSeq"), 10, 64)
	if err != nil {
		return prisonProblem(http.StatusBadRequest, "sequenceNumber must be a number")
	}
	m, found := b.movement(sequence)
	if !found {
		return prisonProblem(http.StatusNotFound, "Movement %d of booking %d not found.", sequence, b.BookingID)
	}
	return ok(map[string]any{
		"offenderNo":              b.OffenderNo,
		"createDateTime":          "2026-11-20T13:33:23.666789",
		"fromAgency":              m.FromAgency,
		"fromAgencyDescription":   agencies[m.FromAgency].description,
		"toAgency":                m.ToAgency,
		"toAgencyDescription":     agencies[m.ToAgency].description,
		"fromCity":                "",
		"toCity":                  "",
		"movementType":            m.MovementType,
		"movementTypeDescription": movementTypes[m.MovementType],
		"directionCode":           m.DirectionCode,
		"movementTime":            "13:27:39",
		"movementReason":          "Imprisonment Without Option",
		"commentText":             nil,
	})
}

var movementTypes = map[string]string{
	"ADM": "Admission", "REL": "Release", "CRT": "Court", "TAP": "Temporary Absence", "TRN": "Transfers",
}

func (w *World) prisoners(c *call) answer {
	offenderNo := fold(c.URL.Query().Get("offenderNo"))
	w.mu.RLock()
	b := w.people.latestBooking(offenderNo)
	w.mu.RUnlock()
	said := []map[string]any{}
	if b == nil {
		return ok(said)
	}
	prisoner := map[string]any{
		"offenderNo": b.OffenderNo, "firstName": fold(b.FirstName), "lastName": fold(b.LastName),
		"dateOfBirth": b.DateOfBirth, "gender": "Male", "sexCode": "M",
		"currentlyInPrison": yesNo(b.Active), "latestBookingId": b.BookingID,
		"imprisonmentStatus": "SENT03",
	}
	for name, value := range map[string]string{
		"pncNumber": b.PNC, "croNumber": b.CRO,
		"latestLocation":   cmp.Or(b.LatestLocation, agencies[b.AgencyID].description),
		"latestLocationId": b.AgencyID,
		"internalLocation": cell(b.AgencyID),
		"convictedStatus":  b.ConvictedStatus,
		"receptionDate":    string(b.Sentence.StartDate),
	} {
		if value != "" {
			prisoner[name] = value
		}
	}
	return ok(append(said, prisoner))
}

func (w *World) identifiers(c *call) answer {
	b, problem := w.reading(c)
	if problem != nil {
		return *problem
	}
	wanted := c.URL.Query().Get("type")
	said := []Identifier{}
	for _, identifier := range b.Identifiers {
		if wanted == "" || identifier.Type == wanted {
			said = append(said, identifier)
		}
	}
	return ok(said)
}

// cell is where a prisoner lives within the prison.
func cell(agencyID string) string {
	if agencyID == "" {
		return ""
	}
	return agencyID + "-1-3-022"
}

func yesNo(yes bool) string {
	if yes {
		return "Y"
	}
	return "N"
}
