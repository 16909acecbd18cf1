// Package leasetest plays games for claims and named locks: many workers take,
// renew, use and give back what only one may hold, over a table that loses
// answers and comes late, and stop for longer than they may. What each asked and
// was told is a history. It is held to what a claim and a lock promise in two
// ways: as a whole, by porcupine, against a register that knows no time; and
// directly, by looking at who could rely on what, and when.
//
//	workers ──> store ──> faults ──> table
//	   └──────── history ──> linearizable?  one at a time?
//
// In a bubble of testing/synctest a game takes no time, and is the same for the
// same seed. Elsewhere it takes as long as it says.
package leasetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ptpu/table"
)

// Game is what is played, and how roughly.
type Game struct {
	// Seed decides who does what, and what goes wrong.
	Seed uint64
	// Rows is the message table, Locks that of the named locks.
	Rows, Locks table.Table
	// Workers play for Things, bookings or names, with as many Turns each.
	Workers, Things, Turns int
	// Length is how long a claim or lock holds after it was last written.
	Length time.Duration
	// Down, Lost and Late are how many of the writes are struck, from 0 to 1: not
	// done, done without an answer, done some time after they were given up.
	Down, Lost, Late float64
	// Settle, when set, is how long after a failure a worker's next write begins
	// at the earliest. Longer than the store's random pauses, it keeps them from
	// having a part in the game.
	Settle time.Duration
	// Impatient workers take what others hold. Only to see that it is noticed.
	Impatient bool
}

// first is the booking of the first thing.
const first = 1300101

// player is one worker's part.
type player struct {
	Game
	number  int
	random  *rand.Rand
	faults  *faulty
	history *History
}

// play lets all workers play at once, and returns once every write has come to
// its end, late ones too. part makes a worker's part, on its own way to the table.
func (g Game) play(ctx context.Context, rows table.Table, part func(context.Context, *player) error) (*History, error) {
	h := &History{length: g.Length}
	var playing, late sync.WaitGroup
	failures := make(chan error, g.Workers)
	for number := range g.Workers {
		p := &player{
			Game: g, number: number, history: h,
			random: rand.New(rand.NewPCG(g.Seed, uint64(number))),
			faults: &faulty{Table: rows, game: g, late: &late, random: rand.New(rand.NewPCG(g.Seed, uint64(1000+number)))},
		}
		playing.Go(func() {
			if err := part(ctx, p); err != nil {
				failures <- fmt.Errorf("worker %d: %w", number, err)
			}
		})
	}
	playing.Wait()
	late.Wait()
	close(failures)
	return h, <-failures
}

// owner is the name that the worker's claims and locks carry.
func (p *player) owner() string { return fmt.Sprintf("worker-%d", p.number) }

// chance reports whether something happens that does so at this rate.
func (p *player) chance(rate float64) bool { return p.random.Float64() < rate }

// upTo is a random duration, never 0, so that no two workers wake together.
func (p *player) upTo(most time.Duration) time.Duration { return upTo(p.random, most) }

func upTo(random *rand.Rand, most time.Duration) time.Duration {
	return 1 + time.Duration(random.Int64N(int64(most)))
}

// rest lets some time pass between two writes under one claim: mostly as much as
// its owner may let pass, now and then so much that others may take over.
func (p *player) rest(ctx context.Context) {
	if p.chance(0.15) {
		pause(ctx, p.Length+p.upTo(2*p.Length))
		return
	}
	pause(ctx, p.upTo(p.Length/3))
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
