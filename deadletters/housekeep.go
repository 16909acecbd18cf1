package deadletters

import (
	"context"
	"errors"
)

// Housekept is what a round of housekeeping made of the letters of one queue.
type Housekept struct {
	Queue    string // the dead-letter queue
	Replayed int
	// The others stay until a person decides. Hopeless ones can never be
	// validated. Exhausted ones have MaxReplays behind them. Uncountable ones
	// have no room for the count of their replays (ten attributes of their own,
	// or as large as the queue allows), and would be replayed for ever.
	Hopeless, Exhausted, Uncountable int
}

// Housekeep replays, on every queue, the letters for which that may help. It
// goes on after a letter that cannot be replayed, and to the next queue after one
// that cannot be reached: what was done comes with the error. It is for one pod
// at a time; a second one does no harm.
func (d *DeadLetters) Housekeep(ctx context.Context) ([]Housekept, error) {
	var all []Housekept
	var errs []error
	for _, p := range d.pairs {
		h, err := d.housekeep(ctx, p)
		all, errs = append(all, h), append(errs, err)
	}
	return all, errors.Join(errs...)
}

func (d *DeadLetters) housekeep(ctx context.Context, p pair) (Housekept, error) {
	h := Housekept{Queue: p.Dead.Name()}
	end, err := p.begin(ctx)
	if err != nil {
		return h, err
	}
	defer end()
	depth, err := p.Dead.Depth(ctx)
	if err != nil {
		return h, err
	}
	done, err := d.pass(ctx, p, depth, func(ctx context.Context, l Letter) (fate, error) {
		if stays := d.leaves(l); stays != "" {
			return stays, nil
		}
		err := p.Dead.Replay(ctx, l.counted())
		if errors.Is(err, ErrNoRoom) {
			return uncountable, nil
		}
		return fateOf(err)
	})
	h.Replayed, h.Hopeless = done.count[replayed], done.count[hopeless]
	h.Exhausted, h.Uncountable = done.count[exhausted], done.count[uncountable]
	return h, err
}

// leaves says why ptpu does not replay the letter by itself; empty = it does.
func (d *DeadLetters) leaves(l Letter) fate {
	switch {
	case d.Hopeless(l.Body, l.Attributes) != nil:
		return hopeless
	case l.replays() >= d.MaxReplays:
		return exhausted
	}
	return ""
}
