// Package sqs keeps queues of the seam ptpu/queue on Amazon SQS, as standard
// queues: delivery at least once, in no certain order. FIFO queues are refused.
//
// What SQS does its own way:
//   - waits and visibilities are whole seconds, rounded up;
//   - counts are approximate, and how old a waiting notice is, it tells only to
//     CloudWatch;
//   - a notice may be delivered twice, and Move may leave it on both queues.
package sqs

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue"
)

// Client is what a Queue needs of the SDK's *sqs.Client. ptpu's role must be
// allowed these calls on its queues.
type Client interface {
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	PurgeQueue(context.Context, *sqs.PurgeQueueInput, ...func(*sqs.Options)) (*sqs.PurgeQueueOutput, error)
}

// callTime is how long one call may take, the SDK's repeats included; a receive
// may take its wait longer.
const callTime = 10 * time.Second

// Queue is one SQS queue. It is a queue.Queue, with all that this promises.
type Queue struct {
	client      Client
	name        string
	url         *string
	maxSize     int
	maxReceives int
	deadLetters string
	deletions   deletions
}

var _ queue.Queue = (*Queue)(nil)

// Open looks the queue up by its name, in the client's own account and region,
// and reads what is set on it. Later changes to that are not seen. The error
// wraps ErrNoQueue, ErrRefused, queue.ErrUnavailable, or queue.ErrInvalid for a
// FIFO queue.
func Open(ctx context.Context, client Client, name string) (*Queue, error) {
	q := &Queue{client: client, name: name}
	q.deletions.send = q.remove
	if err := q.open(ctx); err != nil {
		return nil, q.failed("opening", err)
	}
	return q, nil
}

// Check reports whether a queue can be opened; the errors are those of Open.
func Check(ctx context.Context, client Client, name string) error {
	_, err := Open(ctx, client, name)
	return err
}

func (q *Queue) open(ctx context.Context) (err error) {
	if q.name == "" || strings.HasSuffix(q.name, ".fifo") {
		return fmt.Errorf("%w: want the name of a standard queue", queue.ErrInvalid)
	}
	if q.url, err = find(ctx, q.client, q.name); err != nil {
		return err
	}
	attributes, err := read(ctx, q.client, q.url,
		types.QueueAttributeNameMaximumMessageSize, types.QueueAttributeNameRedrivePolicy)
	if err != nil {
		return err
	}
	if q.maxSize, err = strconv.Atoi(attributes[string(types.QueueAttributeNameMaximumMessageSize)]); err != nil {
		return fmt.Errorf("its maximum message size: %w", err)
	}
	redrive, err := parseRedrive(attributes[string(types.QueueAttributeNameRedrivePolicy)])
	q.maxReceives, q.deadLetters = int(redrive.MaxReceives), redrive.name()
	return err
}

// Name implements queue.Queue.
func (q *Queue) Name() string { return q.name }

// MaxReceives implements queue.Queue: the maxReceiveCount of the redrive policy.
func (q *Queue) MaxReceives() int { return q.maxReceives }

// DeadLetters is the name of the queue that SQS itself moves a notice to when it
// was received MaxReceives times; empty when there is none.
func (q *Queue) DeadLetters() string { return q.deadLetters }

// Send implements queue.Queue. Besides what the seam refuses, it is ErrInvalid
// when SQS would not take the notice: more than ten attributes, an empty one, a
// control character, or a notice larger than the queue's maximum.
func (q *Queue) Send(ctx context.Context, n queue.Notice) (id string, err error) {
	id, err = q.send(ctx, n)
	if err != nil {
		return "", q.failed("sending", err)
	}
	return id, nil
}

func (q *Queue) send(ctx context.Context, n queue.Notice) (id string, err error) {
	if err := q.validate(n); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	sent, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: q.url, MessageBody: &n.Body, MessageAttributes: outgoing(n.Attributes),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(sent.MessageId), nil
}

// find returns the URL by which SQS knows a queue.
func find(ctx context.Context, client Client, name string) (url *string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return nil, err
	}
	return found.QueueUrl, nil
}

// read returns what is set on a queue. What is not set is missing.
func read(ctx context.Context, client Client, url *string, names ...types.QueueAttributeName) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: names})
	if err != nil {
		return nil, err
	}
	return found.Attributes, nil
}
