package dynamo_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
	"ptpu/table/units"
)

// Package units has to know, without any SDK, how large a row is here.
func TestUnitsKnowTheSizeOfARow(t *testing.T) {
	client, rows := faked(t, nil)
	for i, item := range []table.Item{
		{Key: key},
		{Key: key, Attributes: table.Attributes{"offenderNo": "A1111BC", "name": "é東京", "reportable": true, "retryCount": int64(40)}},
		{Key: key, Attributes: table.Attributes{"least": int64(math.MinInt64), "none": int64(0)}},
		{
			Key: key, Expires: time.Unix(1893553445, 0),
			Index: map[string]table.IndexKey{"due": {Partition: "due#07", Sort: "now"}, "report": {Partition: "r", Sort: "1"}},
		},
	} {
		if err := rows.Write(t.Context(), table.Put(item, table.VersionIs(9))); err != nil {
			t.Fatal(err)
		}
		want := 0
		for name, value := range client.asked[i].(*dynamodb.PutItemInput).Item {
			want += len(name) + bytesOf(value)
		}
		item.Version = 10
		if got := units.Size(item); got != want {
			t.Errorf("item %d: units counts %d bytes, the row has %d", i, got, want)
		}
	}
}

func bytesOf(value types.AttributeValue) int {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return len(value.Value)
	case *types.AttributeValueMemberN:
		significant := strings.TrimRight(strings.TrimLeft(value.Value, "-0"), "0")
		return (len(significant)+1)/2 + 1
	default:
		return 1
	}
}
