package localstack

import (
	"fmt"
	"slices"
)

// firstInvented is one below the booking id of the first invented person.
const firstInvented = 1300100

// The dates that most of the invented share.
const (
	sentenced  Date = "2026-02-11"
	weekBefore Date = "2026-02-04" // as far as prison and probation may differ
	dayTooFar  Date = "2026-02-03"
	another    Date = "2025-06-30" // some other sentence
)

var (
	firstNames = []string{"Rowan", "Linden", "Marlow", "Tamsin", "Corin", "Wren", "Ellis", "Sorrel", "Bryn", "Avery", "Jory"}
	nameHeads  = []string{"Alder", "Bram", "Cald", "Dun", "Elm", "Farn", "Green", "Hazel", "Ingle", "Kirk"}
	nameTails  = []string{"wick", "ford", "by", "combe", "den", "holt", "mere", "ness", "shaw", "thorpe"}
)

// prisoner is the n-th invented person as NOMIS holds them: at Moorland, serving
// a sentence with every usual date. Nobody shares a surname.
func prisoner(n int) Booking {
	recall := false
	b := Booking{
		BookingID:       int64(firstInvented + n),
		BookingNo:       fmt.Sprintf("%dA", 41000+n),
		OffenderNo:      nomsOf(n),
		FirstName:       firstNames[n%len(firstNames)],
		LastName:        nameHeads[n%10] + nameTails[n/10%10],
		DateOfBirth:     Date(fmt.Sprintf("%d-%02d-%02d", 1960+n%40, 1+n%12, 13+n%15)),
		PNC:             fmt.Sprintf("06/%07dX", 123400+n),
		CRO:             fmt.Sprintf("%d/06T", 123400+n),
		AgencyID:        "MDI",
		Active:          true,
		Recall:          &recall,
		LegalStatus:     "SENTENCED",
		ConvictedStatus: "Convicted",
		Sentence: Sentence{
			StartDate:                  sentenced,
			ExpiryDate:                 "2031-09-10",
			ConditionalRelease:         "2028-11-26",
			ConditionalReleaseOverride: "2028-12-01",
			LicenceExpiry:              "2031-09-10",
			ParoleEligibility:          "2028-05-26",
			ConfirmedRelease:           "2028-12-01",
			TopupSupervisionExpiry:     "2032-09-10",
			HDCEligibility:             "2028-06-26",
			Release:                    "2028-12-01",
		},
		Terms: []Term{
			{SentenceSequence: 61, StartDate: sentenced, Description: "ORA CJA03 Standard Determinate Sentence"},
			{SentenceSequence: 62, StartDate: "2026-11-21", ConsecutiveTo: 61},
			{SentenceSequence: 69, StartDate: "2026-01-13", Description: "ORA 14 Day Fixed Term Recall"},
		},
	}
	if n == 1 {
		b.FirstName, b.LastName, b.DateOfBirth = "Oakley", "Fenwick", "1984-02-29"
		b.PNC, b.CRO = "06/0123456X", "123456/06T"
	}
	return b
}

func nomsOf(n int) string { return fmt.Sprintf("A1%03dBC", 110+n) }

// crnOf is the CRN of a prisoner's record in Delius, or with k above 0 of
// another record that may be theirs.
func crnOf(n, k int) string { return fmt.Sprintf("X1%d%04d", k, n) }

// probationer is the same person as Delius holds them before anybody has linked
// the two: sentenced on the same day, not arrived in any prison.
func probationer(b Booking) Offender {
	n := int(b.BookingID - firstInvented)
	return Offender{
		CRN:         crnOf(n, 0),
		FirstName:   b.FirstName,
		Surname:     b.LastName,
		DateOfBirth: b.DateOfBirth,
		PNC:         "20" + b.PNC,
		CRO:         b.CRO,
		Events: []Event{
			custodial("2", sentenced),
			{Index: "1", SentenceStart: "2019-03-12"},
		},
	}
}

// custodial is an active sentence that is about to be served.
func custodial(index string, start Date) Event {
	return Event{Index: index, Active: true, SentenceStart: start, Custody: &Custody{Status: AboutToStart}}
}

// linked is a probationer who has the NOMS number.
func linked(b Booking) Offender {
	o := probationer(b)
	o.NomsNumber = b.OffenderNo
	return o
}

// upToDate is a linked person of whom Delius knows all that NOMIS does.
func upToDate(b Booking) Offender {
	o := linked(b)
	custody := o.Events[0].Custody
	custody.BookingNumber, custody.Institution, custody.Status = b.BookingNo, b.AgencyID, InCustody
	custody.KeyDates = map[string]Date{
		"conditionalReleaseDate": b.Sentence.ConditionalReleaseOverride,
		"sentenceExpiryDate":     b.Sentence.ExpiryDate,
		"paroleEligibilityDate":  b.Sentence.ParoleEligibility, "licenceExpiryDate": b.Sentence.LicenceExpiry,
		"expectedReleaseDate": b.Sentence.ConfirmedRelease, "hdcEligibilityDate": b.Sentence.HDCEligibility,
		"postSentenceSupervisionEndDate": b.Sentence.TopupSupervisionExpiry,
		// Delius has key dates of its own, which must stay.
		"expectedPrisonOffenderManagerHandoverDate": "2027-12-01",
	}
	return o
}

// namesake is a k-th other record with the prisoner's name and date of birth and
// no number, sentenced on the day given.
func namesake(b Booking, k int, start Date) Offender {
	o := probationer(b)
	o.CRN = crnOf(int(b.BookingID-firstInvented), k)
	o.PNC, o.CRO = "", ""
	o.Events[0].SentenceStart = start
	return o
}

// with is the record with something else about it.
func (o Offender) with(alter func(*Offender)) Offender {
	c := o.clone()
	alter(c)
	return *c
}

// at is the booking at another place.
func (b Booking) at(agencyID string) Booking {
	b.AgencyID = agencyID
	return b
}

// arriving is the booking with an admission from court to the agency, as its
// movement of that number.
func (b Booking) arriving(sequence int64, agencyID string) Booking {
	b.Movements = append(slices.Clone(b.Movements), Movement{
		Sequence: sequence, FromAgency: "SHEFCC", ToAgency: agencyID, MovementType: "ADM", DirectionCode: "IN",
	})
	return b
}

// merged is the booking with offender numbers of records merged into it.
func (b Booking) merged(numbers ...string) Booking {
	for _, number := range numbers {
		b.Identifiers = append(slices.Clone(b.Identifiers), Identifier{Type: "MERGED", Value: number})
	}
	return b
}

// Fields of Delius that the samples change, as Change.Field names them.
var (
	allKeyDates = prefixed("keyDates.", managedKeyDates)
	custodyOnly = sorted(append([]string{"bookingNumber", "institution"}, allKeyDates...))
	everything  = sorted(append([]string{"nomsNumber"}, custodyOnly...))
)

func prefixed(prefix string, names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, prefix+name)
	}
	return sorted(list)
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
