package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SetupClient is what Create needs of the SDK's *sqs.Client.
type SetupClient interface {
	Client
	CreateQueue(context.Context, *sqs.CreateQueueInput, ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error)
	SetQueueAttributes(context.Context, *sqs.SetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.SetQueueAttributesOutput, error)
}

// deadLetterRetention is how long a dead letter is kept: SQS's longest.
const deadLetterRetention = 14 * 24 * time.Hour

// Spec is what Create is to see to.
type Spec struct {
	// Name is the queue, DeadLetters the one for what it delivers MaxReceives
	// times in vain.
	Name, DeadLetters string
	MaxReceives       int
	// Topic is the ARN of the topic that may send to the queue; empty = none.
	Topic string
}

// Part is one thing that Create looked for.
type Part struct {
	// Name says what it is.
	Name string
	// Made: it was missing, and is there now.
	Made bool
	// Differs says how it is not as asked for. It was left as it is: others may
	// depend on it. Empty when it is as asked for.
	Differs string
}

// Create makes a queue and its dead-letter queue, and lets a topic send to it.
// What is there already is left alone, so that it is safe to repeat; after an
// error, too. It returns the queue's ARN, and what it saw to, in order, as far as
// it came. The errors are those of Open, of which queue.ErrUnavailable is also
// said of a queue that was deleted less than a minute ago.
func Create(ctx context.Context, client SetupClient, spec Spec) (arn string, parts []Part, err error) {
	c := creation{client: client, spec: spec}
	for _, step := range []func(context.Context) error{c.deadLetters, c.queue, c.redrive, c.access} {
		if err := step(ctx); err != nil {
			return "", c.parts, fmt.Errorf("creating queue %s: %w", spec.Name, named(err))
		}
	}
	return c.arn, c.parts, nil
}

// creation is one Create.
type creation struct {
	client    SetupClient
	spec      Spec
	parts     []Part
	deadARN   string
	url       *string
	arn       string
	redriving string // the policy that is there, or none
	policy    string // the same
}

func (c *creation) deadLetters(ctx context.Context) error {
	want := strconv.Itoa(int(deadLetterRetention.Seconds()))
	retention := string(types.QueueAttributeNameMessageRetentionPeriod)
	url, made, err := c.ensure(ctx, c.spec.DeadLetters, map[string]string{retention: want})
	if err != nil {
		return err
	}
	attributes, err := read(ctx, c.client, url,
		types.QueueAttributeNameQueueArn, types.QueueAttributeNameMessageRetentionPeriod)
	if err != nil {
		return err
	}
	c.deadARN = attributes[string(types.QueueAttributeNameQueueArn)]
	part := Part{Name: "dead-letter queue " + c.spec.DeadLetters, Made: made}
	if got := attributes[retention]; got != want {
		part.Differs = fmt.Sprintf("keeps notices for %s seconds, not %s", got, want)
	}
	c.parts = append(c.parts, part)
	return nil
}

func (c *creation) queue(ctx context.Context) error {
	url, made, err := c.ensure(ctx, c.spec.Name, nil)
	if err != nil {
		return err
	}
	attributes, err := read(ctx, c.client, url,
		types.QueueAttributeNameQueueArn, types.QueueAttributeNameRedrivePolicy, types.QueueAttributeNamePolicy)
	if err != nil {
		return err
	}
	c.url = url
	c.arn = attributes[string(types.QueueAttributeNameQueueArn)]
	c.redriving = attributes[string(types.QueueAttributeNameRedrivePolicy)]
	c.policy = attributes[string(types.QueueAttributeNamePolicy)]
	c.parts = append(c.parts, Part{Name: "queue " + c.spec.Name, Made: made})
	return nil
}

// ensure returns the URL of a queue, which is made when there is none.
func (c *creation) ensure(ctx context.Context, name string, attributes map[string]string) (url *string, made bool, err error) {
	// Asked first, because creating what is there with other attributes fails.
	url, err = find(ctx, c.client, name)
	if err == nil || !errors.Is(named(err), ErrNoQueue) {
		return url, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	created, err := c.client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		return nil, false, err
	}
	return created.QueueUrl, true, nil
}

func (c *creation) redrive(ctx context.Context) error {
	want := redrive{Target: c.deadARN, MaxReceives: count(c.spec.MaxReceives)}
	part := Part{Name: "redrive policy of " + c.spec.Name}
	got, err := parseRedrive(c.redriving)
	switch {
	case err != nil:
		return err
	case got == redrive{}:
		text, err := json.Marshal(want)
		if err != nil {
			return err
		}
		if err := c.set(ctx, types.QueueAttributeNameRedrivePolicy, string(text)); err != nil {
			return err
		}
		part.Made = true
	case got != want:
		part.Differs = fmt.Sprintf("after %d receives to %s, not after %d to %s",
			got.MaxReceives, got.name(), want.MaxReceives, want.name())
	}
	c.parts = append(c.parts, part)
	return nil
}

func (c *creation) access(ctx context.Context) error {
	if c.spec.Topic == "" {
		return nil
	}
	policy, changed, err := allowing(c.policy, c.spec.Topic, c.arn)
	if err != nil {
		return err
	}
	if changed {
		if err := c.set(ctx, types.QueueAttributeNamePolicy, policy); err != nil {
			return err
		}
	}
	c.parts = append(c.parts, Part{Name: "access to " + c.spec.Name + " for " + c.spec.Topic, Made: changed})
	return nil
}

func (c *creation) set(ctx context.Context, name types.QueueAttributeName, value string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err := c.client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: c.url, Attributes: map[string]string{string(name): value},
	})
	return err
}
