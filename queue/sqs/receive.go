package sqs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue"
)

const (
	// maxWait is the longest that SQS lets a receive wait.
	maxWait = 20 * time.Second
	// maxVisibility is the longest that SQS hides a notice, counted from its
	// receive.
	maxVisibility = 12 * time.Hour
)

// Receive implements queue.Queue. It waits 1 to 20 whole seconds: a receive that
// does not wait asks only some of SQS's servers, and may find nothing on a queue
// that is not empty. The visibility is whole seconds too, 1 at least and 12 hours
// at most. A receive that fails is not repeated here, as its caller asks again
// anyway.
func (q *Queue) Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Delivery, error) {
	deliveries, err := q.receive(ctx, limit, wait, visibility)
	if err != nil {
		return nil, q.failed("receiving", err)
	}
	return deliveries, nil
}

func (q *Queue) receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Delivery, error) {
	if limit < 1 || limit > queue.MaxBatch || wait < 0 || visibility < 0 || visibility > maxVisibility {
		return nil, fmt.Errorf("%w: limit %d, wait %s, visibility %s", queue.ErrInvalid, limit, wait, visibility)
	}
	wait = min(wait, maxWait)
	ctx, cancel := context.WithTimeout(ctx, wait+callTime)
	defer cancel()
	received, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            q.url,
		MaxNumberOfMessages: int32(limit),
		// The SDK leaves a zero out, and the queue's own default would hold.
		WaitTimeSeconds:       max(1, seconds(wait)),
		VisibilityTimeout:     max(1, seconds(visibility)),
		MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameSentTimestamp,
		},
	}, once)
	if err != nil {
		return nil, err
	}
	var deliveries []queue.Delivery
	for _, m := range received.Messages {
		d, err := delivery(m)
		if err != nil {
			return nil, err
		}
		deliveries = append(deliveries, d)
	}
	return deliveries, nil
}

// once makes a call that is not repeated when it fails.
func once(o *sqs.Options) { o.Retryer = aws.NopRetryer{} }

func delivery(m types.Message) (queue.Delivery, error) {
	receives, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		return queue.Delivery{}, fmt.Errorf("the receive count of %s: %w", aws.ToString(m.MessageId), err)
	}
	sent, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return queue.Delivery{}, fmt.Errorf("the sent timestamp of %s: %w", aws.ToString(m.MessageId), err)
	}
	return queue.Delivery{
		Notice:       queue.Notice{Body: aws.ToString(m.Body), Attributes: incoming(m.MessageAttributes)},
		ID:           aws.ToString(m.MessageId),
		Receipt:      aws.ToString(m.ReceiptHandle),
		ReceiveCount: receives,
		Sent:         time.UnixMilli(sent).UTC(),
	}, nil
}

// seconds are whole ones, rounded up: nothing ends early.
func seconds(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second) //nolint:gosec // at most maxVisibility
}
