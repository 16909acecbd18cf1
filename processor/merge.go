package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// merge replaces in Delius the NOMS numbers that merged prisoner records had by
// the number that the booking has now.
func (p *Processor) merge(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	var facts ptpu.Facts
	b, err := p.booking(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if reason := ptpu.CheckPrison(b, p.prisons); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	identifiers, err := p.prison.MergedIdentifiers(ctx, m.BookingID)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, fmt.Errorf("reading identifiers of booking %s: %w", m.BookingID, err)
	}
	if reason := ptpu.CheckMerged(identifiers); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	var writes []ptpu.Write
	for _, number := range ptpu.MergedNumbers(identifiers) {
		writes = append(writes, ptpu.Write{
			Kind: ptpu.ReplaceOffenderNo, OffenderNo: b.OffenderNo, Previous: number, BookNumber: b.BookNumber,
		})
	}
	if err := trail.Intend(ctx, writes...); err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	outcome := ptpu.Completes(facts)
	for _, w := range writes {
		merge, err := p.replace(ctx, w, trail)
		if err != nil {
			return ptpu.Outcome{Facts: outcome.Facts}, fmt.Errorf("sending %s for booking %s: %w", w.Kind, b.ID, err)
		}
		if merge.Held {
			outcome.Reason = ptpu.NumberAlreadyHeld
		}
		outcome.Facts.Merges = append(outcome.Facts.Merges, merge)
	}
	return outcome, nil
}

// replace has one NOMS number replaced. That Delius knows nobody by the old
// number, or somebody else by the new one, is an answer.
func (p *Processor) replace(ctx context.Context, w ptpu.Write, trail ptpu.Trail) (ptpu.Merge, error) {
	merge := ptpu.Merge{From: w.Previous, To: w.OffenderNo}
	err := trail.Write(ctx, w, func(ctx context.Context) (crns []ptpu.CRN, err error) {
		merge.CRNs, err = p.probation.ReplaceOffenderNo(ctx, w.Previous, w.OffenderNo)
		return merge.CRNs, err
	})
	switch {
	case errors.Is(err, ptpu.ErrNotFound):
		return merge, nil
	case errors.Is(err, ptpu.ErrConflict):
		merge.Held = true
		return merge, nil
	}
	return merge, err
}
