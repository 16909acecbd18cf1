package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// Manager is what Create calls of the SDK's DynamoDB client.
type Manager interface {
	Describer
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

// Made is what Create had to make; nothing of it when everything was there.
type Made struct {
	Table bool
	// Indexes are those added to a table that was there.
	Indexes []string
	// TimeToLive was switched on.
	TimeToLive bool
}

// patience is how long Create waits for the table or one index. An index on a
// large table takes longer; the next Create goes on waiting for it.
const patience = 30 * time.Minute

// Create makes what is missing of the table, and returns once it can be used.
// It is safe to repeat. A table that is there keeps its billing and whatever the
// Spec does not speak of; a new one is billed by request. The error is as for
// Check: nothing is touched in a table that differs in what cannot be added.
func Create(ctx context.Context, client Manager, spec Spec) (Made, error) {
	err := spec.validate()
	var made Made
	if err == nil {
		err = create(ctx, client, spec, &made)
	}
	if err == nil {
		err = check(ctx, client, spec)
	}
	if err != nil {
		return made, fmt.Errorf("making table %s: %w", spec.Name, err)
	}
	return made, nil
}

func create(ctx context.Context, client Manager, spec Spec, made *Made) error {
	found, err := described(ctx, client, spec.Name)
	switch {
	case errors.Is(err, ErrNoTable):
		if err := createTable(ctx, client, spec); err != nil {
			return err
		}
		made.Table = true
	case err != nil:
		return err
	default:
		if differences := spec.differences(found); len(differences) > 0 {
			return different(differences)
		}
		if made.Indexes, err = addIndexes(ctx, client, spec, spec.missing(found)); err != nil {
			return err
		}
	}
	if err := waitUntilReady(ctx, client, spec.Name); err != nil || spec.NoExpiry {
		return err
	}
	made.TimeToLive, err = switchOn(ctx, client, spec.Name)
	return err
}

func createTable(ctx context.Context, client Manager, spec Spec) error {
	in := &dynamodb.CreateTableInput{
		TableName:            &spec.Name,
		AttributeDefinitions: definitions(spec.keyNames()...),
		KeySchema:            schema(spec.Partition, spec.Sort),
		BillingMode:          types.BillingModePayPerRequest,
	}
	for _, index := range spec.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName:  aws.String(index.Name),
			KeySchema:  indexSchema(index),
			Projection: spec.projection(index),
		})
	}
	_, err := client.CreateTable(ctx, in)
	var inUse *types.ResourceInUseException
	if err != nil && !errors.As(err, &inUse) { // somebody else is making it
		return classified(err)
	}
	return nil
}

// addIndexes adds indexes one after the other, as DynamoDB demands, and returns
// the names of those that it began.
func addIndexes(ctx context.Context, client Manager, spec Spec, indexes []table.Index) (added []string, err error) {
	for _, index := range indexes {
		if err := waitUntilReady(ctx, client, spec.Name); err != nil {
			return added, err
		}
		_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName:            &spec.Name,
			AttributeDefinitions: definitions(partitionOf(index.Name), sortOf(index.Name)),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName:  aws.String(index.Name),
				KeySchema:  indexSchema(index),
				Projection: spec.projection(index),
			}}},
		})
		if err != nil {
			return added, classified(err)
		}
		added = append(added, index.Name)
	}
	return added, nil
}

func waitUntilReady(ctx context.Context, client Describer, name string) error {
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, 20*time.Second
		o.Retryable = func(_ context.Context, _ *dynamodb.DescribeTableInput, out *dynamodb.DescribeTableOutput, err error) (bool, error) {
			if err == nil {
				return unready(out.Table) != "", nil
			}
			if errors.Is(verdictOn(err), ErrNoTable) {
				return true, nil // a new table is not seen everywhere at once
			}
			return false, err
		}
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, patience); err != nil {
		return classified(err)
	}
	return nil
}

func switchOn(ctx context.Context, client Manager, name string) (made bool, err error) {
	attribute, err := timeToLive(ctx, client, name)
	switch {
	case err != nil || attribute == ttlAttribute:
		return false, err
	case attribute != "":
		return false, different([]string{foreignTTL(attribute)})
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(ttlAttribute),
			Enabled:       aws.Bool(true),
		},
	})
	if err != nil {
		return false, classified(err)
	}
	return true, nil
}
