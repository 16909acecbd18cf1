package sqlite

import (
	"context"
	"fmt"
	"maps"
	"time"

	"ptpu/embedded"
	"ptpu/queue"
)

// Extend implements queue.Queue. As on SQS, a delivery whose visibility ran out
// can no longer be extended, even if nobody else has it yet.
func (q *Queue) Extend(ctx context.Context, receipt string, visibility time.Duration) error {
	if err := q.extend(ctx, receipt, visibility); err != nil {
		return q.failed("extending", err)
	}
	// Waiting receivers look when the notice is visible next.
	q.arrivals.announce()
	return nil
}

func (q *Queue) extend(ctx context.Context, text string, visibility time.Duration) error {
	r, err := parseReceipt(text)
	if err != nil {
		return err
	}
	if visibility < 0 {
		return fmt.Errorf("%w: visibility %s", queue.ErrInvalid, visibility)
	}
	return q.file.Write(ctx, func(tx *embedded.Tx) error {
		now := time.Now()
		n, err := tx.Exec(extendNotice, hiddenUntil(now, visibility), r.seq, r.secret, q.spec.Name, now.UnixMilli())
		if err == nil && n == 0 {
			err = queue.ErrGone
		}
		return err
	})
}

// Delete implements queue.Queue. As on SQS, the receipt of an earlier delivery
// is no fault and deletes nothing once the notice was delivered again.
func (q *Queue) Delete(ctx context.Context, receipts ...string) error {
	parsed, err := parseReceipts(receipts)
	if err == nil {
		err = q.file.Write(ctx, func(tx *embedded.Tx) error {
			for _, r := range parsed {
				if _, err := q.remove(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return q.failed("deleting", err)
	}
	return nil
}

func parseReceipts(texts []string) (parsed []receipt, err error) {
	if len(texts) == 0 || len(texts) > queue.MaxBatch {
		return nil, fmt.Errorf("%w: %d receipts, want 1 to %d", queue.ErrInvalid, len(texts), queue.MaxBatch)
	}
	for _, text := range texts {
		r, err := parseReceipt(text)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, r)
	}
	return parsed, nil
}

func (q *Queue) remove(tx *embedded.Tx, r receipt) (removed bool, err error) {
	n, err := tx.Exec(deleteNotice, r.seq, r.secret, q.spec.Name)
	return n > 0, err
}

// Move implements queue.Queue, in one transaction. It is ErrGone when the
// notice was delivered again or deleted; nothing is moved then. ErrInvalid when
// the other queue is not in the same file.
func (q *Queue) Move(ctx context.Context, d queue.Delivery, to queue.Queue, add map[string]string) error {
	other, ok := to.(*Queue)
	if !ok || other.file != q.file {
		return q.failed("moving", fmt.Errorf("%w: to a queue that is elsewhere", queue.ErrInvalid))
	}
	if err := q.move(ctx, d, other, add); err != nil {
		return q.failed("moving", err)
	}
	other.arrivals.announce()
	return nil
}

func (q *Queue) move(ctx context.Context, d queue.Delivery, to *Queue, add map[string]string) error {
	r, err := parseReceipt(d.Receipt)
	if err != nil {
		return err
	}
	attributes := map[string]string{}
	maps.Copy(attributes, d.Attributes)
	maps.Copy(attributes, add)
	text, err := encode(queue.Notice{Body: d.Body, Attributes: attributes})
	if err != nil {
		return err
	}
	return q.file.Write(ctx, func(tx *embedded.Tx) error {
		removed, err := q.remove(tx, r)
		if err != nil {
			return err
		}
		if !removed {
			return queue.ErrGone
		}
		_, err = to.insert(tx, text)
		return err
	})
}
