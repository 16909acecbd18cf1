package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// movement sets the location in Delius to where the movement took the prisoner,
// unless the prisoner has moved on since.
func (p *Processor) movement(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	var facts ptpu.Facts
	movement, err := p.prison.Movement(ctx, m.BookingID, m.MovementSeq)
	if errors.Is(err, ptpu.ErrNotFound) {
		return ptpu.NoLongerMatters(ptpu.MovementNotFound, facts), nil
	}
	if err != nil {
		return ptpu.Outcome{Facts: facts}, fmt.Errorf("reading movement %d of booking %s: %w", m.MovementSeq, m.BookingID, err)
	}
	facts.Movement = &movement
	trail.Learned(ptpu.Step{Name: "movement", Facts: map[string]string{
		"movementType": movement.Type, "fromAgency": string(movement.From), "toAgency": string(movement.To),
	}})
	if reason := ptpu.CheckTransfer(movement, p.prisons); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	b, err := p.booking(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	for _, reason := range []ptpu.Reason{ptpu.CheckActive(b), ptpu.CheckStillThere(b, movement)} {
		if reason != "" {
			return ptpu.NoLongerMatters(reason, facts), nil
		}
	}
	prisoner, err := p.prison.Prisoner(ctx, b.OffenderNo)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, fmt.Errorf("reading prisoner %s: %w", b.OffenderNo, err)
	}
	facts.Prisoner = &prisoner

	w := ptpu.Write{Kind: ptpu.SetLocation, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber, Prison: movement.To}
	if err := trail.Intend(ctx, w); err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	err = trail.Write(ctx, w, func(ctx context.Context) ([]ptpu.CRN, error) {
		return nil, p.probation.SetLocation(ctx, b.OffenderNo, b.BookNumber, movement.To)
	})
	switch {
	case errors.Is(err, ptpu.ErrNotFound):
		return ptpu.Outcome{State: ptpu.LocationNotUpdated, Done: true, Facts: facts}, nil
	case err != nil:
		return ptpu.Outcome{Facts: facts}, fmt.Errorf("sending %s for booking %s: %w", w.Kind, b.ID, err)
	}
	return ptpu.Completes(facts), nil
}
