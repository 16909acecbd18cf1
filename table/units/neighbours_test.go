package units_test

import (
	"context"
	"time"

	"ptpu"
	"ptpu/processor"
)

func date(year int, month time.Month, day int) ptpu.Date {
	return ptpu.Date{Year: year, Month: month, Day: day}
}

// nomis knows a sentenced person, with most of the dates that there can be.
type nomis struct {
	processor.Prison
	// released: the booking is not active.
	released bool
}

func (n *nomis) Booking(context.Context, ptpu.BookingID) (ptpu.Booking, error) {
	recall := false
	return ptpu.Booking{
		ID: booking, BookNumber: "41001A", OffenderNo: "A1111BC", Active: !n.released, Agency: "MDI",
		LocationDescription: "Moorland (HMP & YOI)", Recall: &recall, LegalStatus: "SENTENCED",
	}, nil
}

func (*nomis) SentenceDetail(context.Context, ptpu.BookingID) (ptpu.SentenceDetail, error) {
	return ptpu.SentenceDetail{
		SentenceStart: date(2026, 2, 11), SentenceExpiry: date(2031, 9, 10), ConfirmedRelease: date(2028, 12, 1),
		ConditionalRelease: date(2028, 11, 26), ConditionalReleaseOverride: date(2028, 12, 1), LicenceExpiry: date(2031, 9, 10),
		TopupSupervisionExpiry: date(2032, 9, 10), HomeDetentionCurfewEligibility: date(2028, 6, 26), Release: date(2028, 12, 1),
	}, nil
}

func (*nomis) SentenceTerms(context.Context, ptpu.BookingID) ([]ptpu.SentenceTerm, error) {
	return []ptpu.SentenceTerm{{Start: date(2026, 2, 11), Sequence: 1}}, nil
}

func (*nomis) Prisoner(context.Context, ptpu.OffenderNo) (ptpu.Prisoner, error) {
	return ptpu.Prisoner{OffenderNo: "A1111BC", PNC: "06/0123456X", CRO: "123456/06T", ConvictedStatus: "Convicted"}, nil
}

// delius takes every write but those that it says it does not know.
type delius struct {
	processor.Probation
	// numberSet: the person has the NOMS number already, so that none is set
	// and no domain event is owed.
	numberSet bool
	// nobody is found by the search.
	nobody bool
	// elsewhere: setting the location is not found, because Delius has the
	// event elsewhere.
	elsewhere bool
	// away: setting the location is answered with 503.
	away bool
}

func (d *delius) Match(context.Context, ptpu.Person, ptpu.OffenderNo, string, string) (ptpu.SearchResult, error) {
	switch {
	case d.nobody:
		return ptpu.SearchResult{MatchedBy: "NOTHING"}, nil
	case d.numberSet:
		return ptpu.SearchResult{MatchedBy: ptpu.AllSupplied, CRNs: []ptpu.CRN{"X100001"}}, nil
	default:
		return ptpu.SearchResult{MatchedBy: "NAME", CRNs: []ptpu.CRN{"X100001", "X100002"}}, nil
	}
}

func (*delius) Convictions(_ context.Context, crn ptpu.CRN) ([]ptpu.Conviction, error) {
	if crn == "X100001" {
		return []ptpu.Conviction{{Active: true, Custodial: true, SentenceStart: date(2026, 2, 11)}}, nil
	}
	return nil, nil
}

func (*delius) SetOffenderNo(context.Context, ptpu.CRN, ptpu.OffenderNo) error { return nil }

func (*delius) SetBookNumber(context.Context, ptpu.OffenderNo, ptpu.BookNumber, ptpu.Date) error {
	return nil
}

func (d *delius) SetLocation(context.Context, ptpu.OffenderNo, ptpu.BookNumber, ptpu.PrisonCode) error {
	failure := &ptpu.CallError{
		Upstream: "community-api", Method: "PUT", Status: 404, Kind: ptpu.ErrNotFound,
		Route: "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}",
	}
	switch {
	case d.away:
		failure.Status, failure.Kind = 503, ptpu.ErrUnavailable
		return failure
	case d.elsewhere:
		return failure
	}
	return nil
}

func (*delius) ReplaceKeyDates(context.Context, ptpu.OffenderNo, ptpu.BookNumber, ptpu.KeyDates) error {
	return nil
}
