package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"ptpu/table"
)

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// plain shows values as text, for comparison.
func plain(values map[string]types.AttributeValue) map[string]string {
	texts := map[string]string{}
	for name, value := range values {
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			texts[name] = value.Value
		case *types.AttributeValueMemberN:
			texts[name] = "number " + value.Value
		case *types.AttributeValueMemberBOOL:
			texts[name] = "flag"
		}
	}
	return texts
}

func TestAPutKeepsTheNamesOfItsAttributes(t *testing.T) {
	client, rows := faked(t, nil)
	expires := time.Date(2030, 1, 2, 3, 4, 5, 999, time.UTC)
	err := rows.Write(t.Context(), table.Put(table.Item{
		Key:        key,
		Index:      map[string]table.IndexKey{"due": {Partition: "due#07", Sort: "now"}},
		Expires:    expires,
		Attributes: table.Attributes{"offenderNo": "A1111BC", "retryCount": int64(4), "reportable": true},
	}, table.VersionIs(6)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pk": "p", "sk": "s", "ver": "number 7", "ttl": "number 1893553445",
		"duePartition": "due#07", "dueSort": "now",
		"offenderNo": "A1111BC", "retryCount": "number 4", "reportable": "flag",
	}
	if diff := cmp.Diff(want, plain(client.asked[0].(*dynamodb.PutItemInput).Item)); diff != "" {
		t.Errorf("the item, -want +got:\n%s", diff)
	}
}

// A transaction costs twice as much as the same write alone.
func TestOneActionIsNoTransaction(t *testing.T) {
	put, remove := table.Put(table.Item{Key: key}, table.Absent()), table.Delete(key, table.Always())
	client, rows := faked(t, nil)
	for _, actions := range [][]table.Action{{put}, {remove}, {put, table.Delete(table.Key{Partition: "p", Sort: "t"}, table.VersionIs(1))}} {
		if err := rows.Write(t.Context(), actions...); err != nil {
			t.Fatal(err)
		}
	}
	single, ok := client.asked[0].(*dynamodb.PutItemInput)
	if !ok || single.ConditionExpression == nil {
		t.Errorf("a put if absent was sent as %T", client.asked[0])
	}
	deleted, ok := client.asked[1].(*dynamodb.DeleteItemInput)
	if !ok || deleted.ConditionExpression != nil {
		t.Errorf("an unconditioned delete was sent as %T, or with a condition", client.asked[1])
	}
	transaction, ok := client.asked[2].(*dynamodb.TransactWriteItemsInput)
	if !ok || len(transaction.TransactItems) != 2 || transaction.TransactItems[1].Delete.ConditionExpression == nil {
		t.Errorf("two actions were sent as %T", client.asked[2])
	}
}

func TestEachTransactionHasATokenOfItsOwn(t *testing.T) {
	client, rows := faked(t, nil)
	actions := []table.Action{table.Delete(key, table.Always()), table.Delete(table.Key{Partition: "p", Sort: "t"}, table.Always())}
	seen := map[string]bool{}
	for i := range 3 {
		if err := rows.Write(t.Context(), actions...); err != nil {
			t.Fatal(err)
		}
		token := *client.asked[i].(*dynamodb.TransactWriteItemsInput).ClientRequestToken
		if len(token) == 0 || len(token) > 36 || seen[token] { // DynamoDB takes 36 at most
			t.Errorf("token %q", token)
		}
		seen[token] = true
	}
}

// stored is a row in the way of an unconditioned put.
func stored(version, ttl string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text("p"), "sk": text("s"), "ver": number(version), "ttl": number(ttl)}
}

const longAgo, farAway = "1", "99999999999"

func TestAnUnconditionedPutLearnsWhatItReplaces(t *testing.T) {
	for name, c := range map[string]struct {
		inTheWay map[string]types.AttributeValue
		want     string // the version put
	}{
		"an item":          {stored("41", farAway), "number 42"},
		"what has expired": {stored("41", longAgo), "number 1"},
		"another's row":    {map[string]types.AttributeValue{"pk": text("p"), "sk": text("s")}, "number 1"},
		"what is gone now": {nil, "number 1"},
	} {
		refusals := []error{&types.ConditionalCheckFailedException{Item: c.inTheWay}}
		client, rows := faked(t, func(any) (any, error) {
			if len(refusals) == 0 {
				return nil, nil
			}
			err := refusals[0]
			refusals = refusals[1:]
			return nil, err
		})
		if err := rows.Write(t.Context(), table.Put(table.Item{Key: key}, table.Always())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		first, second := client.asked[0].(*dynamodb.PutItemInput), client.asked[1].(*dynamodb.PutItemInput)
		if got := plain(first.Item)["ver"]; got != "number 1" || first.ReturnValuesOnConditionCheckFailure != types.ReturnValuesOnConditionCheckFailureAllOld {
			t.Errorf("%s: the first put gives version %s and asks for %q in return", name, got, first.ReturnValuesOnConditionCheckFailure)
		}
		if got := plain(second.Item)["ver"]; got != c.want || second.ConditionExpression == nil {
			t.Errorf("%s: the second put gives version %s, want %s, on a condition", name, got, c.want)
		}
	}
}

func TestATransactionLearnsWhatItsUnconditionedPutsReplace(t *testing.T) {
	conditioned := table.Put(table.Item{Key: key}, table.VersionIs(2))
	free := table.Put(table.Item{Key: table.Key{Partition: "p", Sort: "free"}}, table.Always())
	first := true
	client, rows := faked(t, func(any) (any, error) {
		if !first {
			return nil, nil
		}
		first = false
		refusal := cancelledFor("None", "ConditionalCheckFailed")
		refusal.CancellationReasons[1].Item = stored("8", farAway)
		return nil, refusal
	})
	if err := rows.Write(t.Context(), conditioned, free); err != nil {
		t.Fatal(err)
	}
	before, after := client.asked[0].(*dynamodb.TransactWriteItemsInput), client.asked[1].(*dynamodb.TransactWriteItemsInput)
	versions := []string{plain(after.TransactItems[0].Put.Item)["ver"], plain(after.TransactItems[1].Put.Item)["ver"]}
	if diff := cmp.Diff([]string{"number 3", "number 9"}, versions); diff != "" {
		t.Errorf("versions put, -want +got:\n%s", diff)
	}
	if *before.ClientRequestToken == *after.ClientRequestToken {
		t.Error("two different transactions have one token")
	}
}

func TestAnUnconditionedPutGivesUpInTheEnd(t *testing.T) {
	client, rows := faked(t, func(any) (any, error) {
		return nil, &types.ConditionalCheckFailedException{Item: stored("1", farAway)}
	})
	err := rows.Write(t.Context(), table.Put(table.Item{Key: key}, table.Always()))
	if !errors.Is(err, table.ErrUnavailable) || len(client.asked) > 10 {
		t.Errorf("after %d tries: %v", len(client.asked), err)
	}
}

func TestTheTablesOwnAttributesAreRefused(t *testing.T) {
	client, rows := faked(t, nil)
	for _, name := range []string{"pk", "sk", "ver", "ttl", "duePartition", "dueSort", "reportPartition", "reportSort"} {
		item := table.Item{Key: key, Attributes: table.Attributes{name: "x"}}
		if err := rows.Write(t.Context(), table.Put(item, table.Always())); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("attribute %s: got error %v, want %v", name, err, table.ErrInvalid)
		}
	}
	if len(client.asked) != 0 {
		t.Errorf("%d requests were sent", len(client.asked))
	}
}
