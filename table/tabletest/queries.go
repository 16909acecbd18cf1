package tabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ptpu/table"
)

var queryCases = []testCase{
	{"answers in bytewise order", func(t *testing.T, f fixture) {
		want := []string{" ", "#", "0", "00", "1", "10", "2", "A", "B", "Z", "a", "a ", "a#", "aa", "b", "ä", "東", "\U0001F600"}
		if !slices.IsSorted(want) {
			t.Fatal("the test itself is out of order")
		}
		for i := range want { // put in another order
			put(t, f, table.Item{Key: f.key(want[(i*7)%len(want)])})
		}
		wantSorts(t, f, f.partition("p"), table.Range{}, want...)
		slices.Reverse(want)
		wantSorts(t, f, f.partition("p"), table.Range{Newest: true}, want...)
	}},
	{"keeps to its partition", func(t *testing.T, f fixture) {
		put(t, f,
			table.Item{Key: f.key("mine")},
			table.Item{Key: table.Key{Partition: f.partition("P"), Sort: "upper"}},
			table.Item{Key: table.Key{Partition: f.partition("pp"), Sort: "longer"}})
		wantSorts(t, f, f.partition("p"), table.Range{}, "mine")
		wantSorts(t, f, f.partition("nobody"), table.Range{})
	}},
	{"keeps to its range", ranges},
	{"comes in pages, in both directions", pages},
	{"shows whole items without their index places", func(t *testing.T, f fixture) {
		expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		item := table.Item{
			Key:        f.key("a"),
			Index:      map[string]table.IndexKey{dueIndex: {Partition: f.partition("due"), Sort: "1"}},
			Expires:    expires,
			Attributes: table.Attributes{"status": "new", "count": int64(1), "flag": true},
		}
		put(t, f, item, item)
		got, err := queryAll(t.Context(), f, f.partition("p"), table.Range{})
		if err != nil {
			t.Fatalf("Query: %v", err)
		}
		item.Version, item.Index = 2, nil
		if diff := equal([]table.Item{item}, got); diff != "" {
			t.Errorf("Query, -want +got:\n%s", diff)
		}
	}},
	{"gives every item, however large the answer", func(t *testing.T, f fixture) {
		// More than DynamoDB's megabyte, and than any page of a backend.
		const items, bytes = 1200, 1200
		filler := strings.Repeat("x", bytes)
		for first := 0; first < items; first += table.MaxActions {
			var actions []table.Action
			for i := first; i < first+table.MaxActions; i++ {
				actions = append(actions, table.Put(table.Item{
					Key:        f.key(fmt.Sprintf("%05d", i)),
					Attributes: table.Attributes{"filler": filler},
				}, table.Always()))
			}
			write(t, f, actions...)
		}
		got, err := queryAll(t.Context(), f, f.partition("p"), table.Range{})
		if err != nil || len(got) != items || !slices.IsSorted(sorts(got)) {
			t.Errorf("got %d items (error %v), want %d in order", len(got), err, items)
		}
	}},
}

func ranges(t *testing.T, f fixture) {
	for _, sort := range []string{"a", "b", "b#1", "b#2", "c", "d"} {
		put(t, f, table.Item{Key: f.key(sort)})
	}
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"", "", []string{"a", "b", "b#1", "b#2", "c", "d"}},
		{"b", "", []string{"b", "b#1", "b#2", "c", "d"}},
		{"", "c", []string{"a", "b", "b#1", "b#2"}},
		{"b#", "b$", []string{"b#1", "b#2"}}, // a prefix: $ follows #
		{"b", "c", []string{"b", "b#1", "b#2"}},
		{"bb", "bz", nil},
		{"c", "b", nil},
		{"c", "c", nil},
		{"e", "", nil},
		{"", "a", nil},
	} {
		for _, limit := range []int{0, 1, 2} {
			r := table.Range{From: c.from, To: c.to, Limit: limit}
			wantSorts(t, f, f.partition("p"), r, c.want...)
			newest := slices.Clone(c.want)
			slices.Reverse(newest)
			r.Newest = true
			wantSorts(t, f, f.partition("p"), r, newest...)
		}
	}
}

func pages(t *testing.T, f fixture) {
	const n = 7
	write(t, f, puts(f, n)...)
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprintf("%03d", i)
	}
	for limit := 1; limit <= n+1; limit++ {
		slices.Sort(want)
		wantSorts(t, f, f.partition("p"), table.Range{Limit: limit}, want...)
		slices.Reverse(want)
		wantSorts(t, f, f.partition("p"), table.Range{Limit: limit, Newest: true}, want...)
	}
	page, err := f.Query(t.Context(), f.partition("p"), table.Range{Limit: 3})
	if err != nil || !slices.Equal(sorts(page.Items), []string{"000", "001", "002"}) || page.Next == "" {
		t.Fatalf("first page: %q, next %q, error %v", sorts(page.Items), page.Next, err)
	}
	// What changes between two pages does not shift the second.
	write(t, f, table.Delete(f.key("002"), table.Always()), table.Put(table.Item{Key: f.key("000a")}, table.Always()))
	page, err = f.Query(t.Context(), f.partition("p"), table.Range{Limit: 2, After: page.Next})
	if err != nil || !slices.Equal(sorts(page.Items), []string{"003", "004"}) {
		t.Errorf("second page: %q, error %v", sorts(page.Items), err)
	}
}
