package dynamo_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ptpu/enginetest"
	"ptpu/table/dynamo"
)

// engine is a client of moto, which stands in for DynamoDB. Where the two
// differ, AWS's documentation decides, and moto proves nothing:
//
//   - moto has no locks, so requests go to it one at a time. TransactionConflict
//     and throttling never happen there; errors_test.go shows what they become.
//   - moto does not know a ClientRequestToken again: it judges the conditions of
//     a repeat anew. repeat_test.go shows that the SDK sends the same token.
//   - moto takes a transaction of more than 4 MB, a BETWEEN with its bounds the
//     wrong way round, and a page that starts outside of its range. DynamoDB
//     refuses each as not valid.
//   - moto forgets the definitions of older key attributes when an index is
//     added; DynamoDB adds the new ones to them.
//   - An index of moto's never lags, and a new table or index is ready at once.
//   - moto removes nothing that has expired; DynamoDB does within some days.
//   - moto counts no capacity; package units does.
func engine(t *testing.T) *dynamodb.Client {
	t.Helper()
	return dynamodb.NewFromConfig(enginetest.Config(enginetest.Moto(t)))
}

// fewer makes rapid try fewer games than it would: moto takes milliseconds for
// what SQLite does in microseconds, and the same games are played there.
func fewer(t *testing.T, checks int) {
	t.Helper()
	asked := flag.Lookup("rapid.checks").Value.String()
	set := func(n string) {
		if err := flag.Set("rapid.checks", n); err != nil {
			t.Fatal(err)
		}
	}
	set(fmt.Sprint(checks))
	t.Cleanup(func() { set(asked) })
}

// fresh is the name of a table that no test had before.
func fresh(name string) string { return fmt.Sprintf("%s-%x", name, time.Now().UnixNano()) }

// create makes the table and opens it.
func create(t *testing.T, client *dynamodb.Client, spec dynamo.Spec) *dynamo.Table {
	t.Helper()
	made, err := dynamo.Create(t.Context(), client, spec)
	if err != nil || !made.Table {
		t.Fatalf("Create: made %+v, error %v", made, err)
	}
	return open(t, client, spec)
}

func open(t *testing.T, client dynamo.Client, spec dynamo.Spec) *dynamo.Table {
	t.Helper()
	rows, err := dynamo.Open(client, spec)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
