package leasetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu"
	"ptpu/store"
)

// work is what is done under a lock that the store itself keeps.
const work kind = "work"

// Work plays for named locks that the store keeps for as long as the work under
// them takes. Workers do not stop here, because a lock is then kept no better
// than the work is done; instead their writes fail for longer than a lock holds.
func (g Game) Work(ctx context.Context) (*History, error) {
	return g.play(ctx, g.Locks, func(ctx context.Context, p *player) error {
		locks := store.NewLocks(p.faults, p.owner(), p.Length)
		for range p.Turns {
			pause(ctx, p.upTo(p.Length/4))
			name := fmt.Sprintf("lock-%d", p.random.IntN(p.Things))
			takes := p.upTo(3 * p.Length)
			outage := p.chance(0.3)
			_, err := locks.Hold(ctx, name, func(ctx context.Context) error {
				answer := p.history.begin(p.number, name, asked{Kind: work, Owner: p.owner()})
				if outage {
					p.faults.outageUntil(time.Now().Add(3 * p.Length))
				}
				pause(ctx, takes)
				answer(answered{How: done})
				return context.Cause(ctx)
			})
			p.faults.outageUntil(time.Time{})
			if err != nil && !errors.Is(err, ptpu.ErrClaimLost) && !errors.Is(err, ptpu.ErrUnavailable) {
				return err
			}
		}
		return nil
	})
}

// CheckWork says where two workers did the work under one lock at once.
func (h *History) CheckWork() []string {
	var faults []string
	for lock, ops := range h.things() {
		for i, a := range ops {
			for _, b := range ops[i+1:] {
				if a.ended.After(b.began) && b.ended.After(a.began) {
					faults = append(faults, fmt.Sprintf("%s: worked under by two at once:\n\t%s\n\t%s", lock, a, b))
				}
			}
		}
	}
	return faults
}
