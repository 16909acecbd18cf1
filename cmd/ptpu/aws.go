package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ptpu/health"
	"ptpu/queue"
	queuesqs "ptpu/queue/sqs"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/dynamo"
	"ptpu/topic"
	topicsns "ptpu/topic/sns"
)

// awsClients are the SDK's clients, which share one pool of connections and one
// chain of credentials: environment, shared files, web identity in the cluster.
type awsClients struct {
	sqs      *sqs.Client
	sns      *sns.Client
	dynamodb *dynamodb.Client
}

// fewestReceives is how often a notice should be delivered at least before it is
// a dead letter: below it, a short outage fills the dead-letter queue.
const fewestReceives = 5

func newAWSClients(ctx context.Context, s settings) (awsClients, error) {
	// A plain http.Client breaks when AWS_CA_BUNDLE is set.
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(s.Region), config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return awsClients{}, usage{fmt.Errorf("reading the AWS configuration: %w", err)}
	}
	return clientsOf(loaded), nil
}

func clientsOf(c aws.Config) awsClients {
	return awsClients{sqs: sqs.NewFromConfig(c), sns: sns.NewFromConfig(c), dynamodb: dynamodb.NewFromConfig(c)}
}

// messageTableSpec and lockTableSpec are the tables as ptpu needs them.
func messageTableSpec(s settings) dynamo.Spec {
	return dynamo.Spec{Name: s.MessageTable, Partition: "pk", Sort: "sk", Indexes: store.Indexes()}
}

func lockTableSpec(s settings) dynamo.Spec {
	return dynamo.Spec{Name: s.ScheduleTable, Partition: "_id", NoExpiry: true}
}

// openAWS opens the queues, tables and topic that the settings name, all at
// once, and names everything that is wrong with them.
func openAWS(ctx context.Context, s settings) (*backend, error) {
	clients, err := newAWSClients(ctx, s)
	if err != nil {
		return nil, err
	}
	b := &backend{close: func() error { return nil }, tables: map[string]health.Check{
		messageTableHealth: dynamoTable(clients, s.MessageTable), scheduleTableHealth: dynamoTable(clients, s.ScheduleTable),
	}}
	err = together(
		func() error {
			return named("DYNAMODB_TABLENAME", openTable(ctx, clients, messageTableSpec(s), &b.rows))
		},
		func() error {
			return named("DYNAMODB_SCHEDULE_TABLENAME", openTable(ctx, clients, lockTableSpec(s), &b.locks))
		},
		func() error {
			return named("HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME", openQueue(ctx, clients, s.EventQueue, &b.events))
		},
		func() error {
			return named("HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME", openQueue(ctx, clients, s.DeadQueue, &b.deadLetters))
		},
		func() error {
			return named("HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN", openTopic(ctx, clients, s.DomainTopic, &b.topic))
		},
	)
	return b, err
}

// dynamoTable describes a table of DynamoDB, for health.
func dynamoTable(clients awsClients, name string) health.Check {
	return health.Table(name, func(ctx context.Context) (int64, string, error) {
		d, err := dynamo.Describe(ctx, clients.dynamodb, name)
		return d.Rows, d.Status, err
	})
}

// together does everything at once and joins the errors.
func together(steps ...func() error) error {
	failures := make([]error, len(steps))
	var doing sync.WaitGroup
	for i, step := range steps {
		doing.Go(func() { failures[i] = step() })
	}
	doing.Wait()
	return errors.Join(failures...)
}

// named begins an error with the setting that it is about.
func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}

func openTable(ctx context.Context, clients awsClients, spec dynamo.Spec, into *table.Table) error {
	if err := dynamo.Check(ctx, clients.dynamodb, spec); err != nil {
		return err
	}
	opened, err := dynamo.Open(clients.dynamodb, spec)
	*into = opened
	return err
}

func openQueue(ctx context.Context, clients awsClients, name string, into *queue.Queue) error {
	opened, err := queuesqs.Open(ctx, clients.sqs, name)
	*into = opened
	return err
}

func openTopic(ctx context.Context, clients awsClients, arn string, into *topic.Topic) error {
	if err := topicsns.Check(ctx, clients.sns, arn); err != nil {
		return err
	}
	opened, err := topicsns.Open(clients.sns, arn)
	*into = opened
	return err
}

// isWrongOnAWS reports whether the failure is one of what was set for AWS, or of
// what is there.
func isWrongOnAWS(err error) bool {
	for _, wrong := range []error{
		dynamo.ErrNoTable, dynamo.ErrDenied, dynamo.ErrDifferent, table.ErrInvalid,
		queuesqs.ErrNoQueue, queuesqs.ErrRefused, queue.ErrInvalid,
		topicsns.ErrNoTopic, topicsns.ErrRefused, topic.ErrInvalid,
	} {
		if errors.Is(err, wrong) {
			return true
		}
	}
	return false
}
