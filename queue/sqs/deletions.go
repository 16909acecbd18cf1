package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"ptpu/queue"
)

// company is how long a deletion waits for others to go with.
const company = 100 * time.Millisecond

// deletions gathers single deletions into batches. It keeps no goroutine: a
// batch goes when it is full, or when its first has waited long enough. It is
// safe for concurrent use.
type deletions struct {
	// send deletes up to a batch and returns an error, or nil, for each.
	send func(ctx context.Context, receipts []string) []error

	mu   sync.Mutex
	open *batch // nil when none is gathering
}

type batch struct {
	receipts []string
	leave    *time.Timer
	done     chan struct{}
	errs     []error // of receipts, once done is closed
}

// delete returns what became of this receipt alone. The request is no single
// caller's, so it goes on when one of them gives up.
func (d *deletions) delete(ctx context.Context, receipt string) error {
	b, place := d.join(ctx, receipt)
	select {
	case <-b.done:
		return b.errs[place]
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *deletions) join(ctx context.Context, receipt string) (b *batch, place int) {
	// The trace of the one that opens or fills a batch carries its request.
	request := context.WithoutCancel(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		gathering := &batch{done: make(chan struct{})}
		gathering.leave = time.AfterFunc(company, func() {
			if d.close(gathering) {
				d.flush(request, gathering)
			}
		})
		d.open = gathering
	}
	b, place = d.open, len(d.open.receipts)
	b.receipts = append(b.receipts, receipt)
	if len(b.receipts) == queue.MaxBatch {
		d.open = nil
		b.leave.Stop()
		go d.flush(request, b)
	}
	return b, place
}

// close lets nobody else join the batch. It is false when it went already, full.
func (d *deletions) close(b *batch) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open != b {
		return false
	}
	d.open = nil
	return true
}

func (d *deletions) flush(ctx context.Context, b *batch) {
	b.errs = d.send(ctx, b.receipts)
	close(b.done)
}

// remove deletes up to a batch in one request and returns an error, or nil, for
// each receipt.
func (q *Queue) remove(ctx context.Context, receipts []string) []error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(receipts))
	for i := range receipts {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipts[i]}
	}
	errs := make([]error, len(receipts))
	answer, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: q.url, Entries: entries})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	for _, failed := range answer.Failed {
		i, err := strconv.Atoi(aws.ToString(failed.Id))
		if err != nil || i < 0 || i >= len(errs) {
			continue // none of ours
		}
		errs[i] = failure(failed)
	}
	return errs
}

// failure is nil for a notice that is gone already: that is no fault.
func failure(entry types.BatchResultErrorEntry) error {
	err := &smithy.GenericAPIError{
		Code: aws.ToString(entry.Code), Message: aws.ToString(entry.Message), Fault: smithy.FaultServer,
	}
	if entry.SenderFault {
		err.Fault = smithy.FaultClient
	}
	if errors.Is(meaningOf(err), queue.ErrGone) {
		return nil
	}
	return fmt.Errorf("in a batch: %w", err)
}
