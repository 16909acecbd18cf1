package localstack

import (
	"fmt"
	"regexp"
	"slices"
)

// Booking is one stay in prison, with the prisoner, as NOMIS holds them.
type Booking struct {
	BookingID   int64  `json:"bookingId"`
	BookingNo   string `json:"bookingNo"`
	OffenderNo  string `json:"offenderNo"`
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	DateOfBirth Date   `json:"dateOfBirth"`
	PNC         string `json:"pnc,omitempty"`
	CRO         string `json:"cro,omitempty"`
	// AgencyID is where the prisoner is: a prison, OUT, or empty for unknown.
	AgencyID        string `json:"agencyId,omitempty"`
	Active          bool   `json:"active"`
	Recall          *bool  `json:"recall,omitempty"` // nil: NOMIS does not say
	LegalStatus     string `json:"legalStatus,omitempty"`
	LatestLocation  string `json:"latestLocation,omitempty"`
	ConvictedStatus string `json:"convictedStatus,omitempty"`

	Sentence    Sentence     `json:"sentence"`
	Terms       []Term       `json:"terms,omitempty"`
	Movements   []Movement   `json:"movements,omitempty"`
	Identifiers []Identifier `json:"identifiers,omitempty"`

	// Later, when set, is how the booking changes between two reads.
	Later *Later `json:"later,omitempty"`
}

// Sentence is the dates that NOMIS has calculated.
type Sentence struct {
	StartDate                  Date `json:"sentenceStartDate,omitempty"`
	ExpiryDate                 Date `json:"sentenceExpiryDate,omitempty"`
	ConditionalRelease         Date `json:"conditionalReleaseDate,omitempty"`
	ConditionalReleaseOverride Date `json:"conditionalReleaseOverrideDate,omitempty"`
	LicenceExpiry              Date `json:"licenceExpiryDate,omitempty"`
	ParoleEligibility          Date `json:"paroleEligibilityDate,omitempty"`
	ConfirmedRelease           Date `json:"confirmedReleaseDate,omitempty"`
	TopupSupervisionExpiry     Date `json:"topupSupervisionExpiryDate,omitempty"`
	HDCEligibility             Date `json:"homeDetentionCurfewEligibilityDate,omitempty"`
	Release                    Date `json:"releaseDate,omitempty"`
}

// Term is one term of the booking's sentences.
type Term struct {
	SentenceSequence int    `json:"sentenceSequence"`
	ConsecutiveTo    int    `json:"consecutiveTo,omitempty"` // 0: it follows no other
	Description      string `json:"sentenceTypeDescription,omitempty"`
	StartDate        Date   `json:"startDate,omitempty"`
}

// Movement is one move into, out of or between agencies.
type Movement struct {
	Sequence      int64  `json:"sequence"`
	FromAgency    string `json:"fromAgency,omitempty"`
	ToAgency      string `json:"toAgency,omitempty"`
	MovementType  string `json:"movementType"` // ADM, REL, CRT, TAP, TRN
	DirectionCode string `json:"directionCode"`
}

// Identifier is a number that the prisoner has, or had.
type Identifier struct {
	Type  string `json:"type"` // MERGED: the offender number of a record merged into this one
	Value string `json:"value"`
}

// Later scripts a change in NOMIS: the route answers for the booking as it
// stands so many times, and at the next read the booking becomes another. What
// it becomes may have a Later of its own.
type Later struct {
	Route   string   `json:"route"`
	Reads   int      `json:"reads"`
	Becomes *Booking `json:"becomes"`
}

// then is b with a change to come after the first read of the route.
func (b Booking) then(route string, alter func(*Booking)) Booking {
	becomes := b
	alter(&becomes)
	b.Later = &Later{Route: route, Reads: 1, Becomes: &becomes}
	return b
}

func (b *Booking) movement(sequence int64) (Movement, bool) {
	i := slices.IndexFunc(b.Movements, func(m Movement) bool { return m.Sequence == sequence })
	if i < 0 {
		return Movement{}, false
	}
	return b.Movements[i], true
}

var (
	offenderNoForm = regexp.MustCompile(`^[A-Z][0-9]{4}[A-Z]{2}$`)
	bookingNoForm  = regexp.MustCompile(`^[0-9]{5}[A-Z]$`)
	crnForm        = regexp.MustCompile(`^[A-Z][0-9]{6}$`)
)

// check says what is wrong with a booking that NOMIS could not hold.
func (b *Booking) check() error {
	switch {
	case b.BookingID <= 0:
		return fmt.Errorf("booking id %d: must be positive", b.BookingID)
	case !offenderNoForm.MatchString(b.OffenderNo):
		return fmt.Errorf("booking %d: offenderNo %q: want the form A1111BC", b.BookingID, b.OffenderNo)
	case !bookingNoForm.MatchString(b.BookingNo):
		return fmt.Errorf("booking %d: bookingNo %q: want the form 41001A", b.BookingID, b.BookingNo)
	case !b.DateOfBirth.Valid() || b.DateOfBirth == "":
		return fmt.Errorf("booking %d: dateOfBirth: want a date", b.BookingID)
	}
	for _, d := range []Date{
		b.Sentence.StartDate, b.Sentence.ExpiryDate, b.Sentence.ConditionalRelease, b.Sentence.ConditionalReleaseOverride,
		b.Sentence.LicenceExpiry, b.Sentence.ParoleEligibility, b.Sentence.ConfirmedRelease,
		b.Sentence.TopupSupervisionExpiry, b.Sentence.HDCEligibility, b.Sentence.Release,
	} {
		if !d.Valid() {
			return fmt.Errorf("booking %d: sentence date %q: want a date", b.BookingID, d)
		}
	}
	if b.Later == nil {
		return nil
	}
	if b.Later.Becomes == nil || b.Later.Becomes.BookingID != b.BookingID {
		return fmt.Errorf("booking %d: later.becomes: want the same booking", b.BookingID)
	}
	return b.Later.Becomes.check()
}
