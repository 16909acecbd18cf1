package sqs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"ptpu/queue"
)

// Extend implements queue.Queue. The visibility is whole seconds, rounded up,
// and 12 hours at most.
func (q *Queue) Extend(ctx context.Context, receipt string, visibility time.Duration) error {
	if err := q.extend(ctx, receipt, visibility); err != nil {
		return q.failed("extending", err)
	}
	return nil
}

func (q *Queue) extend(ctx context.Context, receipt string, visibility time.Duration) error {
	if receipt == "" || visibility < 0 || visibility > maxVisibility {
		return fmt.Errorf("%w: receipt %q, visibility %s", queue.ErrInvalid, receipt, visibility)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: q.url, ReceiptHandle: &receipt, VisibilityTimeout: seconds(visibility),
	})
	if isAboutReceipt(err) {
		err = fmt.Errorf("%w: %w", queue.ErrGone, err)
	}
	return err
}

// isAboutReceipt reports whether SQS calls the receipt an invalid parameter. It
// does that for a notice that is no longer in flight, in words alone: "Value …
// for parameter ReceiptHandle is invalid. Reason: Message does not exist or is
// not available for visibility timeout change."
func isAboutReceipt(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "InvalidParameterValue" &&
		strings.Contains(answer.ErrorMessage(), "ReceiptHandle")
}

// Delete implements queue.Queue. A single receipt waits up to a tenth of a
// second for those of other goroutines, so that up to ten go in one request:
// what ptpu pays for is requests. Several receipts are one request, at once.
// When ctx ends first, the notice may still be deleted.
func (q *Queue) Delete(ctx context.Context, receipts ...string) error {
	if err := q.delete(ctx, receipts); err != nil {
		return q.failed("deleting", err)
	}
	return nil
}

func (q *Queue) delete(ctx context.Context, receipts []string) error {
	switch {
	case len(receipts) == 0 || len(receipts) > queue.MaxBatch:
		return fmt.Errorf("%w: %d receipts, want 1 to %d", queue.ErrInvalid, len(receipts), queue.MaxBatch)
	case slices.Contains(receipts, ""):
		return fmt.Errorf("%w: no receipt", queue.ErrInvalid)
	case ctx.Err() != nil:
		return ctx.Err()
	case len(receipts) == 1:
		return q.deletions.delete(ctx, receipts[0])
	}
	return together(q.remove(ctx, receipts))
}

// together makes one error of those of a batch.
func together(errs []error) error {
	failures := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	if len(failures) == 0 || len(errs) == 1 {
		return errors.Join(failures...)
	}
	return fmt.Errorf("%d of %d notices: %w", len(failures), len(errs), failures[0])
}

// Move implements queue.Queue. It sends, then deletes; an error or a crash in
// between leaves the notice on both queues. Attributes arrive as strings. Those
// in add are shortened, or left out, when they do not fit; see added.
func (q *Queue) Move(ctx context.Context, d queue.Delivery, to queue.Queue, add map[string]string) error {
	other, ok := to.(*Queue)
	if !ok || d.Receipt == "" {
		return q.failed("moving", fmt.Errorf("%w: no receipt, or to a queue that is elsewhere", queue.ErrInvalid))
	}
	n := queue.Notice{Body: d.Body, Attributes: added(d.Attributes, add, other.maxSize-len(d.Body))}
	if _, err := other.send(ctx, n); err != nil {
		return q.failed("moving", fmt.Errorf("sending to queue %s: %w", other.name, err))
	}
	// Sent is sent: to stop here would leave two of it.
	if err := together(q.remove(context.WithoutCancel(ctx), []string{d.Receipt})); err != nil {
		return q.failed("moving", fmt.Errorf("deleting what is now on queue %s too: %w", other.name, err))
	}
	return nil
}
