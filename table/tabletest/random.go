package tabletest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ptpu/table"
)

// anyOperations lets rapid make up operations and compares each answer with the
// model's. The names are few, so that operations meet.
func anyOperations(t *testing.T, tb table.Table) {
	rapid.Check(t, func(rt *rapid.T) {
		p := play{table: tb, prefix: fresh(), model: model{}}
		rt.Repeat(map[string]func(*rapid.T){
			"write": p.write,
			"get":   p.get,
			"query": p.query,
			"index": p.queryIndex,
		})
	})
}

type play struct {
	table  table.Table
	prefix string
	model  model
}

var (
	partitions = rapid.SampledFrom([]string{"p", "q", "P"})
	// Some are beginnings of others, and some are not ASCII.
	sortKeys  = rapid.SampledFrom([]string{"a", "a#", "a#1", "a#2", "b", "B", "é", "\U0001F600"})
	bounds    = rapid.OneOf(rapid.Just(""), sortKeys)
	values    = rapid.OneOf(rapid.String().Filter(utf8Only).AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny())
	names     = rapid.SampledFrom([]string{"status", "count", "other"})
	inIndexes = []table.Index{{Name: dueIndex}, {Name: reportIndex, Project: []string{"status", "count"}}}
)

func utf8Only(s string) bool { return strings.ToValidUTF8(s, "") == s }

func (p *play) key(rt *rapid.T) table.Key {
	return table.Key{Partition: p.prefix + partitions.Draw(rt, "partition"), Sort: sortKeys.Draw(rt, "sort")}
}

func (p *play) item(rt *rapid.T, key table.Key) table.Item {
	item := table.Item{Key: key, Attributes: rapid.MapOfN(names, values, 0, 3).Draw(rt, "attributes")}
	for _, index := range inIndexes {
		if rapid.Bool().Draw(rt, "in "+index.Name) {
			if item.Index == nil {
				item.Index = map[string]table.IndexKey{}
			}
			item.Index[index.Name] = table.IndexKey(p.key(rt))
		}
	}
	// Far from now on either side: the model has no clock.
	now := time.Now().UTC().Truncate(time.Second)
	item.Expires = rapid.SampledFrom([]time.Time{{}, {}, now.Add(time.Hour), now.Add(-time.Hour)}).Draw(rt, "expires")
	return item
}

func (p *play) condition(rt *rapid.T, key table.Key) table.Condition {
	return rapid.SampledFrom([]table.Condition{
		table.Always(), table.Absent(), table.VersionIs(p.model[key].Version), table.VersionIs(2),
	}).Draw(rt, "condition")
}

func (p *play) write(rt *rapid.T) {
	keys := rapid.SliceOfNDistinct(rapid.Custom(p.key), 1, 4, rapid.ID[table.Key]).Draw(rt, "keys")
	var actions []table.Action
	for _, key := range keys {
		cond := p.condition(rt, key)
		if rapid.IntRange(0, 3).Draw(rt, "delete at 0") == 0 {
			actions = append(actions, table.Delete(key, cond))
		} else {
			actions = append(actions, table.Put(p.item(rt, key), cond))
		}
	}
	want := p.model.write(actions)
	if got := p.table.Write(context.Background(), actions...); !errors.Is(got, want) {
		rt.Fatalf("Write: got %v, want %v", got, want)
	}
}

func (p *play) get(rt *rapid.T) {
	key := p.key(rt)
	got, err := p.table.Get(context.Background(), key)
	want, there := p.model[key]
	if !there {
		if !errors.Is(err, table.ErrNotFound) {
			rt.Fatalf("Get(%v): got %+v and error %v, want none", key, got, err)
		}
		return
	}
	if diff := equal(want, got); err != nil || diff != "" {
		rt.Fatalf("Get(%v): error %v, -want +got:\n%s", key, err, diff)
	}
}

func (p *play) someRange(rt *rapid.T) table.Range {
	return table.Range{
		From:   bounds.Draw(rt, "from"),
		To:     bounds.Draw(rt, "to"),
		Limit:  rapid.IntRange(0, 3).Draw(rt, "limit"),
		Newest: rapid.Bool().Draw(rt, "newest"),
	}
}

func (p *play) query(rt *rapid.T) {
	partition, r := p.prefix+partitions.Draw(rt, "partition"), p.someRange(rt)
	got, err := queryAll(context.Background(), p.table, partition, r)
	if diff := equal(p.model.query(partition, r), got); err != nil || diff != "" {
		rt.Fatalf("Query(%+v): error %v, -want +got:\n%s", r, err, diff)
	}
}

func (p *play) queryIndex(rt *rapid.T) {
	partition, r := p.prefix+partitions.Draw(rt, "partition"), p.someRange(rt)
	index := rapid.SampledFrom(inIndexes).Draw(rt, "index")
	want := p.model.queryIndex(index, partition, r)
	Eventually(rt, func() string {
		got, err := indexAll(context.Background(), p.table, index.Name, partition, r)
		if err != nil {
			return err.Error()
		}
		if !inOrder(got, index.Name, r.Newest) {
			return fmt.Sprintf("QueryIndex(%s, %+v): out of order: %+v", index.Name, r, got)
		}
		tidy(got, index.Name, r.Newest)
		return equal(want, got)
	})
}

func inOrder(items []table.Item, index string, newest bool) bool {
	return slices.IsSortedFunc(items, func(a, b table.Item) int {
		byPlace := strings.Compare(a.Index[index].Sort, b.Index[index].Sort)
		if newest {
			return -byPlace
		}
		return byPlace
	})
}
