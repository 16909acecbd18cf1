package tabletest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"ptpu/table"
)

// model is a table in its simplest form: what a backend must be
// indistinguishable from. It knows no time: an item that has expired already
// when it is put is not kept.
type model map[table.Key]table.Item

// write applies the actions, or returns table.ErrConflict and changes nothing.
func (m model) write(actions []table.Action) error {
	for _, action := range actions {
		stored, there := m[action.Item.Key]
		version, wanted := action.If.Version()
		if action.If.Absent() && there || wanted && (!there || stored.Version != version) {
			return table.ErrConflict
		}
	}
	for _, action := range actions {
		key := action.Item.Key
		version := m[key].Version + 1
		delete(m, key)
		if item := action.Item; !action.Delete && (item.Expires.IsZero() || item.Expires.After(time.Now())) {
			item.Version = version
			m[key] = item
		}
	}
	return nil
}

// query answers a query of a partition as a whole.
func (m model) query(partition string, r table.Range) []table.Item {
	var found []table.Item
	for key, item := range m {
		if key.Partition == partition && within(key.Sort, r) {
			item.Index = nil
			found = append(found, item)
		}
	}
	slices.SortFunc(found, func(a, b table.Item) int { return strings.Compare(a.Key.Sort, b.Key.Sort) })
	if r.Newest {
		slices.Reverse(found)
	}
	return found
}

// queryIndex answers a query of an index as a whole.
func (m model) queryIndex(index table.Index, partition string, r table.Range) []table.Item {
	var found []table.Item
	for key, item := range m {
		place, ok := item.Index[index.Name]
		if ok && place.Partition == partition && within(place.Sort, r) {
			shown := maps.Clone(item.Attributes)
			maps.DeleteFunc(shown, func(name string, _ any) bool { return !slices.Contains(index.Project, name) })
			found = append(found, table.Item{Key: key, Index: map[string]table.IndexKey{index.Name: place}, Attributes: shown})
		}
	}
	tidy(found, index.Name, r.Newest)
	return found
}

func within(sort string, r table.Range) bool {
	return sort >= r.From && (r.To == "" || sort < r.To)
}

// tidy puts items of an index in its order, and those that share a place in the
// order of their keys, for comparison.
func tidy(items []table.Item, index string, newest bool) {
	slices.SortFunc(items, func(a, b table.Item) int {
		byPlace := strings.Compare(a.Index[index].Sort, b.Index[index].Sort)
		if newest {
			byPlace = -byPlace
		}
		return cmp.Or(byPlace, strings.Compare(a.Key.Partition, b.Key.Partition), strings.Compare(a.Key.Sort, b.Key.Sort))
	})
}
