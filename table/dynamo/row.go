package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// row is an item, or its key, as DynamoDB has it.
type row = map[string]types.AttributeValue

// rowOf writes an item with this version.
func (s Spec) rowOf(item table.Item, version int64) row {
	r := s.keyOf(item.Key)
	r[versionAttribute] = number(version)
	if !item.Expires.IsZero() {
		r[ttlAttribute] = number(item.Expires.Unix())
	}
	for index, place := range item.Index {
		r[partitionOf(index)], r[sortOf(index)] = text(place.Partition), text(place.Sort)
	}
	for name, value := range item.Attributes {
		switch value := value.(type) {
		case string:
			r[name] = text(value)
		case int64:
			r[name] = number(value)
		case bool:
			r[name] = &types.AttributeValueMemberBOOL{Value: value}
		}
	}
	return r
}

// itemOf reads what rowOf writes.
func (s Spec) itemOf(r row) (table.Item, error) {
	var item table.Item
	var err error
	item.Key.Partition, _ = textOf(r[s.Partition])
	item.Key.Sort, _ = textOf(r[s.Sort])
	item.Version, _ = numberOf(r[versionAttribute])
	if seconds, ok := numberOf(r[ttlAttribute]); ok {
		item.Expires = time.Unix(seconds, 0).UTC()
	}
	for _, index := range s.Indexes {
		partition, ok := textOf(r[partitionOf(index.Name)])
		if !ok {
			continue
		}
		if item.Index == nil {
			item.Index = map[string]table.IndexKey{}
		}
		sort, _ := textOf(r[sortOf(index.Name)])
		item.Index[index.Name] = table.IndexKey{Partition: partition, Sort: sort}
	}
	own := s.own()
	item.Attributes = make(table.Attributes, len(r))
	for name, value := range r {
		if slices.Contains(own, name) {
			continue
		}
		if item.Attributes[name], err = valueOf(value); err != nil {
			return table.Item{}, fmt.Errorf("reading stored attribute %s: %w", name, err)
		}
	}
	return item, nil
}

// shownBy reduces an item to what a query of the index promises. DynamoDB may
// project more, to show the expiry or for someone else.
func shownBy(index table.Index, item table.Item) table.Item {
	shown := table.Item{
		Key:        item.Key,
		Index:      map[string]table.IndexKey{index.Name: item.Index[index.Name]},
		Attributes: table.Attributes{},
	}
	for _, name := range index.Project {
		if value, ok := item.Attributes[name]; ok {
			shown.Attributes[name] = value
		}
	}
	return shown
}

// isOurs reports whether the row is there and was written by this package.
func isOurs(r row) bool {
	_, ok := numberOf(r[versionAttribute])
	return ok
}

// expired reports whether the row counts as absent at now.
func expired(r row, now time.Time) bool {
	seconds, ok := numberOf(r[ttlAttribute])
	return ok && seconds <= now.Unix()
}

func number(n int64) *types.AttributeValueMemberN {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func textOf(value types.AttributeValue) (string, bool) {
	s, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func numberOf(value types.AttributeValue) (int64, bool) {
	n, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	return i, err == nil
}

// valueOf reads one attribute. Numbers never go through float64, which cannot
// hold each int64.
func valueOf(value types.AttributeValue) (any, error) {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return value.Value, nil
	case *types.AttributeValueMemberBOOL:
		return value.Value, nil
	case *types.AttributeValueMemberN:
		if n, ok := numberOf(value); ok {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%w: it is neither text nor a whole number nor a flag (%T)", table.ErrInvalid, value)
}
