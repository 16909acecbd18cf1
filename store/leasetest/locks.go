package leasetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/anishathalye/porcupine"

	"ptpu"
	"ptpu/store"
)

// NamedLocks plays for named locks.
func (g Game) NamedLocks(ctx context.Context) (*History, error) {
	return g.play(ctx, g.Locks, func(ctx context.Context, p *player) error {
		locks := store.NewLocks(p.faults, p.owner(), p.Length)
		for try := range p.Turns {
			pause(ctx, p.upTo(p.Length/4))
			// Tries are numbered, so that what one of them took can be told apart.
			term := int64(p.number*p.Turns + try + 1)
			if err := p.hold(ctx, locks, fmt.Sprintf("lock-%d", p.random.IntN(p.Things)), term); err != nil {
				return err
			}
		}
		return nil
	})
}

// hold tries to take the lock, and keeps it for a while.
func (p *player) hold(ctx context.Context, locks *store.Locks, name string, term int64) error {
	lock, how, err := p.tryLock(ctx, locks, name, term)
	if err != nil || how != done {
		return err
	}
	for {
		p.rest(ctx)
		switch {
		case p.chance(0.1):
			return nil // it dies
		case p.chance(0.75):
			how, err = p.lockCall(name, renew, term, func() error { return lock.Renew(ctx) })
		default:
			_, err = p.lockCall(name, release, term, func() error { return lock.Unlock(ctx) })
			return err
		}
		if err != nil || how == lost || how == open && p.chance(0.5) {
			return err
		}
	}
}

func (p *player) tryLock(ctx context.Context, locks *store.Locks, name string, term int64) (lock *store.Lock, how how, err error) {
	how, err = p.lockCall(name, take, term, func() error {
		var ok bool
		if lock, ok, err = locks.TryLock(ctx, name); err == nil && !ok {
			return ptpu.ErrClaimLost
		}
		return err
	})
	return lock, how, err
}

// lockCall notes a call. The error is one that no fault explains.
func (p *player) lockCall(name string, kind kind, term int64, call func() error) (how, error) {
	doubts := p.faults.doubted()
	answer := p.history.begin(p.number, name, asked{Kind: kind, Owner: p.owner(), Term: term, Held: kind != release})
	err := call()
	how := howOf(err, p.faults.doubted() > doubts)
	answer(answered{How: how})
	if errors.Is(err, ptpu.ErrClaimLost) || errors.Is(err, ptpu.ErrUnavailable) {
		err = nil
	}
	return how, err
}

// holding is a named lock: which try holds it, 0 for none, and whether that one
// has missed the end of a write of its own. It then never finds its place again.
type holding struct {
	term   int64
	missed bool
}

// step is what one call may do and say. Whether a lock that is held has stood
// still for long enough to be taken is a matter of time, which is looked at
// directly.
func (h holding) step(in asked, out answered) (bool, holding) {
	if in.Kind == take {
		switch out.How {
		case lost:
			return h.term != 0, h
		default: // an open one may be done at the end of all, as good as never
			return true, holding{term: in.Term, missed: out.How == open}
		}
	}
	fits := h.term == in.Term && !h.missed
	next := holding{term: in.Term, missed: out.How == open}
	if in.Kind == release {
		next = holding{}
	}
	switch {
	case out.How == lost:
		return !fits, h
	case out.How == done:
		return fits, next
	case fits:
		return true, next
	}
	return true, h
}

// lockModel is one named lock.
var lockModel = porcupine.Model{
	Init: func() any { return holding{} },
	Step: func(state, in, out any) (bool, any) { return state.(holding).step(in.(asked), out.(answered)) },
}

// CheckLocks says everything that is wrong with a history of locks, as
// CheckClaims does.
func (h *History) CheckLocks() (order, overlaps []string) {
	return h.linearizable(lockModel), h.overlaps()
}
