package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ptpu/embedded"
	"ptpu/queue"
)

// pollInterval is how often a waiting Receive looks for what another process
// has sent. One look at an idle queue takes some ten microseconds.
const pollInterval = 250 * time.Millisecond

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Delivery, error) {
	deliveries, err := q.receive(ctx, limit, wait, visibility)
	if err != nil {
		return nil, q.failed("receiving", err)
	}
	return deliveries, nil
}

func (q *Queue) receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Delivery, error) {
	if limit < 1 || limit > queue.MaxBatch || wait < 0 || visibility < 0 {
		return nil, fmt.Errorf("%w: limit %d, wait %s, visibility %s", queue.ErrInvalid, limit, wait, visibility)
	}
	deadline := time.Now().Add(wait)
	for {
		arrival := q.arrivals.next() // before the look, to miss nothing after it
		next, err := q.nextVisible(ctx)
		if err != nil {
			return nil, err
		}
		if next <= 0 {
			taken, redriven, err := q.take(ctx, limit, visibility)
			if len(taken) > 0 || err != nil {
				return taken, err
			}
			if redriven > 0 {
				continue // there may be good ones behind the dead letters
			}
			next = pollInterval // another receiver was quicker
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, nil
		}
		if err := pause(ctx, min(left, next, pollInterval), arrival); err != nil {
			return nil, err
		}
	}
}

// nextVisible tells how long it is until a notice may be received. It only
// reads, so that waiting receivers do not hold up those who write.
func (q *Queue) nextVisible(ctx context.Context) (time.Duration, error) {
	next := pollInterval
	err := q.file.Query(ctx, nextVisible, []any{q.spec.Name}, func(scan embedded.Scan) error {
		var visible int64
		err := scan(&visible)
		next = time.Until(time.UnixMilli(visible))
		return err
	})
	return next, err
}

// take hands out what is visible. What was received too often already goes to
// the dead letters instead.
func (q *Queue) take(ctx context.Context, limit int, visibility time.Duration) (taken []queue.Delivery, redriven int, err error) {
	err = q.file.Write(ctx, func(tx *embedded.Tx) error {
		taken, redriven = nil, 0
		now := time.Now()
		found, err := q.visible(tx, now, limit)
		if err != nil {
			return err
		}
		for _, f := range found {
			if q.spec.MaxReceives > 0 && f.receives >= q.spec.MaxReceives {
				redriven++
				err = q.redrive(tx, f, now)
			} else {
				taken = append(taken, f.delivery())
				err = f.hide(tx, hiddenUntil(now, visibility))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return taken, redriven, err
}

// found is a visible notice that a receive has come upon.
type found struct {
	queue.Notice
	receipt  receipt // the one that this receive would give
	id       string
	sent     int64
	receives int // so far
}

func (f found) delivery() queue.Delivery {
	return queue.Delivery{
		Notice:       f.Notice,
		ID:           f.id,
		Receipt:      f.receipt.String(),
		ReceiveCount: f.receives + 1,
		Sent:         time.UnixMilli(f.sent).UTC(),
	}
}

func (f found) hide(tx *embedded.Tx, until int64) error {
	_, err := tx.Exec(takeNotice, until, f.receives+1, f.receipt.secret, f.receipt.seq)
	return err
}

func (q *Queue) visible(tx *embedded.Tx, now time.Time, limit int) (all []found, err error) {
	err = tx.Query(selectVisible, []any{q.spec.Name, now.UnixMilli(), limit}, func(scan embedded.Scan) error {
		f := found{receipt: receipt{secret: newSecret()}}
		var attributes []byte
		if err := scan(&f.receipt.seq, &f.id, &f.Body, &attributes, &f.sent, &f.receives); err != nil {
			return err
		}
		all = append(all, f)
		return json.Unmarshal(attributes, &all[len(all)-1].Attributes)
	})
	return all, err
}

func (q *Queue) redrive(tx *embedded.Tx, f found, now time.Time) error {
	_, err := tx.Exec(redriveNotice, q.spec.DeadLetters, now.UnixMilli(), now.UnixMilli(), f.receipt.seq)
	return err
}

// hiddenUntil is the millisecond from which a notice is visible again: not a
// moment too early, but at once when it is handed back.
func hiddenUntil(now time.Time, visibility time.Duration) int64 {
	if visibility == 0 {
		return now.UnixMilli()
	}
	return now.Add(visibility + time.Millisecond - 1).UnixMilli()
}
