package dynamo_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ptpu/table"
	"ptpu/table/dynamo"
)

// fake is a client that remembers what it was asked and answers as told.
type fake struct {
	asked []any
	// answer returns the output for an input, or nil for an empty one.
	answer func(in any) (any, error)
}

func ask[Out any](f *fake, in any) (*Out, error) {
	f.asked = append(f.asked, in)
	if f.answer == nil {
		return new(Out), nil
	}
	out, err := f.answer(in)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return new(Out), nil
	}
	return out.(*Out), nil
}

func (f *fake) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return ask[dynamodb.GetItemOutput](f, in)
}

func (f *fake) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return ask[dynamodb.QueryOutput](f, in)
}

func (f *fake) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return ask[dynamodb.PutItemOutput](f, in)
}

func (f *fake) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return ask[dynamodb.DeleteItemOutput](f, in)
}

func (f *fake) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return ask[dynamodb.TransactWriteItemsOutput](f, in)
}

func (f *fake) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return ask[dynamodb.DescribeTableOutput](f, in)
}

func (f *fake) DescribeTimeToLive(_ context.Context, in *dynamodb.DescribeTimeToLiveInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	return ask[dynamodb.DescribeTimeToLiveOutput](f, in)
}

// spec is the table of the tests that need no engine.
var spec = dynamo.Spec{
	Name: "messages", Partition: "pk", Sort: "sk",
	Indexes: []table.Index{{Name: "due"}, {Name: "report", Project: []string{"status"}}},
}

var key = table.Key{Partition: "p", Sort: "s"}

func faked(t *testing.T, answer func(in any) (any, error)) (*fake, *dynamo.Table) {
	t.Helper()
	client := &fake{answer: answer}
	return client, open(t, client, spec)
}
