// Package sns publishes to topics of the seam ptpu/topic on Amazon SNS, standard
// ones: each subscriber gets a message at least once, in no certain order. FIFO
// topics are refused.
package sns

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"ptpu/topic"
)

// Client is what a Topic needs of the SDK's *sns.Client. ptpu's role must be
// allowed these calls on its topic.
type Client interface {
	GetTopicAttributes(context.Context, *sns.GetTopicAttributesInput, ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error)
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

const (
	// callTime is how long one call may take, the SDK's repeats included.
	callTime = 10 * time.Second
	// stringType is the data type that attributes are published with.
	stringType = "String"
)

// Topic is one SNS topic. It is a topic.Topic, with all that this promises.
type Topic struct {
	client Client
	arn    string
}

var _ topic.Topic = (*Topic)(nil)

// Open returns the topic with this ARN, without asking SNS; Check does. The
// error wraps topic.ErrInvalid when it is not the ARN of a standard topic.
func Open(client Client, topicARN string) (*Topic, error) {
	parsed, err := arn.Parse(topicARN)
	if err != nil || parsed.Service != "sns" || strings.Contains(parsed.Resource, ":") || strings.HasSuffix(parsed.Resource, ".fifo") {
		return nil, fmt.Errorf("opening topic %q: %w: want the ARN of a standard SNS topic", topicARN, topic.ErrInvalid)
	}
	return &Topic{client: client, arn: topicARN}, nil
}

// Check reports whether the topic is there for these credentials. The error
// wraps ErrNoTopic, ErrRefused, topic.ErrUnavailable, or what Open returns.
func Check(ctx context.Context, client Client, topicARN string) error {
	t, err := Open(client, topicARN)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if _, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &t.arn}); err != nil {
		return t.failed("checking", err)
	}
	return nil
}

// Publish implements topic.Topic. Besides what the seam refuses, it is
// ErrInvalid when SNS would not take the message: an empty attribute, or more in
// all than the topic's maximum, 256 KiB unless set. The SDK repeats a call whose answer it did not get,
// so a message may be published twice.
func (t *Topic) Publish(ctx context.Context, m topic.Message) (id string, err error) {
	if err := validate(m); err != nil {
		return "", t.failed("publishing", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	published, err := t.client.Publish(ctx, &sns.PublishInput{
		TopicArn: &t.arn, Message: &m.Body, MessageAttributes: outgoing(m.Attributes),
	})
	if err != nil {
		return "", t.failed("publishing", err)
	}
	return aws.ToString(published.MessageId), nil
}

// validate reports what SNS would refuse, in the seam's words.
func validate(m topic.Message) error {
	if m.Body == "" || !utf8.ValidString(m.Body) {
		return fmt.Errorf("%w: a body that is empty or not UTF-8", topic.ErrInvalid)
	}
	for name, value := range m.Attributes {
		if name == "" || value == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return fmt.Errorf("%w: attribute %q is empty or not UTF-8", topic.ErrInvalid, name)
		}
	}
	return nil
}

func outgoing(attributes map[string]string) map[string]types.MessageAttributeValue {
	values := make(map[string]types.MessageAttributeValue, len(attributes))
	for name, value := range attributes {
		values[name] = types.MessageAttributeValue{DataType: aws.String(stringType), StringValue: &value}
	}
	return values
}
