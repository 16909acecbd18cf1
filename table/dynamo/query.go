package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	page, err := t.query(ctx, partition, r)
	if err != nil {
		return table.Page{}, t.failed("querying items", err)
	}
	return page, nil
}

func (t *Table) query(ctx context.Context, partition string, r table.Range) (page table.Page, err error) {
	if err := table.CheckRange(partition, r); err != nil {
		return table.Page{}, err
	}
	if t.spec.Sort == "" && (r.From != "" || r.After != "") || isEmpty(r) {
		return table.Page{}, nil
	}
	in := t.request(t.spec.Partition, t.spec.Sort, partition, r)
	in.ConsistentRead = aws.Bool(true)
	if r.After != "" {
		in.ExclusiveStartKey = t.spec.keyOf(table.Key{Partition: partition, Sort: r.After})
	}
	out, err := t.client.Query(ctx, in)
	if err != nil {
		return table.Page{}, err
	}
	now := time.Now()
	for _, stored := range out.Items {
		if !isOurs(stored) || expired(stored, now) {
			continue
		}
		item, err := t.spec.itemOf(stored)
		if err != nil {
			return table.Page{}, err
		}
		if r.To != "" && item.Key.Sort >= r.To {
			continue
		}
		item.Index = nil
		page.Items = append(page.Items, item)
	}
	// Without a sort key this is empty even when DynamoDB names a last key:
	// there is no second item in a partition.
	page.Next, _ = textOf(out.LastEvaluatedKey[t.spec.Sort])
	return page, nil
}

// QueryIndex implements table.Table.
func (t *Table) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	page, err := t.queryIndex(ctx, index, partition, r)
	if err != nil {
		return table.Page{}, t.failed("querying index "+index, err)
	}
	return page, nil
}

func (t *Table) queryIndex(ctx context.Context, name, partition string, r table.Range) (page table.Page, err error) {
	index, ok := t.spec.index(name)
	if !ok {
		return table.Page{}, fmt.Errorf("%w: no such index", table.ErrInvalid)
	}
	if err := table.CheckRange(partition, r); err != nil {
		return table.Page{}, err
	}
	if isEmpty(r) {
		return table.Page{}, nil
	}
	in := t.request(partitionOf(name), sortOf(name), partition, r)
	in.IndexName = &index.Name
	if in.ExclusiveStartKey, err = t.spec.decodePosition(name, partition, r.After); err != nil {
		return table.Page{}, err
	}
	out, err := t.client.Query(ctx, in)
	if err != nil {
		return table.Page{}, err
	}
	now := time.Now()
	for _, stored := range out.Items {
		if expired(stored, now) {
			continue
		}
		item, err := t.spec.itemOf(stored)
		if err != nil {
			return table.Page{}, err
		}
		if r.To != "" && item.Index[name].Sort >= r.To {
			continue
		}
		page.Items = append(page.Items, shownBy(index, item))
	}
	page.Next = t.spec.encodePosition(name, out.LastEvaluatedKey)
	return page, nil
}

// isEmpty reports whether nothing can be in the range. DynamoDB would refuse it.
func isEmpty(r table.Range) bool { return r.To != "" && r.From >= r.To }

// request is the query of one partition, of the table or of an index, by the
// names of its keys. DynamoDB takes one condition on the sort key, and with two
// bounds that is BETWEEN, which includes the upper one: the reader leaves out
// what stands there.
func (t *Table) request(partitionName, sortName, partition string, r table.Range) *dynamodb.QueryInput {
	names := map[string]string{"#partition": partitionName}
	values := row{":partition": text(partition)}
	condition := "#partition = :partition"
	if r.From != "" {
		values[":from"] = text(r.From)
	}
	if r.To != "" {
		values[":to"] = text(r.To)
	}
	switch {
	case sortName == "": // a partition of one item: the reader judges it
		delete(values, ":to")
	case r.From != "" && r.To != "":
		condition += " AND #sort BETWEEN :from AND :to"
	case r.From != "":
		condition += " AND #sort >= :from"
	case r.To != "":
		condition += " AND #sort < :to"
	}
	if len(values) > 1 {
		names["#sort"] = sortName
	}
	in := &dynamodb.QueryInput{
		TableName:                 &t.spec.Name,
		KeyConditionExpression:    &condition,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
		ScanIndexForward:          aws.Bool(!r.Newest),
	}
	if r.Limit > 0 {
		in.Limit = aws.Int32(int32(min(r.Limit, math.MaxInt32)))
	}
	return in
}

// encodePosition writes where a page of an index ended. Several items may share
// a place there, so the place alone would not do.
func (s Spec) encodePosition(index string, last row) string {
	if len(last) == 0 {
		return ""
	}
	var parts [3]string
	parts[0], _ = textOf(last[sortOf(index)])
	parts[1], _ = textOf(last[s.Partition])
	parts[2], _ = textOf(last[s.Sort])
	position, err := json.Marshal(parts)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(position)
}

func (s Spec) decodePosition(index, partition, after string) (map[string]types.AttributeValue, error) {
	if after == "" {
		return nil, nil
	}
	var parts [3]string
	if err := json.Unmarshal([]byte(after), &parts); err != nil {
		return nil, fmt.Errorf("%w: After is not from an earlier page", table.ErrInvalid)
	}
	last := s.keyOf(table.Key{Partition: parts[1], Sort: parts[2]})
	last[partitionOf(index)], last[sortOf(index)] = text(partition), text(parts[0])
	return last, nil
}
