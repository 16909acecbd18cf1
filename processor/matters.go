package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// Matters reads the facts and applies the validation rules of the event type in
// their order. The first that fails is the verdict's reason. An error means
// that the facts could not be had, which is not a "no": the booking itself not
// being found is one too, because NOMIS may lag behind its own event.
func (p *Processor) Matters(ctx context.Context, e ptpu.Payload) (ptpu.Verdict, error) {
	switch e.EventType {
	case ptpu.ImprisonmentStatusChanged:
		return p.statusMatters(ctx, e)
	case ptpu.ExternalMovementInserted:
		return p.movementMatters(ctx, e)
	case ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged:
		return p.bookingMatters(ctx, e, func(b ptpu.Booking) ptpu.Reason { return ptpu.CheckBooking(b, p.prisons) })
	case ptpu.BookingNumberChanged:
		return p.mergeMatters(ctx, e)
	default:
		return ptpu.Verdict{Reason: ptpu.UnknownEventType}, nil
	}
}

func (p *Processor) statusMatters(ctx context.Context, e ptpu.Payload) (ptpu.Verdict, error) {
	if reason := ptpu.CheckSequence(e.StatusSeq); reason != "" {
		return ptpu.Verdict{Reason: reason}, nil
	}
	detail, err := p.prison.SentenceDetail(ctx, e.BookingID)
	if err != nil {
		return ptpu.Verdict{}, fmt.Errorf("reading sentence detail of booking %s: %w", e.BookingID, err)
	}
	if reason := ptpu.CheckSentenced(detail); reason != "" {
		return ptpu.Verdict{Reason: reason}, nil
	}
	return p.bookingMatters(ctx, e, func(b ptpu.Booking) ptpu.Reason { return ptpu.CheckBooking(b, p.prisons) })
}

func (p *Processor) movementMatters(ctx context.Context, e ptpu.Payload) (ptpu.Verdict, error) {
	movement, err := p.prison.Movement(ctx, e.BookingID, e.MovementSeq)
	if errors.Is(err, ptpu.ErrNotFound) {
		return ptpu.Verdict{Reason: ptpu.MovementNotFound}, nil
	}
	if err != nil {
		return ptpu.Verdict{}, fmt.Errorf("reading movement %d of booking %s: %w", e.MovementSeq, e.BookingID, err)
	}
	if reason := ptpu.CheckTransfer(movement, p.prisons); reason != "" {
		return ptpu.Verdict{Reason: reason}, nil
	}
	return p.bookingMatters(ctx, e, ptpu.CheckActive)
}

func (p *Processor) mergeMatters(ctx context.Context, e ptpu.Payload) (ptpu.Verdict, error) {
	verdict, err := p.bookingMatters(ctx, e, func(b ptpu.Booking) ptpu.Reason { return ptpu.CheckPrison(b, p.prisons) })
	if err != nil || !verdict.Matters() {
		return verdict, err
	}
	identifiers, err := p.prison.MergedIdentifiers(ctx, e.BookingID)
	if err != nil {
		return ptpu.Verdict{}, fmt.Errorf("reading identifiers of booking %s: %w", e.BookingID, err)
	}
	verdict.Reason = ptpu.CheckMerged(identifiers)
	return verdict, nil
}

func (p *Processor) bookingMatters(ctx context.Context, e ptpu.Payload, check func(ptpu.Booking) ptpu.Reason) (ptpu.Verdict, error) {
	b, err := p.prison.Booking(ctx, e.BookingID)
	if err != nil {
		return ptpu.Verdict{}, fmt.Errorf("reading booking %s: %w", e.BookingID, err)
	}
	return ptpu.Verdict{Booking: b, Reason: check(b)}, nil
}
