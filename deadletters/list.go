package deadletters

import (
	"context"
	"fmt"
)

// Listing is a look at a dead-letter queue.
type Listing struct {
	// Found is how many letters are there, also those not looked at.
	Found   int
	Letters []Letter
}

// List shows up to so many letters of a dead-letter queue, MostShown at most. It
// has to receive them for that, which raises their receive counts, and hands all
// back at the end, also when ctx has ended. ErrNoQueue for a queue that is no
// dead-letter queue of ours.
//
// Letters that another pod has in hand at that moment are counted, but not
// shown. The listing is on record before it is returned.
func (d *DeadLetters) List(ctx context.Context, name string, most int) (Listing, error) {
	p, err := d.dead(name)
	if err != nil {
		return Listing{}, fmt.Errorf("listing dead letters: %w", err)
	}
	end, err := p.begin(ctx)
	if err != nil {
		return Listing{}, err
	}
	defer end()
	depth, err := p.Dead.Depth(ctx)
	if err != nil {
		return Listing{}, err
	}
	letters, err := d.look(ctx, p.Dead, min(most, MostShown))
	if err == nil {
		err = d.record(ctx, "dead letters listed", name, len(letters))
	}
	if err != nil {
		return Listing{}, err
	}
	return Listing{Found: max(depth, len(letters)), Letters: letters}, nil
}

// look receives letters until there are enough, or no more, and hands them back.
func (d *DeadLetters) look(ctx context.Context, dead DeadQueue, most int) (letters []Letter, err error) {
	defer func() { d.handBack(ctx, dead, letters) }()
	for len(letters) < most {
		received, err := dead.Receive(ctx, min(batch, most-len(letters)))
		if err != nil {
			return letters, err
		}
		if len(received) == 0 {
			break
		}
		letters = append(letters, received...)
	}
	return letters, nil
}
