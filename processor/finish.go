package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// Finish finds out what became of an identifier write whose answer never came,
// and returns the CRNs that carry the new number by it: none when Delius never
// took it. While it may, it sends the write again, which does no harm when it
// had been taken. Later it only looks who holds the number.
func (p *Processor) Finish(ctx context.Context, w ptpu.Write, mayWrite bool) ([]ptpu.CRN, error) {
	switch {
	case w.Kind == ptpu.SetOffenderNo && mayWrite:
		if err := p.probation.SetOffenderNo(ctx, w.CRN, w.OffenderNo); err != nil {
			return nil, fmt.Errorf("setting offender number %s again: %w", w.OffenderNo, err)
		}
		return []ptpu.CRN{w.CRN}, nil
	case w.Kind == ptpu.SetOffenderNo:
		return p.holds(ctx, w)
	case w.Kind == ptpu.ReplaceOffenderNo && mayWrite:
		crns, err := p.probation.ReplaceOffenderNo(ctx, w.Previous, w.OffenderNo)
		switch {
		case errors.Is(err, ptpu.ErrNotFound):
			return p.holder(ctx, w)
		case err != nil:
			return nil, fmt.Errorf("replacing offender number %s again: %w", w.Previous, err)
		}
		return crns, nil
	case w.Kind == ptpu.ReplaceOffenderNo:
		return p.replaced(ctx, w)
	default:
		return nil, fmt.Errorf("write %s changes no identifier: %w", w.Kind, ptpu.ErrRefused)
	}
}

// holds asks whether the person of a SetOffenderNo holds the number.
func (p *Processor) holds(ctx context.Context, w ptpu.Write) ([]ptpu.CRN, error) {
	no, err := p.probation.OffenderNoOf(ctx, w.CRN)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the offender number of %s: %w", w.CRN, err)
	case no != w.OffenderNo:
		return nil, nil
	}
	return []ptpu.CRN{w.CRN}, nil
}

// replaced asks who holds the new number, unless somebody still holds the old
// one: then Delius never took the replacement.
func (p *Processor) replaced(ctx context.Context, w ptpu.Write) ([]ptpu.CRN, error) {
	_, err := p.probation.HolderOf(ctx, w.Previous)
	switch {
	case err == nil, errors.Is(err, ptpu.ErrConflict): // one, or several
		return nil, nil
	case !errors.Is(err, ptpu.ErrNotFound):
		return nil, fmt.Errorf("reading the holder of offender number %s: %w", w.Previous, err)
	}
	return p.holder(ctx, w)
}

// holder asks who holds the new number of a ReplaceOffenderNo. Delius knows
// nobody by the old one any more, so the replacement was taken before. Nobody,
// or several, is nobody that could be named.
func (p *Processor) holder(ctx context.Context, w ptpu.Write) ([]ptpu.CRN, error) {
	crn, err := p.probation.HolderOf(ctx, w.OffenderNo)
	if err != nil {
		return nil, fmt.Errorf("reading the holder of offender number %s: %w", w.OffenderNo, err)
	}
	return []ptpu.CRN{crn}, nil
}
