// Package dynamo keeps a table of the seam ptpu/table in DynamoDB. An item is a
// DynamoDB item and an index is a global secondary index; the attributes stand
// under their own names, and beside them those that the table needs itself:
//
//	<Partition>, <Sort>              the key, named by the Spec
//	ver                              the version, on which writes are conditioned
//	ttl                              the expiry in epoch seconds; absent = never
//	<index>Partition, <index>Sort    the place in an index; absent = not in it
//
// DynamoDB removes what has expired within some days, so every read and every
// condition looks at ttl itself. For that, each index projects ttl as well. A
// DynamoDB item without ver was not written by this package and counts as absent.
package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// Client is what a Table calls of the SDK's DynamoDB client. Deadlines, repeats
// and their jitter are the client's: what it returns is final.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table is one DynamoDB table. It is a table.Table, with all that this promises.
// Its errors wrap ErrDenied and ErrNoTable as well where these are the cause.
type Table struct {
	client Client
	spec   Spec
}

var _ table.Table = (*Table)(nil)

// Open opens a table without asking for it; Check does that. The error wraps
// table.ErrInvalid and means a faulty spec.
func Open(client Client, spec Spec) (*Table, error) {
	if err := spec.validate(); err != nil {
		return nil, fmt.Errorf("opening table %q: %w", spec.Name, err)
	}
	return &Table{client: client, spec: spec}, nil
}

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, error) {
	item, err := t.get(ctx, key)
	if err != nil {
		return table.Item{}, t.failed("getting an item", err)
	}
	return item, nil
}

func (t *Table) get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := t.spec.shape().CheckKey(key); err != nil {
		return table.Item{}, err
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &t.spec.Name,
		Key:            t.spec.keyOf(key),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return table.Item{}, err
	}
	if !isOurs(out.Item) || expired(out.Item, time.Now()) {
		return table.Item{}, table.ErrNotFound
	}
	return t.spec.itemOf(out.Item)
}

// keyOf is the key as DynamoDB takes it.
func (s Spec) keyOf(key table.Key) row {
	r := row{s.Partition: text(key.Partition)}
	if s.Sort != "" {
		r[s.Sort] = text(key.Sort)
	}
	return r
}

func text(s string) *types.AttributeValueMemberS { return &types.AttributeValueMemberS{Value: s} }

// failed names the step, and gives DynamoDB's failures the seam's names.
func (t *Table) failed(step string, err error) error {
	return fmt.Errorf("%s of table %s: %w", step, t.spec.Name, classified(err))
}
