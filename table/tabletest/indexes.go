package tabletest

import (
	"fmt"
	"slices"
	"testing"

	"ptpu/table"
)

// placed is an item with a place in one index, as a query of it shows the item.
func (f fixture) placed(sort, index, place string) table.Item {
	return table.Item{
		Key:   f.key(sort),
		Index: map[string]table.IndexKey{index: {Partition: f.partition("i"), Sort: place}},
	}
}

var indexCases = []testCase{
	{"is sparse and ordered bytewise", func(t *testing.T, f fixture) {
		first, second, third := f.placed("c", dueIndex, "10"), f.placed("a", dueIndex, "2"), f.placed("b", dueIndex, "a")
		put(t, f, third, first, table.Item{Key: f.key("nowhere")}, second, f.placed("elsewhere", reportIndex, "1"))
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, first, second, third)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{Newest: true}, third, second, first)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{From: "2"}, second, third)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{To: "2"}, first)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{From: "2", To: "3", Newest: true}, second)
		wantIndexed(t, f, dueIndex, f.partition("nobody"), table.Range{})
	}},
	{"gathers items of any partition", func(t *testing.T, f fixture) {
		one, two := f.placed("x", dueIndex, "1"), f.placed("x", dueIndex, "2")
		two.Key.Partition = f.partition("another")
		put(t, f, two, one)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, one, two)
	}},
	{"holds several items in one place", duplicates},
	{"follows an item that moves", func(t *testing.T, f fixture) {
		put(t, f, f.placed("a", dueIndex, "1"))
		moved := f.placed("a", dueIndex, "2")
		put(t, f, moved)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, moved)
		away := table.Item{Key: moved.Key, Index: map[string]table.IndexKey{dueIndex: {Partition: f.partition("j"), Sort: "2"}}}
		put(t, f, away)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{})
		wantIndexed(t, f, dueIndex, f.partition("j"), table.Range{}, away)
	}},
	{"lets go of an item that leaves it", func(t *testing.T, f fixture) {
		both := f.placed("a", dueIndex, "1")
		both.Index[reportIndex] = table.IndexKey{Partition: f.partition("i"), Sort: "1"}
		put(t, f, both)
		put(t, f, f.placed("a", reportIndex, "1"))
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{})
		wantIndexed(t, f, reportIndex, f.partition("i"), table.Range{}, f.placed("a", reportIndex, "1"))
	}},
	{"lets go of an item that is deleted", func(t *testing.T, f fixture) {
		put(t, f, f.placed("a", dueIndex, "1"), f.placed("b", dueIndex, "1"))
		write(t, f, table.Delete(f.key("a"), table.Always()))
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, f.placed("b", dueIndex, "1"))
	}},
	{"shows the projected attributes, as they are now", func(t *testing.T, f fixture) {
		item := f.placed("a", reportIndex, "1")
		item.Index[dueIndex] = item.Index[reportIndex]
		item.Attributes = table.Attributes{"status": "new", "secret": "x"}
		put(t, f, item)
		shown := f.placed("a", reportIndex, "1")
		shown.Attributes = table.Attributes{"status": "new"}
		wantIndexed(t, f, reportIndex, f.partition("i"), table.Range{}, shown)
		item.Attributes = table.Attributes{"status": "", "count": int64(1<<53 + 1), "secret": "y"}
		put(t, f, item)
		shown.Attributes = table.Attributes{"status": "", "count": int64(1<<53 + 1)}
		wantIndexed(t, f, reportIndex, f.partition("i"), table.Range{}, shown)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, f.placed("a", dueIndex, "1"))
	}},
}

// duplicates pages through items that share their places. Each comes once,
// though their order within a place is the backend's affair.
func duplicates(t *testing.T, f fixture) {
	want := map[string]string{} // place of each item
	for i := range 9 {
		sort, place := fmt.Sprintf("item %d", i), fmt.Sprintf("place %d", i/4)
		want[sort] = place
		put(t, f, f.placed(sort, dueIndex, place))
	}
	for _, r := range []table.Range{{}, {Limit: 2}, {Limit: 2, Newest: true}, {Limit: 1, From: "place 0", To: "place 9"}} {
		Eventually(t, func() string {
			items, err := indexAll(t.Context(), f, dueIndex, f.partition("i"), r)
			if err != nil {
				return err.Error()
			}
			if r.Newest {
				slices.Reverse(items)
			}
			got := map[string]string{}
			var places []string
			for _, item := range items {
				place := item.Index[dueIndex].Sort
				got[item.Key.Sort] = place
				places = append(places, place)
			}
			if len(items) != len(want) || !slices.IsSorted(places) {
				return fmt.Sprintf("%+v: got %d items in places %q", r, len(items), places)
			}
			return equal(want, got)
		})
	}
}
