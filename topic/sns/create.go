package sns

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// SetupClient is what Create and Subscribe need of the SDK's *sns.Client.
type SetupClient interface {
	CreateTopic(context.Context, *sns.CreateTopicInput, ...func(*sns.Options)) (*sns.CreateTopicOutput, error)
	ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error)
	GetSubscriptionAttributes(context.Context, *sns.GetSubscriptionAttributesInput, ...func(*sns.Options)) (*sns.GetSubscriptionAttributesOutput, error)
	Subscribe(context.Context, *sns.SubscribeInput, ...func(*sns.Options)) (*sns.SubscribeOutput, error)
}

// Create returns the ARN of the topic with this name, which is made when there
// is none. The error wraps ErrRefused, topic.ErrInvalid or topic.ErrUnavailable.
func Create(ctx context.Context, client SetupClient, name string) (topicARN string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	// SNS itself answers with the topic that is there.
	created, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	if err != nil {
		return "", fmt.Errorf("creating topic %s: %w", name, named(err))
	}
	return aws.ToString(created.TopicArn), nil
}

// Subscription is how a queue hangs on a topic.
type Subscription struct {
	ARN string
	// Made: it was missing, and is there now.
	Made bool
	// Differs says how it is not as asked for. It was left as it is: its queue
	// may be depended on. Empty when it is as asked for.
	Differs string
}

// What a subscription is asked for with.
const (
	filterPolicy = "FilterPolicy"
	rawDelivery  = "RawMessageDelivery"
)

// Subscribe sends what is published on a topic to an SQS queue: the event types
// in filter, by the message attribute eventType, or everything when that is
// empty; raw, without SNS's envelope. A subscription of the queue that is there
// already is left alone, so that it is safe to repeat. The error wraps
// ErrNoTopic, ErrRefused, topic.ErrInvalid or topic.ErrUnavailable.
func Subscribe(ctx context.Context, client SetupClient, topicARN, queueARN string, filter []string, raw bool) (Subscription, error) {
	s, err := subscribe(ctx, client, topicARN, queueARN, filter, raw)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscribing %s to topic %s: %w", queueARN, topicARN, named(err))
	}
	return s, nil
}

func subscribe(ctx context.Context, client SetupClient, topicARN, queueARN string, filter []string, raw bool) (Subscription, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, err := subscriptionOf(ctx, client, topicARN, queueARN)
	if err != nil {
		return Subscription{}, err
	}
	if found != "" {
		differs, err := difference(ctx, client, found, filter, raw)
		return Subscription{ARN: found, Differs: differs}, err
	}
	attributes := map[string]string{rawDelivery: strconv.FormatBool(raw)}
	if len(filter) > 0 {
		policy, err := json.Marshal(eventTypes{filter})
		if err != nil {
			return Subscription{}, err
		}
		attributes[filterPolicy] = string(policy)
	}
	made, err := client.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &topicARN, Protocol: aws.String("sqs"), Endpoint: &queueARN, Attributes: attributes,
		ReturnSubscriptionArn: true,
	})
	if err != nil {
		return Subscription{}, err
	}
	return Subscription{ARN: aws.ToString(made.SubscriptionArn), Made: true}, nil
}

// subscriptionOf returns the ARN of the queue's subscription; empty when it has
// none. Asked first, because subscribing again in another way fails.
func subscriptionOf(ctx context.Context, client SetupClient, topicARN, queueARN string) (string, error) {
	pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: &topicARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Endpoint) == queueARN {
				return aws.ToString(s.SubscriptionArn), nil
			}
		}
	}
	return "", nil
}

// eventTypes is the filter policy that Subscribe sets.
type eventTypes struct {
	EventType []string `json:"eventType"`
}

// difference says how a subscription is not as asked for.
func difference(ctx context.Context, client SetupClient, subscription string, filter []string, raw bool) (string, error) {
	is, err := client.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &subscription})
	if err != nil {
		return "", err
	}
	var differences []string
	if isRaw := is.Attributes[rawDelivery] == "true"; isRaw != raw {
		differences = append(differences, fmt.Sprintf("%s is %t, not %t", rawDelivery, isRaw, raw))
	}
	if text := is.Attributes[filterPolicy]; !filters(text, filter) {
		differences = append(differences, fmt.Sprintf("%s is %q, not for eventType %q", filterPolicy, text, filter))
	}
	return strings.Join(differences, "; "), nil
}

// filters reports whether a filter policy is the one that Subscribe would set.
func filters(text string, want []string) bool {
	if text == "" || text == "{}" {
		return len(want) == 0
	}
	var policy map[string][]string
	if json.Unmarshal([]byte(text), &policy) != nil || len(policy) != 1 {
		return false
	}
	got := policy["eventType"]
	slices.Sort(got)
	return slices.Equal(got, slices.Sorted(slices.Values(want)))
}
