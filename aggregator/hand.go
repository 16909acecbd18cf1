package aggregator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ptpu"
)

// hand holds one claim and keeps it alive. Its work context ends when the claim
// can no longer be relied on, so that no call outlives the claim.
type hand struct {
	store Store
	// outer ends when the process stops; work also when the claim is lost.
	outer  context.Context //nolint:containedctx // A hand lives as long as its work, and ends it.
	work   context.Context //nolint:containedctx // The same.
	cancel context.CancelCauseFunc
	expiry *time.Timer // ends work when the claim was not renewed in time
	done   sync.WaitGroup

	// turn serialises the use of what follows: it is held by whoever has filled
	// it. Each write of the claim needs the last one's version. It is a channel
	// because waits for it can be long, and a bubble has to see them.
	turn  chan struct{}
	claim ptpu.Claim
	until time.Time
}

// settleGrace is how long what was found out may take to be written down after
// the process was told to stop.
const settleGrace = 5 * time.Second

// grasp writes the claim for the first time, with the changes, and keeps it
// alive until drop.
func grasp(ctx context.Context, store Store, claim ptpu.Claim, c ptpu.Changes) (*hand, error) {
	h := &hand{store: store, outer: ctx, turn: make(chan struct{}, 1), claim: claim}
	h.work, h.cancel = context.WithCancelCause(ctx)
	h.expiry = time.AfterFunc(ptpu.ClaimLength, func() { h.cancel(ptpu.ErrClaimLost) })
	if err := h.write(nil, c); err != nil {
		h.drop()
		return nil, err
	}
	h.done.Go(h.keep)
	return h, nil
}

// drop stops keeping the claim. It does not release it.
func (h *hand) drop() {
	h.expiry.Stop()
	h.cancel(nil)
	h.done.Wait()
}

// keep renews the claim until the work ends. A renewal that cannot be written
// is tried again at the next beat; expiry ends the work when none succeeds.
func (h *hand) keep() {
	beat := time.NewTicker(ptpu.ClaimRenewal)
	defer beat.Stop()
	for {
		select {
		case <-h.work.Done():
			return
		case <-beat.C:
			if h.work.Err() == nil {
				_ = h.write(nil, ptpu.Changes{})
			}
		}
	}
}

// write writes the claim, edited, together with the changes.
func (h *hand) write(edit func(*ptpu.Claim), c ptpu.Changes) error {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if h.claim.Ended {
		return nil // a beat that came after the release
	}
	claim := h.claim
	if edit != nil {
		edit(&claim)
	}
	started := time.Now()
	claim.Until = started.Add(ptpu.ClaimLength)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.outer), settleGrace)
	defer cancel()
	claim, err := h.store.Write(ctx, claim, c)
	if err != nil {
		if errors.Is(err, ptpu.ErrClaimLost) {
			h.cancel(ptpu.ErrClaimLost)
		}
		return err
	}
	// Counted from before the write: an onlooker sees it no earlier.
	h.claim, h.until = claim, started.Add(ptpu.ClaimLength)
	h.expiry.Reset(time.Until(h.until))
	return nil
}

// intend makes the writes durable as the intents of the attempt in hand.
func (h *hand) intend(writes []ptpu.Write) error {
	return h.write(func(c *ptpu.Claim) { c.Intents = writes }, ptpu.Changes{})
}

// next returns the write that settles the message in hand and takes up the
// first of the rest.
func (h *hand) next(rest []ptpu.Message) func(ptpu.Changes) error {
	return func(c ptpu.Changes) error {
		return h.write(func(claim *ptpu.Claim) {
			claim.Intents, claim.Message, claim.Attempt = nil, "", 0
			if len(rest) > 0 {
				claim.Message, claim.Attempt = rest[0].ID, rest[0].Attempts+1
			}
		}, c)
	}
}

// release writes the changes and ends the claim.
func (h *hand) release(c ptpu.Changes) error {
	return h.write(func(claim *ptpu.Claim) { *claim = claim.Released() }, c)
}

// mayWrite checks, right before a write to Delius, that the claim still holds.
// The work context's end could come too late: a process that was stopped for a
// while runs on before its timers do.
func (h *hand) mayWrite(now time.Time) error {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if !now.Before(h.until) {
		h.cancel(ptpu.ErrClaimLost)
		return fmt.Errorf("claim on booking %s ran out: %w", h.claim.BookingID, ptpu.ErrClaimLost)
	}
	return nil
}

// stopping reports whether the process was told to stop.
func (h *hand) stopping() bool { return h.outer.Err() != nil }

// lost reports whether the claim can no longer be relied on.
func (h *hand) lost() bool { return errors.Is(context.Cause(h.work), ptpu.ErrClaimLost) }
