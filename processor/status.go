package processor

import (
	"context"
	"errors"
	"fmt"

	"ptpu"
)

// status runs the match chain and then brings Delius up to date: NOMS number,
// book number, location, key dates.
func (p *Processor) status(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	var facts ptpu.Facts
	if reason := ptpu.CheckSequence(m.StatusSeq); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	detail, err := p.sentence(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if reason := ptpu.CheckSentenced(detail); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	primary, err := p.primary(ctx, m.BookingID, trail)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if primary.IsZero() {
		return ptpu.NoLongerMatters(ptpu.NoSentenceStartDate, facts), nil
	}
	b, err := p.booking(ctx, m.BookingID, trail, &facts)
	if err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if reason := ptpu.CheckBooking(b, p.prisons); reason != "" {
		return ptpu.NoLongerMatters(reason, facts), nil
	}
	if err := p.match(ctx, b, primary, trail, &facts); err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	if !facts.Match.Known() {
		return ptpu.Later(facts.Match.State, facts), nil
	}
	return p.update(ctx, b, primary, trail, facts)
}

// primary reads the primary sentence date.
func (p *Processor) primary(ctx context.Context, id ptpu.BookingID, trail ptpu.Trail) (ptpu.Date, error) {
	terms, err := p.prison.SentenceTerms(ctx, id)
	if err != nil {
		return ptpu.Date{}, fmt.Errorf("reading sentence terms of booking %s: %w", id, err)
	}
	primary := ptpu.PrimarySentenceDate(terms)
	trail.Learned(ptpu.Step{Name: "sentence terms", Facts: map[string]string{
		"terms": fmt.Sprint(len(terms)), "primarySentenceDate": primary.String(),
	}})
	return primary, nil
}

// match asks who the prisoner is in Delius.
func (p *Processor) match(ctx context.Context, b ptpu.Booking, primary ptpu.Date, trail ptpu.Trail, facts *ptpu.Facts) error {
	prisoner, err := p.prison.Prisoner(ctx, b.OffenderNo)
	if err != nil {
		return fmt.Errorf("reading prisoner %s: %w", b.OffenderNo, err)
	}
	facts.Prisoner = &prisoner
	match, err := p.matcher.Match(ctx, b, prisoner, primary)
	if err != nil {
		if match.Found > 0 { // the search itself was answered
			facts.Match = &match
		}
		return err
	}
	facts.Match = &match
	step := ptpu.Step{Name: "match", Result: string(match.State), Facts: map[string]string{
		"matchedBy": string(match.MatchedBy), "crns": ptpu.JoinCRNs(match.Candidates),
	}}
	if match.Filtered {
		step.Facts["filteredCrns"] = ptpu.JoinCRNs(match.Kept)
	}
	trail.Learned(step)
	return nil
}

// update writes to Delius what is known now. All writes are intended before the
// first is sent; each must succeed before the next.
func (p *Processor) update(ctx context.Context, b ptpu.Booking, primary ptpu.Date, trail ptpu.Trail, facts ptpu.Facts) (ptpu.Outcome, error) {
	dates := ptpu.KeyDatesOf(*facts.Sentence)
	steps := p.updates(b, primary, dates, *facts.Match)
	intents := make([]ptpu.Write, len(steps))
	for i, step := range steps {
		intents[i] = step.write
	}
	if err := trail.Intend(ctx, intents...); err != nil {
		return ptpu.Outcome{Facts: facts}, err
	}
	for _, step := range steps {
		err := trail.Write(ctx, step.write, step.send)
		switch {
		case errors.Is(err, ptpu.ErrNotFound) && step.unknown != "":
			later := ptpu.Later(step.unknown, facts)
			if step.untilExpiry {
				later.DeleteBy = sentenceEnd(*facts.Sentence)
			}
			return later, nil
		case err != nil:
			return ptpu.Outcome{Facts: facts}, fmt.Errorf("sending %s for booking %s: %w", step.write.Kind, b.ID, err)
		}
	}
	if dates.IsZero() {
		later := ptpu.Later(ptpu.KeyDatesNotUpdated, facts)
		later.Reason = ptpu.NoDates
		return later, nil
	}
	return ptpu.Completes(facts), nil
}

// step is one write of the status chain.
type step struct {
	write ptpu.Write
	send  func(context.Context) ([]ptpu.CRN, error)
	// unknown is the state when Delius answers 404; empty: a 404 is a refusal.
	unknown ptpu.State
	// untilExpiry: such a message is tried until the sentence expires.
	untilExpiry bool
}

// updates are the writes that the facts call for, in order. Steps that have
// nothing to write are left out: a NOMS number that is there already, an
// unknown prison, and key dates when NOMIS has none, which would wipe Delius's.
func (p *Processor) updates(b ptpu.Booking, primary ptpu.Date, dates ptpu.KeyDates, match ptpu.Match) []step {
	var steps []step
	if !match.NumberAlreadySet {
		crn := match.Kept[0]
		steps = append(steps, step{
			write: ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: crn, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber},
			send: func(ctx context.Context) ([]ptpu.CRN, error) {
				return []ptpu.CRN{crn}, p.probation.SetOffenderNo(ctx, crn, b.OffenderNo)
			},
		})
	}
	steps = append(steps, step{
		write: ptpu.Write{Kind: ptpu.SetBookNumber, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber, SentenceStart: primary},
		send: func(ctx context.Context) ([]ptpu.CRN, error) {
			return nil, p.probation.SetBookNumber(ctx, b.OffenderNo, b.BookNumber, primary)
		},
		unknown: ptpu.BookingNumberNotAssigned,
	})
	if b.Agency != "" {
		steps = append(steps, step{
			write: ptpu.Write{Kind: ptpu.SetLocation, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber, Prison: b.Agency},
			send: func(ctx context.Context) ([]ptpu.CRN, error) {
				return nil, p.probation.SetLocation(ctx, b.OffenderNo, b.BookNumber, b.Agency)
			},
			unknown: ptpu.LocationNotUpdated, untilExpiry: true,
		})
	}
	if !dates.IsZero() {
		steps = append(steps, step{
			write: ptpu.Write{Kind: ptpu.ReplaceKeyDates, OffenderNo: b.OffenderNo, BookNumber: b.BookNumber, KeyDates: dates},
			send: func(ctx context.Context) ([]ptpu.CRN, error) {
				return nil, p.probation.ReplaceKeyDates(ctx, b.OffenderNo, b.BookNumber, dates)
			},
			unknown: ptpu.KeyDatesNotUpdated, untilExpiry: true,
		})
	}
	return steps
}
