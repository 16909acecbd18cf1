package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"ptpu/table"
	"ptpu/table/dynamo"
)

func TestReadsAreStronglyConsistentWhereTheyCanBe(t *testing.T) {
	client, rows := faked(t, nil)
	_, _ = rows.Get(t.Context(), key)
	_, _ = rows.Query(t.Context(), "p", table.Range{})
	_, _ = rows.QueryIndex(t.Context(), "due", "p", table.Range{})
	if !aws.ToBool(client.asked[0].(*dynamodb.GetItemInput).ConsistentRead) {
		t.Error("Get reads what may be old")
	}
	if !aws.ToBool(client.asked[1].(*dynamodb.QueryInput).ConsistentRead) {
		t.Error("Query reads what may be old")
	}
	if aws.ToBool(client.asked[2].(*dynamodb.QueryInput).ConsistentRead) {
		t.Error("QueryIndex asks for what DynamoDB refuses")
	}
}

func TestARangeIsOneConditionOnTheSortKey(t *testing.T) {
	for want, r := range map[string]table.Range{
		"#partition = :partition":                                 {},
		"#partition = :partition AND #sort >= :from":              {From: "a"},
		"#partition = :partition AND #sort < :to":                 {To: "b"},
		"#partition = :partition AND #sort BETWEEN :from AND :to": {From: "a", To: "b"},
	} {
		client, rows := faked(t, nil)
		if _, err := rows.Query(t.Context(), "p", r); err != nil {
			t.Fatal(err)
		}
		if got := *client.asked[0].(*dynamodb.QueryInput).KeyConditionExpression; got != want {
			t.Errorf("range %+v is asked as %q, want %q", r, got, want)
		}
	}
	client, rows := faked(t, nil)
	if _, err := rows.Query(t.Context(), "p", table.Range{From: "b", To: "a"}); err != nil || len(client.asked) != 0 {
		t.Errorf("a range that DynamoDB refuses was asked %d times, error %v", len(client.asked), err)
	}
}

// A table may have been used by somebody else before.
func TestRowsOfOthersCountAsAbsent(t *testing.T) {
	foreign := map[string]types.AttributeValue{
		"pk": text("p"), "sk": text("s"), "lockedAt": &types.AttributeValueMemberL{},
	}
	_, rows := faked(t, func(in any) (any, error) {
		if _, ok := in.(*dynamodb.GetItemInput); ok {
			return &dynamodb.GetItemOutput{Item: foreign}, nil
		}
		return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{foreign}}, nil
	})
	if _, err := rows.Get(t.Context(), key); !errors.Is(err, table.ErrNotFound) {
		t.Errorf("Get: %v, want %v", err, table.ErrNotFound)
	}
	if page, err := rows.Query(t.Context(), "p", table.Range{}); err != nil || len(page.Items) != 0 {
		t.Errorf("Query: %+v, error %v", page, err)
	}
}

func TestAnAttributeOfAnotherTypeIsNotTakenForNone(t *testing.T) {
	for name, value := range map[string]types.AttributeValue{
		"list": &types.AttributeValueMemberL{}, "bytes": &types.AttributeValueMemberB{}, "null": &types.AttributeValueMemberNULL{Value: true},
		"fraction": number("1.5"), "too large": number("9223372036854775808"),
	} {
		_, rows := faked(t, func(any) (any, error) {
			return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{
				"pk": text("p"), "sk": text("s"), "ver": number("1"), "odd": value,
			}}, nil
		})
		if item, err := rows.Get(t.Context(), key); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("%s: read as %+v, error %v", name, item, err)
		}
	}
}

func TestAnIndexShowsNoMoreThanItShould(t *testing.T) {
	_, rows := faked(t, func(any) (any, error) { // as an index that projects everything answers
		return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{{
			"pk": text("p"), "sk": text("s"), "ver": number("3"), "ttl": number("9999999999"), "status": text("new"), "secret": text("x"),
			"reportPartition": text("r"), "reportSort": text("1"), "duePartition": text("d"), "dueSort": text("2"),
		}}}, nil
	})
	page, err := rows.QueryIndex(t.Context(), "report", "r", table.Range{})
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Item{{
		Key: key, Index: map[string]table.IndexKey{"report": {Partition: "r", Sort: "1"}}, Attributes: table.Attributes{"status": "new"},
	}}
	if diff := cmp.Diff(want, page.Items); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPageOfAnIndexGoesOnAtTheVeryItem(t *testing.T) {
	last := map[string]types.AttributeValue{"pk": text("p"), "sk": text("s"), "duePartition": text("d"), "dueSort": text("2")}
	client, rows := faked(t, func(any) (any, error) { return &dynamodb.QueryOutput{LastEvaluatedKey: last}, nil })
	page, err := rows.QueryIndex(t.Context(), "due", "d", table.Range{Limit: 1})
	if err != nil || len(page.Items) != 0 || page.Next == "" {
		t.Fatalf("page %+v, error %v", page, err)
	}
	if _, err := rows.QueryIndex(t.Context(), "due", "d", table.Range{Limit: 1, After: page.Next}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain(last), plain(client.asked[1].(*dynamodb.QueryInput).ExclusiveStartKey)); diff != "" {
		t.Errorf("where the second page starts, -want +got:\n%s", diff)
	}
}

func TestOpenRefusesAFaultySpec(t *testing.T) {
	good := dynamo.Spec{Name: "messages", Partition: "pk", Sort: "sk"}
	for name, edit := range map[string]func(*dynamo.Spec){
		"no name":                       func(s *dynamo.Spec) { s.Name = "" },
		"name with a blank":             func(s *dynamo.Spec) { s.Name = "my messages" },
		"no partition key":              func(s *dynamo.Spec) { s.Partition = "" },
		"one attribute for both keys":   func(s *dynamo.Spec) { s.Sort = "pk" },
		"a key named as the version":    func(s *dynamo.Spec) { s.Sort = "ver" },
		"a key named as the expiry":     func(s *dynamo.Spec) { s.Partition = "ttl" },
		"a key named as an index's key": func(s *dynamo.Spec) { s.Sort, s.Indexes = "dueSort", []table.Index{{Name: "due"}} },
		"index without a name":          func(s *dynamo.Spec) { s.Indexes = []table.Index{{}} },
		"index with a short name":       func(s *dynamo.Spec) { s.Indexes = []table.Index{{Name: "by"}} },
		"index named twice":             func(s *dynamo.Spec) { s.Indexes = []table.Index{{Name: "due"}, {Name: "due"}} },
		"index that projects too much": func(s *dynamo.Spec) {
			s.Indexes = []table.Index{{Name: "due", Project: strings.Fields(strings.Repeat("x ", 20))}}
		},
		"index that projects a key": func(s *dynamo.Spec) { s.Indexes = []table.Index{{Name: "due", Project: []string{"sk"}}} },
	} {
		faulty := good
		edit(&faulty)
		if _, err := dynamo.Open(&fake{}, faulty); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("%s: got error %v, want %v", name, err, table.ErrInvalid)
		}
	}
}
