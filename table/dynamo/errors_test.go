package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"ptpu/table"
	"ptpu/table/dynamo"
)

func cancelledFor(codes ...string) *types.TransactionCanceledException {
	cancelled := &types.TransactionCanceledException{}
	for _, code := range codes {
		cancelled.CancellationReasons = append(cancelled.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return cancelled
}

func code(name string) error { return &smithy.GenericAPIError{Code: name} }

// kinds are the errors by which callers tell failures apart.
var kinds = []error{table.ErrNotFound, table.ErrConflict, table.ErrInvalid, table.ErrUnavailable, dynamo.ErrDenied, dynamo.ErrNoTable}

func TestFailuresGetTheSeamsNames(t *testing.T) {
	for name, c := range map[string]struct {
		failure error
		want    []error
	}{
		"throughput exceeded":         {&types.ProvisionedThroughputExceededException{}, []error{table.ErrUnavailable}},
		"request limit exceeded":      {&types.RequestLimitExceeded{}, []error{table.ErrUnavailable}},
		"throttled":                   {&types.ThrottlingException{}, []error{table.ErrUnavailable}},
		"failure of AWS":              {&types.InternalServerError{}, []error{table.ErrUnavailable}},
		"a transaction met the write": {&types.TransactionConflictException{}, []error{table.ErrUnavailable}},
		"the first try still runs":    {&types.TransactionInProgressException{}, []error{table.ErrUnavailable}},
		"credentials that ran out":    {code("ExpiredTokenException"), []error{table.ErrUnavailable}},
		"a code from the future":      {code("SomethingNew"), []error{table.ErrUnavailable}},
		"no connection":               {&net.OpError{Op: "dial", Err: errors.New("refused")}, []error{table.ErrUnavailable}},
		"cancelled":                   {context.Canceled, []error{table.ErrUnavailable, context.Canceled}},
		"out of time":                 {context.DeadlineExceeded, []error{table.ErrUnavailable, context.DeadlineExceeded}},
		"not valid":                   {code("ValidationException"), []error{table.ErrInvalid}},
		"unreadable":                  {code("SerializationException"), []error{table.ErrInvalid}},
		"partition too large":         {&types.ItemCollectionSizeLimitExceededException{}, []error{table.ErrInvalid}},
		"token used for another":      {&types.IdempotentParameterMismatchException{}, []error{table.ErrInvalid}},
		"forbidden":                   {code("AccessDeniedException"), []error{table.ErrUnavailable, dynamo.ErrDenied}},
		"unknown caller":              {code("UnrecognizedClientException"), []error{table.ErrUnavailable, dynamo.ErrDenied}},
		"wrong secret key":            {code("InvalidSignatureException"), []error{table.ErrUnavailable, dynamo.ErrDenied}},
		"no such table":               {&types.ResourceNotFoundException{}, []error{table.ErrUnavailable, dynamo.ErrNoTable}},

		"transactions that met":        {cancelledFor("None", "TransactionConflict"), []error{table.ErrUnavailable}},
		"transaction throttled":        {cancelledFor("ThrottlingError", "None"), []error{table.ErrUnavailable}},
		"transaction over throughput":  {cancelledFor("None", "ProvisionedThroughputExceeded"), []error{table.ErrUnavailable}},
		"transaction not valid":        {cancelledFor("None", "ValidationError"), []error{table.ErrInvalid}},
		"transaction partition":        {cancelledFor("ItemCollectionSizeLimitExceeded", "None"), []error{table.ErrInvalid}},
		"cancelled without any reason": {cancelledFor(), []error{table.ErrUnavailable}},
	} {
		_, rows := faked(t, func(any) (any, error) { return nil, fmt.Errorf("operation error DynamoDB: %w", c.failure) })
		_, getErr := rows.Get(t.Context(), key)
		_, queryErr := rows.Query(t.Context(), "p", table.Range{})
		_, indexErr := rows.QueryIndex(t.Context(), "due", "p", table.Range{})
		put, other := table.Put(table.Item{Key: key}, table.Absent()), table.Delete(table.Key{Partition: "p", Sort: "other"}, table.Always())
		for what, err := range map[string]error{
			"Get": getErr, "Query": queryErr, "QueryIndex": indexErr,
			"put": rows.Write(t.Context(), put), "delete": rows.Write(t.Context(), other), "transaction": rows.Write(t.Context(), put, other),
		} {
			wantKinds(t, name+", "+what, err, c.want)
			if !errors.Is(err, c.failure) {
				t.Errorf("%s, %s: the cause is gone from %v", name, what, err)
			}
		}
	}
}

// wantKinds wants the error to be of these kinds and of no others.
func wantKinds(t *testing.T, what string, err error, want []error) {
	t.Helper()
	for _, kind := range want {
		if !errors.Is(err, kind) {
			t.Errorf("%s: %v is not %q", what, err, kind)
		}
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) && !contains(want, kind) {
			t.Errorf("%s: %v is %q, want %q", what, err, kind, want)
		}
	}
}

func contains(kinds []error, kind error) bool {
	for _, k := range kinds {
		if k == kind { //nolint:errorlint // The very error is meant, not what wraps it.
			return true
		}
	}
	return false
}

func TestAnUnmetConditionIsAConflict(t *testing.T) {
	put, other := table.Put(table.Item{Key: key}, table.Absent()), table.Delete(table.Key{Partition: "p", Sort: "other"}, table.VersionIs(3))
	for name, c := range map[string]struct {
		failure error
		actions []table.Action
	}{
		"put":                         {&types.ConditionalCheckFailedException{}, []table.Action{put}},
		"delete":                      {&types.ConditionalCheckFailedException{}, []table.Action{other}},
		"one of a transaction":        {cancelledFor("None", "ConditionalCheckFailed"), []table.Action{put, other}},
		"while another met something": {cancelledFor("TransactionConflict", "ConditionalCheckFailed"), []table.Action{put, other}},
	} {
		client, rows := faked(t, func(any) (any, error) { return nil, c.failure })
		wantKinds(t, name, rows.Write(t.Context(), c.actions...), []error{table.ErrConflict})
		if len(client.asked) != 1 {
			t.Errorf("%s: asked %d times, want 1", name, len(client.asked))
		}
	}
}
