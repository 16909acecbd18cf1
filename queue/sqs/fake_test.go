package sqs_test

import (
	"context"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue/sqs"
)

// fake is SQS with one queue, as far as these tests ask: it takes its time over
// each call, hands out notices without end, and remembers what it was given. It
// needs no sockets, so that it works in a bubble.
type fake struct {
	takes time.Duration
	// failing answers the receipts that cannot be deleted; sendErr and
	// deleteErr are what whole calls fail with.
	failing            map[string]types.BatchResultErrorEntry
	sendErr, deleteErr error
	// attributes are set on the queue besides the usual.
	attributes map[string]string

	mu       sync.Mutex
	calls    int
	received int
	deleted  [][]string // receipts, by call
	sent     []*awssqs.SendMessageInput
}

var _ sqs.Client = (*fake)(nil)

func (f *fake) call(ctx context.Context) (unlock func(), err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(f.takes):
	}
	f.mu.Lock()
	f.calls++
	return f.mu.Unlock, nil
}

//nolint:staticcheck // the SDK spells it so
func (f *fake) GetQueueUrl(_ context.Context, in *awssqs.GetQueueUrlInput, _ ...func(*awssqs.Options)) (*awssqs.GetQueueUrlOutput, error) {
	return &awssqs.GetQueueUrlOutput{QueueUrl: aws.String("https://sqs.example/" + *in.QueueName)}, nil
}

func (f *fake) GetQueueAttributes(context.Context, *awssqs.GetQueueAttributesInput, ...func(*awssqs.Options)) (*awssqs.GetQueueAttributesOutput, error) {
	attributes := map[string]string{
		"MaximumMessageSize": "2000", "ApproximateNumberOfMessages": "5",
		"ApproximateNumberOfMessagesNotVisible": "3", "ApproximateNumberOfMessagesDelayed": "1",
	}
	maps.Copy(attributes, f.attributes)
	return &awssqs.GetQueueAttributesOutput{Attributes: attributes}, nil
}

func (f *fake) SendMessage(ctx context.Context, in *awssqs.SendMessageInput, _ ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error) {
	unlock, err := f.call(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.sent = append(f.sent, in)
	return &awssqs.SendMessageOutput{MessageId: aws.String(strconv.Itoa(len(f.sent)))}, f.sendErr
}

func (f *fake) ReceiveMessage(ctx context.Context, in *awssqs.ReceiveMessageInput, _ ...func(*awssqs.Options)) (*awssqs.ReceiveMessageOutput, error) {
	unlock, err := f.call(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	out := &awssqs.ReceiveMessageOutput{}
	for range in.MaxNumberOfMessages {
		f.received++
		out.Messages = append(out.Messages, types.Message{
			MessageId: aws.String(strconv.Itoa(f.received)), ReceiptHandle: aws.String(strconv.Itoa(f.received)), Body: aws.String("x"),
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1600000000123"},
		})
	}
	return out, nil
}

func (f *fake) ChangeMessageVisibility(ctx context.Context, _ *awssqs.ChangeMessageVisibilityInput, _ ...func(*awssqs.Options)) (*awssqs.ChangeMessageVisibilityOutput, error) {
	unlock, err := f.call(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return &awssqs.ChangeMessageVisibilityOutput{}, nil
}

func (f *fake) DeleteMessageBatch(ctx context.Context, in *awssqs.DeleteMessageBatchInput, _ ...func(*awssqs.Options)) (*awssqs.DeleteMessageBatchOutput, error) {
	unlock, err := f.call(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	out := &awssqs.DeleteMessageBatchOutput{}
	var receipts []string
	for _, entry := range in.Entries {
		receipts = append(receipts, *entry.ReceiptHandle)
		if failed, ok := f.failing[*entry.ReceiptHandle]; ok {
			failed.Id = entry.Id
			out.Failed = append(out.Failed, failed)
		}
	}
	f.deleted = append(f.deleted, receipts)
	return out, f.deleteErr
}

func (f *fake) PurgeQueue(context.Context, *awssqs.PurgeQueueInput, ...func(*awssqs.Options)) (*awssqs.PurgeQueueOutput, error) {
	return nil, &types.PurgeQueueInProgress{}
}

func (f *fake) open(t *testing.T) *sqs.Queue {
	t.Helper()
	return openQueue(t, f, "main")
}

// stopping ends its caller's context as soon as a notice was sent.
type stopping struct {
	*fake
	stop context.CancelFunc
}

func (s *stopping) SendMessage(ctx context.Context, in *awssqs.SendMessageInput, options ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error) {
	defer s.stop()
	return s.fake.SendMessage(ctx, in, options...)
}
