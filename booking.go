package ptpu

import (
	"iter"
	"log/slog"
	"regexp"
	"strconv"
)

// BookingID identifies one stay in prison in NOMIS. It is always positive.
type BookingID int64

// String writes the id in decimal.
func (id BookingID) String() string { return strconv.FormatInt(int64(id), 10) }

type (
	// BookNumber is the number of a booking as prison and probation staff know
	// it, such as 41001A.
	BookNumber string
	// OffenderNo is a prisoner's NOMS number, such as A1111BC.
	OffenderNo string
	// CRN is a person's case reference number in Delius, such as X100001.
	CRN string
	// PrisonCode is a NOMIS agency, such as MDI.
	PrisonCode string
)

// The forms of the identifiers. They are checked before one is put into a path.
var (
	crnForm        = regexp.MustCompile(`^[A-Z][0-9]{6}$`)
	offenderNoForm = regexp.MustCompile(`^[A-Z][0-9]{4}[A-Z]{2}$`)
	// Older booking numbers have a stroke or a hyphen in them.
	bookNumberForm = regexp.MustCompile(`^[A-Za-z0-9/-]{1,20}$`)
	prisonCodeForm = regexp.MustCompile(`^[A-Z0-9]{1,6}$`)
)

// Valid reports whether the number has the form of a CRN.
func (c CRN) Valid() bool { return crnForm.MatchString(string(c)) }

// Valid reports whether the number has the form of a NOMS number.
func (n OffenderNo) Valid() bool { return offenderNoForm.MatchString(string(n)) }

// Valid reports whether the number has the form of a booking number.
func (n BookNumber) Valid() bool { return bookNumberForm.MatchString(string(n)) }

// Valid reports whether the code has the form of a NOMIS agency.
func (c PrisonCode) Valid() bool { return prisonCodeForm.MatchString(string(c)) }

// Person is who a prisoner is. It is used to search and then forgotten: a
// Person prints as nothing and is never stored.
type Person struct {
	FirstName   string
	Surname     string
	DateOfBirth Date
}

// String keeps personal data out of everything that is printed.
func (Person) String() string { return "(person)" }

// GoString does the same for %#v.
func (p Person) GoString() string { return p.String() }

// LogValue does the same for structured logs.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText does the same for whatever holds a Person and is written as JSON.
func (p Person) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Booking is what NOMIS says of a booking.
type Booking struct {
	ID                  BookingID
	BookNumber          BookNumber
	OffenderNo          OffenderNo
	Active              bool
	Agency              PrisonCode // empty: NOMIS gives none
	LocationDescription string
	Recall              *bool // nil: NOMIS does not say
	LegalStatus         string
	Person              Person
}

// SentenceDetail is the dates that NOMIS has calculated for a booking. A zero
// Date is one that NOMIS does not give.
type SentenceDetail struct {
	SentenceStart                  Date
	ConfirmedRelease               Date
	ConditionalRelease             Date
	ConditionalReleaseOverride     Date
	LicenceExpiry                  Date
	ParoleEligibility              Date
	SentenceExpiry                 Date
	TopupSupervisionExpiry         Date
	HomeDetentionCurfewEligibility Date
	Release                        Date
}

// Named yields each date under the name that NOMIS gives it, in a fixed order.
func (d SentenceDetail) Named() iter.Seq2[string, Date] {
	return func(yield func(string, Date) bool) {
		for _, named := range []struct {
			name string
			date Date
		}{
			{"sentenceStartDate", d.SentenceStart},
			{"confirmedReleaseDate", d.ConfirmedRelease},
			{"conditionalReleaseDate", d.ConditionalRelease},
			{"conditionalReleaseOverrideDate", d.ConditionalReleaseOverride},
			{"licenceExpiryDate", d.LicenceExpiry},
			{"paroleEligibilityDate", d.ParoleEligibility},
			{"sentenceExpiryDate", d.SentenceExpiry},
			{"topupSupervisionExpiryDate", d.TopupSupervisionExpiry},
			{"homeDetentionCurfewEligibilityDate", d.HomeDetentionCurfewEligibility},
			{"releaseDate", d.Release},
		} {
			if !yield(named.name, named.date) {
				return
			}
		}
	}
}

// SentenceTerm is one term of a booking's sentences.
type SentenceTerm struct {
	Start         Date
	Sequence      int
	ConsecutiveTo *int // nil: the term follows no other
}

// Movement is one move of a prisoner into, out of or between agencies.
type Movement struct {
	OffenderNo    OffenderNo
	From          PrisonCode
	To            PrisonCode
	ToDescription string
	Type          string // ADM is an admission
	Direction     string
}

// Prisoner is what NOMIS knows of a prisoner besides the booking.
type Prisoner struct {
	OffenderNo      OffenderNo
	PNC             string
	CRO             string
	LatestLocation  string
	ConvictedStatus string
}

// Identifier is one entry of a booking's identifiers, such as the NOMS number
// that a duplicate record had before it was merged.
type Identifier struct {
	Type  string
	Value string
}

// Prisons is the set of interested prisons; an empty set means every prison.
type Prisons map[PrisonCode]struct{}

// NewPrisons makes the set of the codes given, in upper case, blanks left out.
func NewPrisons(codes ...string) Prisons {
	prisons := Prisons{}
	for _, code := range codes {
		if code = normalise(code); code != "" {
			prisons[PrisonCode(code)] = struct{}{}
		}
	}
	return prisons
}

// Interested reports whether ptpu acts for this prison.
func (p Prisons) Interested(code PrisonCode) bool {
	if len(p) == 0 {
		return true
	}
	_, ok := p[code]
	return ok
}

// PrimarySentenceDate is the latest start among the terms that follow no other
// term: the date that Delius knows the sentence by. It is the zero Date when
// there is none.
func PrimarySentenceDate(terms []SentenceTerm) Date {
	var primary Date
	for _, term := range terms {
		if term.ConsecutiveTo == nil && term.Start.Compare(primary) > 0 {
			primary = term.Start
		}
	}
	return primary
}
