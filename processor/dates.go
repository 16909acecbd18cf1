package processor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
)

// dates replaces the key dates in Delius by those of NOMIS.
func (p *Processor) dates(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	var facts ptpu.Facts
	b, err := p.booking(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if reason := ptpu.CheckBooking(b, p.prisons); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	detail, err := p.sentence(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	dates := ptpu.KeyDatesOf(detail)
	if dates.IsZero() {
		return ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Reason: ptpu.NoDates, Facts: facts}, nil
	}
	w := ptpu.Write{Kind: ptpu.ReplaceKeyDates, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber, KeyDates: dates}
	if err := trail.Intend(ctx, w); err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	err = trail.Write(ctx, w, func(ctx context.Context) ([]ptpu.CRN, error) {
		return nil, p.probation.ReplaceKeyDates(ctx, b.OffenderNo, b.BookNumber, dates)
	})
	switch {
	case errors.Is(err, ptpu.ErrNotFound):
		facts.ConvictionUnknown = namesBookNumber(err)
		return ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Facts: facts}, nil
	case err != nil:
		return ptpu.Outcome{Facts: facts}, fmt.Errorf("sending %s for booking %s: %w", w.Kind, b.ID, err)
	}
	return ptpu.Completes(facts), nil
}

// sentenceEnd is the instant at which the sentence is over, or the zero time
// when NOMIS gives no date.
func sentenceEnd(d ptpu.SentenceDetail) time.Time {
	if d.SentenceExpiry.IsZero() {
		return time.Time{}
	}
	return d.SentenceExpiry.End()
}
