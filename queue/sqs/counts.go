package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue"
)

// Purge implements queue.Queue. It returns what was counted just before; SQS may
// take a minute to remove it, and removes what is sent meanwhile too. A purge
// that is under way already counts as done.
func (q *Queue) Purge(ctx context.Context) (int, error) {
	counts, err := q.count(ctx)
	if err != nil {
		return 0, q.failed("purging", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err = q.client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: q.url})
	var underWay *types.PurgeQueueInProgress
	if err != nil && !errors.As(err, &underWay) {
		return 0, q.failed("purging", err)
	}
	return counts.Visible + counts.InFlight + counts.Delayed, nil
}

// Counts implements queue.Queue, except that Oldest is always 0: SQS tells the
// age of its oldest notice only to CloudWatch, and looking at notices to learn
// it would count as receiving them.
func (q *Queue) Counts(ctx context.Context) (queue.Counts, error) {
	counts, err := q.count(ctx)
	if err != nil {
		return queue.Counts{}, q.failed("counting", err)
	}
	return counts, nil
}

func (q *Queue) count(ctx context.Context) (c queue.Counts, err error) {
	const (
		visible  = types.QueueAttributeNameApproximateNumberOfMessages
		inFlight = types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
		delayed  = types.QueueAttributeNameApproximateNumberOfMessagesDelayed
	)
	attributes, err := read(ctx, q.client, q.url, visible, inFlight, delayed)
	if err != nil {
		return queue.Counts{}, err
	}
	for name, count := range map[types.QueueAttributeName]*int{
		visible: &c.Visible, inFlight: &c.InFlight, delayed: &c.Delayed,
	} {
		if *count, err = strconv.Atoi(attributes[string(name)]); err != nil {
			return queue.Counts{}, fmt.Errorf("its %s: %w", name, err)
		}
	}
	return c, nil
}
