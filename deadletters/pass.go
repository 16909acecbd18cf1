package deadletters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// batch is the most letters that a queue gives at once, and how many are
	// moved at a time.
	batch = 10
	// handBackTime is how long handing back may take. What is left comes back
	// by itself when its time is up.
	handBackTime = 10 * time.Second
)

// fate is what became of a letter in a pass.
type fate string

const (
	replayed fate = "replayed"
	gone     fate = "gone" // somebody else has it, or has thrown it away
	// These stay where they are.
	failed      fate = "failed"
	hopeless    fate = "hopeless"
	exhausted   fate = "exhausted"
	uncountable fate = "uncountable"
)

// pass is one pass over the letters of a queue. What it does not replay it holds
// until its end: handed back at once, it would only be received again.
type pass struct {
	dead DeadQueue
	// treat decides about a letter and carries it out. The error is that of a
	// letter that failed.
	treat func(context.Context, Letter) (fate, error)

	count    map[fate]int
	replayed []Letter          // the first of them, as they were
	held     map[string]Letter // by ID; without what takes room
	failure  error             // the first one
	inARow   int               // failures since anything went well
}

// run goes through as many letters as there are at the start, and at least asks
// for a batch, since the count may lag. One that fails at once may be back before
// the pass is over: without an end, the pass would go round with it.
//
// The error says why the pass could not go on, or how many letters it could not
// replay.
func (p *pass) run(ctx context.Context, depth int) error {
	p.count, p.held = map[fate]int{}, map[string]Letter{}
	var err error
	for taken, limit := 0, batch; limit > 0 && err == nil; limit = min(batch, depth-taken) {
		var letters []Letter
		if letters, err = p.dead.Receive(ctx, limit); len(letters) == 0 {
			break
		}
		taken += len(letters)
		err = p.handle(ctx, letters)
	}
	if err == nil && p.failure != nil {
		err = fmt.Errorf("replaying %d dead letters: %w", p.count[failed], p.failure)
	}
	if err != nil {
		return fmt.Errorf("going through queue %s: %w", p.dead.Name(), err)
	}
	return nil
}

// handle sees to the letters in hand. It is an error that nothing goes well any
// more: then it is not for the letters' own sake.
func (p *pass) handle(ctx context.Context, letters []Letter) error {
	type result struct {
		fate
		err error
	}
	results := together(letters, func(l Letter) (r result) {
		if _, again := p.held[l.ID]; !again {
			r.fate, r.err = p.treat(ctx, l)
		}
		return r
	})
	for i, r := range results {
		p.note(letters[i], r.fate, r.err)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case p.inARow >= batch:
		return fmt.Errorf("the last %d could not be replayed: %w", p.inARow, p.failure)
	}
	return nil
}

// note counts what became of the letter, and holds it if it stays. One that was
// held already came again because its time was up; its newest receipt counts.
func (p *pass) note(l Letter, f fate, err error) {
	if f != "" {
		p.count[f]++
	}
	switch f {
	case replayed:
		if len(p.replayed) < MostShown {
			p.replayed = append(p.replayed, l)
		}
	case gone:
	default:
		p.held[l.ID] = Letter{ID: l.ID, Receipt: l.Receipt}
	}
	if f != failed {
		p.inARow = 0
		return
	}
	p.inARow++
	if p.failure == nil {
		p.failure = err
	}
}

// pass runs one over the pair's letters and hands back what stays.
func (d *DeadLetters) pass(ctx context.Context, on pair, depth int, treat func(context.Context, Letter) (fate, error)) (*pass, error) {
	p := &pass{dead: on.Dead, treat: treat}
	err := p.run(ctx, depth)
	d.handBack(ctx, on.Dead, slices.Collect(maps.Values(p.held)))
	return p, err
}

// handBack hands the letters back, also when ctx has ended.
func (d *DeadLetters) handBack(ctx context.Context, dead DeadQueue, letters []Letter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTime)
	defer cancel()
	errs := together(letters, func(l Letter) error { return dead.HandBack(ctx, l) })
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) > 0 {
		d.Stumbled(ctx, fmt.Errorf("handing %d of %d dead letters back to queue %s: %w", len(errs), len(letters), dead.Name(), errs[0]))
	}
}

// together does something with each letter, a batch at a time, and returns what
// came of each.
func together[R any](letters []Letter, do func(Letter) R) []R {
	results := make([]R, len(letters))
	for start := 0; start < len(letters); start += batch {
		var doing sync.WaitGroup
		for i := start; i < min(start+batch, len(letters)); i++ {
			doing.Go(func() { results[i] = do(letters[i]) })
		}
		doing.Wait()
	}
	return results
}

// fateOf is that of a letter for which Replay returned this.
func fateOf(err error) (fate, error) {
	switch {
	case err == nil:
		return replayed, nil
	case errors.Is(err, ErrGone):
		return gone, nil
	}
	return failed, err
}
