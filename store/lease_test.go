package store_test

import (
	"context"
	"flag"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/store/leasetest"
	"ptpu/table"
)

var games = flag.Int("games", 8, "how many games are played for claims, and as many for locks")

// game is a rough one: of the writes, every twentieth ends without anybody
// knowing whether it was done.
func game(seed uint64) leasetest.Game {
	return leasetest.Game{
		Seed: seed, Workers: 6, Things: 2, Turns: 40, Length: ptpu.ClaimLength,
		Down: 0.25, Lost: 0.15, Late: 0.1, Settle: 800 * time.Millisecond,
	}
}

type (
	played func(leasetest.Game, context.Context) (*leasetest.History, error)
	judged func(*leasetest.History) (order, overlaps []string)
)

// play plays a game in a bubble, on tables of its own that with, if given, may
// spoil.
func play(t *testing.T, g leasetest.Game, played played, with func(table.Table) table.Table) (h *leasetest.History) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g.Rows, g.Locks = messageTable(t), lockTable(t)
		if with != nil {
			g.Rows, g.Locks = with(g.Rows), with(g.Locks)
		}
		var err error
		if h, err = played(g, t.Context()); err != nil {
			t.Fatalf("game %d: %v", g.Seed, err)
		}
	})
	return h
}

var leases = map[string]struct {
	played played
	judged judged
}{
	"claims": {leasetest.Game.Claims, (*leasetest.History).CheckClaims},
	"locks":  {leasetest.Game.NamedLocks, (*leasetest.History).CheckLocks},
}

func TestWhatOneMayHoldIsHeldByOne(t *testing.T) {
	for name, lease := range leases {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(*games) {
				h := play(t, game(seed), lease.played, nil)
				order, overlaps := lease.judged(h)
				if faults := append(order, overlaps...); len(faults) > 0 {
					t.Fatalf("game %d:\n%s\n\n%s", seed, strings.Join(faults, "\n"), h)
				}
				t.Logf("game %d: %s", seed, h.Count())
			}
		})
	}
}

func TestTheSameSeedIsTheSameGame(t *testing.T) {
	for name, lease := range leases {
		if one, other := play(t, game(1), lease.played, nil).String(), play(t, game(1), lease.played, nil).String(); one != other {
			t.Errorf("%s: two games of one seed:\n%s\n\n%s", name, one, other)
		}
	}
}

// careless is a table that forgets which version was asked for.
type careless struct{ table.Table }

func (c careless) Write(ctx context.Context, actions ...table.Action) error {
	actions = slices.Clone(actions)
	for i := range actions {
		actions[i].If = table.Always()
	}
	return c.Table.Write(ctx, actions...)
}

// working is a game for locks that are kept as long as the work under them takes.
func working(seed uint64) leasetest.Game {
	g := game(seed)
	g.Length, g.Turns = time.Minute, 150
	return g
}

func TestWorkUnderALockIsDoneByOne(t *testing.T) {
	for seed := range uint64(*games) {
		h := play(t, working(seed), leasetest.Game.Work, nil)
		if faults := h.CheckWork(); len(faults) > 0 {
			t.Fatalf("game %d:\n%s\n\n%s", seed, strings.Join(faults, "\n"), h)
		}
		t.Logf("game %d: %s", seed, h.Count())
	}
}

// A checker that never finds anything is no better than none.
func TestAStoreThatForgetsTheVersionIsNoticed(t *testing.T) {
	for name, lease := range leases {
		for seed := range uint64(3) {
			h := play(t, game(seed), lease.played, func(rows table.Table) table.Table { return careless{rows} })
			if order, overlaps := lease.judged(h); len(order) == 0 || len(overlaps) == 0 {
				t.Errorf("%s, game %d: %d faults of order and %d seen directly, want some of each: %s", name, seed, len(order), len(overlaps), h.Count())
			}
		}
	}
}

func TestWorkUnderALockThatForgetsTheVersionIsNoticed(t *testing.T) {
	for seed := range uint64(3) {
		h := play(t, working(seed), leasetest.Game.Work, func(rows table.Table) table.Table { return careless{rows} })
		if len(h.CheckWork()) == 0 {
			t.Errorf("game %d: no work by two at once, want some", seed)
		}
	}
}

func TestAWorkerThatDoesNotWaitIsNoticed(t *testing.T) {
	for seed := range uint64(3) {
		g := game(seed)
		g.Impatient = true
		h := play(t, g, leasetest.Game.Claims, nil)
		if order, overlaps := h.CheckClaims(); len(order) > 0 || len(overlaps) == 0 {
			t.Errorf("game %d: %d faults of order and %d overlaps, want none of order: each write was in its place", seed, len(order), len(overlaps))
		}
	}
}
