package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"ptpu/table"
)

// tries is how often one write is sent while its result is unknown.
const tries = 4

// retried sends a write again while the table cannot be reached: every write is
// conditioned or the same each time, so that sending it twice does no harm. It
// waits a little longer each time, with jitter, so that pods do not come back
// together.
func retried(ctx context.Context, write func() error) error {
	delay := 50 * time.Millisecond
	for try := 1; ; try++ {
		err := write()
		if !errors.Is(err, table.ErrUnavailable) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay/2 + rand.N(delay)):
		}
		delay *= 3
	}
}
