package leasetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
	"ptpu/store"
)

// Claims plays for the claims on bookings, each with one message that is settled
// again and again. The error is that of the game: it could not be played.
func (g Game) Claims(ctx context.Context) (*History, error) {
	s, err := store.New(store.Config{Rows: g.Rows})
	if err != nil {
		return nil, err
	}
	for thing := range g.Things {
		p := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: ptpu.BookingID(first + thing)}
		m := ptpu.NewMessage("message", p, "{}", ptpu.Booking{}, time.Now(), time.Hour)
		if added, err := s.Add(ctx, m, ptpu.Entry{At: m.Created, BookingID: m.BookingID, MessageID: m.ID, Kind: ptpu.EntryStored}); err != nil || !added {
			return nil, fmt.Errorf("storing the message of booking %s: %t, %w", m.BookingID, added, err)
		}
	}
	return g.play(ctx, g.Rows, func(ctx context.Context, p *player) error {
		s, err := store.New(store.Config{Rows: p.faults})
		if err != nil {
			return err
		}
		c := claimant{player: p, store: s, seen: map[ptpu.BookingID]sighting{}}
		for range p.Turns {
			pause(ctx, p.upTo(p.Length/4))
			if err := c.turn(ctx, ptpu.BookingID(first+p.random.IntN(p.Things))); err != nil {
				return err
			}
		}
		return nil
	})
}

// claimant is a worker that works as the aggregator does, without its caution:
// it goes on although its time is over.
type claimant struct {
	*player
	store *store.Store
	seen  map[ptpu.BookingID]sighting
}

// sighting is a claim of another worker, and since when it is known.
type sighting struct {
	version int64
	since   time.Time
}

// turn looks at the booking, takes it if it may, and works on it for a while.
func (c *claimant) turn(ctx context.Context, booking ptpu.BookingID) error {
	waiting, err := c.look(ctx, booking)
	if err != nil {
		return err
	}
	if waiting.Claim.Held() && !c.Impatient && !c.stoodStill(waiting.Claim) {
		return nil
	}
	claim, how := c.write(ctx, take, waiting.Claim.Next(c.owner()), nil)
	if how != done {
		return nil
	}
	messages := waiting.Messages
	for {
		c.rest(ctx)
		if c.chance(0.1) {
			return nil // it dies
		}
		before := claim
		switch {
		case c.chance(0.4):
			claim, how = c.write(ctx, renew, claim, nil)
		case c.chance(0.6):
			claim, how = c.write(ctx, settle, claim, messages)
		default:
			if c.chance(0.3) {
				messages = nil
			}
			_, _ = c.write(ctx, release, claim.Released(), messages)
			return nil
		}
		switch {
		case how == open:
			claim = before
			if c.chance(0.5) {
				return nil
			}
		case how == lost:
			return nil
		}
	}
}

// stoodStill reports whether this version was first seen a claim's length ago.
func (c *claimant) stoodStill(claim ptpu.Claim) bool {
	seen, ok := c.seen[claim.BookingID]
	if !ok || seen.version != claim.Version {
		c.seen[claim.BookingID] = sighting{version: claim.Version, since: time.Now()}
		return false
	}
	return time.Since(seen.since) >= c.Length
}

func (c *claimant) look(ctx context.Context, booking ptpu.BookingID) (ptpu.Waiting, error) {
	answer := c.history.begin(c.number, booking.String(), asked{Kind: look, Owner: c.owner()})
	waiting, err := c.store.Waiting(ctx, booking)
	if err != nil {
		return waiting, err
	}
	if len(waiting.Messages) != 1 {
		return waiting, fmt.Errorf("booking %s has %d messages, want its one", booking, len(waiting.Messages))
	}
	claim, message := waiting.Claim, waiting.Messages[0]
	answer(answered{How: done, Seen: register{
		owner: claim.Owner, term: claim.Term, held: claim.Held(), version: claim.Version,
		message: message.Version, by: int64(message.Attempts),
	}})
	return waiting, nil
}

// write writes the claim, with the messages if there are any. It notes in the
// message, as the number of its attempts, the term that it is settled under.
func (c *claimant) write(ctx context.Context, kind kind, claim ptpu.Claim, messages []ptpu.Message) (ptpu.Claim, how) {
	in := asked{Kind: kind, Owner: claim.Owner, Term: claim.Term, Held: claim.Held(), Version: claim.Version}
	changes := ptpu.Changes{Messages: messages}
	if len(messages) > 0 {
		in.Message = messages[0].Version
		messages[0].Attempts = int(claim.Term)
		changes.Entries = []ptpu.Entry{{At: time.Now(), BookingID: claim.BookingID, MessageID: messages[0].ID, Kind: ptpu.EntryAttempt}}
	}
	claim.Until = time.Now().Add(c.Length)
	doubts := c.faults.doubted()
	answer := c.history.begin(c.number, claim.BookingID.String(), in)
	written, err := c.store.Write(ctx, claim, changes)
	// By its entries the store knows a write again.
	how := howOf(err, len(changes.Entries) == 0 && c.faults.doubted() > doubts)
	answer(answered{How: how, Version: written.Version})
	return written, how
}

// howOf is what an error says of a write. When one without entries was done
// without an answer, and another worker has written since, the store cannot tell:
// it says that the claim is lost, which is true by then, and the write may have
// been done all the same.
func howOf(err error, doubtful bool) how {
	switch {
	case err == nil:
		return done
	case errors.Is(err, ptpu.ErrClaimLost) && !doubtful:
		return lost
	default:
		return open
	}
}
