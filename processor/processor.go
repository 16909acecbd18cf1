// Package processor judges one message and carries its change to probation. It
// reads the facts again, because what mattered when the notice arrived may no
// longer, and answers with an Outcome. When and how often that happens is not
// its business.
package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// Prison reads what NOMIS says now. ErrNotFound: NOMIS has no such thing.
type Prison interface {
	Booking(ctx context.Context, id ptpu.BookingID) (ptpu.Booking, error)
	SentenceDetail(ctx context.Context, id ptpu.BookingID) (ptpu.SentenceDetail, error)
	SentenceTerms(ctx context.Context, id ptpu.BookingID) ([]ptpu.SentenceTerm, error)
	Movement(ctx context.Context, id ptpu.BookingID, sequence int64) (ptpu.Movement, error)
	Prisoner(ctx context.Context, no ptpu.OffenderNo) (ptpu.Prisoner, error)
	MergedIdentifiers(ctx context.Context, id ptpu.BookingID) ([]ptpu.Identifier, error)
}

// Probation changes Delius. Every write may be repeated. ErrNotFound: Delius
// has no such person or conviction.
type Probation interface {
	SetOffenderNo(ctx context.Context, crn ptpu.CRN, no ptpu.OffenderNo) error
	// ReplaceOffenderNo returns the CRNs whose number it replaced. ErrConflict:
	// the new number is already somebody's.
	ReplaceOffenderNo(ctx context.Context, from, to ptpu.OffenderNo) ([]ptpu.CRN, error)
	SetBookNumber(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, primary ptpu.Date) error
	SetLocation(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, prison ptpu.PrisonCode) error
	ReplaceKeyDates(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, dates ptpu.KeyDates) error
	// OffenderNoOf is the NOMS number that the person holds, empty for none.
	OffenderNoOf(ctx context.Context, crn ptpu.CRN) (ptpu.OffenderNo, error)
	// HolderOf is the likeliest holder of the NOMS number. ErrConflict: there
	// are several.
	HolderOf(ctx context.Context, no ptpu.OffenderNo) (ptpu.CRN, error)
}

// Matcher finds who a prisoner is in Delius.
type Matcher interface {
	// Match may return what the search found beside an error.
	Match(ctx context.Context, b ptpu.Booking, p ptpu.Prisoner, primary ptpu.Date) (ptpu.Match, error)
}

// Processor is safe for concurrent use.
type Processor struct {
	prison    Prison
	probation Probation
	matcher   Matcher
	prisons   ptpu.Prisons
}

// New makes a Processor that acts for the prisons given.
func New(prison Prison, probation Probation, matcher Matcher, prisons ptpu.Prisons) (*Processor, error) {
	if prison == nil || probation == nil || matcher == nil {
		return nil, errors.New("processor: prison, probation and matcher are needed")
	}
	return &Processor{prison: prison, probation: probation, matcher: matcher, prisons: prisons}, nil
}

// Process reads the facts again and carries the change to probation. It reports
// what was established; an error means that it could not be found out.
func (p *Processor) Process(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	switch m.EventType {
	case ptpu.ImprisonmentStatusChanged:
		return p.status(ctx, m, trail)
	case ptpu.ExternalMovementInserted:
		return p.movement(ctx, m, trail)
	case ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged:
		return p.dates(ctx, m, trail)
	case ptpu.BookingNumberChanged:
		return p.merge(ctx, m, trail)
	default:
		return ptpu.Outcome{}, fmt.Errorf("message %s has event type %q: %w", m.ID, m.EventType, ptpu.ErrRefused)
	}
}

// booking reads the booking and leaves what was used of it on the trail.
func (p *Processor) booking(ctx context.Context, id ptpu.BookingID, trail ptpu.Trail, facts *ptpu.Facts) (ptpu.Booking, error) {
	b, err := p.prison.Booking(ctx, id)
	if err != nil {
		return ptpu.Booking{}, fmt.Errorf("reading booking %s: %w", id, err)
	}
	facts.Booking = &b
	trail.Learned(ptpu.Step{Name: "booking", Facts: map[string]string{
		"active":     fmt.Sprint(b.Active),
		"agencyId":   string(b.Agency),
		"offenderNo": string(b.OffenderNo),
		"bookingNo":  string(b.BookNumber),
	}})
	return b, nil
}

// sentence reads the booking's dates and leaves them on the trail.
func (p *Processor) sentence(ctx context.Context, id ptpu.BookingID, trail ptpu.Trail, facts *ptpu.Facts) (ptpu.SentenceDetail, error) {
	detail, err := p.prison.SentenceDetail(ctx, id)
	if err != nil {
		return ptpu.SentenceDetail{}, fmt.Errorf("reading sentence detail of booking %s: %w", id, err)
	}
	facts.Sentence = &detail
	step := ptpu.Step{Name: "sentence detail", Facts: map[string]string{}}
	for name, date := range detail.Named() {
		if !date.IsZero() {
			step.Facts[name] = date.String()
		}
	}
	trail.Learned(step)
	return detail, nil
}

// namesBookNumber reports whether a 404 speaks of the booking number: then the
// offender is known and the conviction is not.
func namesBookNumber(err error) bool {
	var call *ptpu.CallError
	return errors.As(err, &call) && call.NamesBookNumber
}
