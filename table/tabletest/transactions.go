package tabletest

import (
	"fmt"
	"testing"

	"ptpu/table"
)

var transactionCases = []testCase{
	{"puts and deletes together", func(t *testing.T, f fixture) {
		other := table.Key{Partition: f.partition("another"), Sort: "x"}
		put(t, f, table.Item{Key: f.key("old")}, table.Item{Key: f.key("kept")})
		write(t, f,
			table.Put(table.Item{Key: f.key("new")}, table.Absent()),
			table.Delete(f.key("old"), table.VersionIs(1)),
			table.Put(table.Item{Key: f.key("kept")}, table.VersionIs(1)),
			table.Put(table.Item{Key: other}, table.Always()),
		)
		wantItem(t, f, table.Item{Key: f.key("new"), Version: 1})
		wantNone(t, f, f.key("old"))
		wantItem(t, f, table.Item{Key: f.key("kept"), Version: 2})
		wantItem(t, f, table.Item{Key: other, Version: 1})
	}},
	{"of the most actions is applied", func(t *testing.T, f fixture) {
		write(t, f, puts(f, table.MaxActions)...)
		items, err := queryAll(t.Context(), f, f.partition("p"), table.Range{})
		if err != nil || len(items) != table.MaxActions {
			t.Errorf("got %d items (error %v), want %d", len(items), err, table.MaxActions)
		}
	}},
	{"writes nothing when its last condition fails", func(t *testing.T, f fixture) {
		last := table.MaxActions - 1
		actions := puts(f, table.MaxActions)
		put(t, f, actions[last].Item)
		put(t, f, table.Item{Key: f.key("deleted")})
		actions[0] = table.Delete(f.key("deleted"), table.Always())
		wantError(t, "Write", f.Write(t.Context(), actions...), table.ErrConflict)
		wantSorts(t, f, f.partition("p"), table.Range{}, actions[last].Item.Key.Sort, "deleted")
		wantItem(t, f, table.Item{Key: actions[last].Item.Key, Version: 1, Attributes: actions[last].Item.Attributes})
	}},
	{"writes nothing when its first condition fails", func(t *testing.T, f fixture) {
		wantError(t, "Write", f.Write(t.Context(),
			table.Delete(f.key("a"), table.VersionIs(1)),
			table.Put(table.Item{Key: f.key("b")}, table.Always()),
		), table.ErrConflict)
		wantNone(t, f, f.key("b"))
	}},
	{"leaves the index alone when it fails", func(t *testing.T, f fixture) {
		due := f.partition("due")
		item := table.Item{Key: f.key("a"), Index: map[string]table.IndexKey{dueIndex: {Partition: due, Sort: "1"}}}
		put(t, f, item)
		moved := table.Item{Key: f.key("a"), Index: map[string]table.IndexKey{dueIndex: {Partition: due, Sort: "2"}}}
		wantError(t, "Write", f.Write(t.Context(),
			table.Put(moved, table.VersionIs(1)),
			table.Put(table.Item{Key: f.key("b")}, table.VersionIs(1)),
		), table.ErrConflict)
		wantIndexed(t, f, dueIndex, due, table.Range{}, item)
	}},
	{"judges its conditions before any of its changes", func(t *testing.T, f fixture) {
		put(t, f, table.Item{Key: f.key("a")})
		wantError(t, "Write", f.Write(t.Context(),
			table.Delete(f.key("a"), table.VersionIs(1)),
			table.Put(table.Item{Key: f.key("b")}, table.VersionIs(1)),
		), table.ErrConflict)
		wantItem(t, f, table.Item{Key: f.key("a"), Version: 1})
	}},
}

// puts are actions that put n new items, in the order of their keys.
func puts(f fixture, n int) []table.Action {
	var actions []table.Action
	for i := range n {
		item := table.Item{Key: f.key(fmt.Sprintf("%03d", i)), Attributes: table.Attributes{"n": int64(i)}}
		actions = append(actions, table.Put(item, table.Absent()))
	}
	return actions
}
