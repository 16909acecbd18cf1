package sqlite_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
)

// release is a table as one release of a program opens it: with one index, in
// which each item stands by its attribute "number".
func release(index string, project ...string) sqlite.Spec {
	return sqlite.Spec{
		Name:    "messages",
		Indexes: []table.Index{{Name: index, Project: project}},
		Places: func(item table.Item) map[string]table.IndexKey {
			return map[string]table.IndexKey{index: {Partition: "i", Sort: fmt.Sprintf("%04d", item.Attributes["number"])}}
		},
	}
}

// numbered is an item as that release puts it.
func numbered(spec sqlite.Spec, n int64) table.Item {
	item := table.Item{
		Key:        table.Key{Partition: "p", Sort: fmt.Sprint(n)},
		Attributes: table.Attributes{"number": n, "status": "new", "text": "x"},
	}
	item.Index = spec.Places(item)
	return item
}

// wantInIndex wants these numbers in the index, in order, and shown of each item
// nothing but what the index projects.
func wantInIndex(t *testing.T, rows *sqlite.Table, index string, shown table.Attributes, numbers ...int64) {
	t.Helper()
	var got []string
	for r := (table.Range{}); ; {
		page, err := rows.QueryIndex(t.Context(), index, "i", r)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			got = append(got, item.Key.Sort)
			if diff := cmp.Diff(shown, item.Attributes); diff != "" {
				t.Errorf("item %s shows (want -, got +):\n%s", item.Key.Sort, diff)
			}
		}
		if r.After = page.Next; r.After == "" {
			break
		}
	}
	var want []string
	for _, n := range numbers {
		want = append(want, fmt.Sprint(n))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("index %s (want -, got +):\n%s", index, diff)
	}
}

func TestAnAddedIndexHoldsWhatWasStoredBefore(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	const items = 1234 // more than are placed at once
	before, after := release("old"), release("new", "status")
	rows := openTable(t, file, before)
	var numbers []int64
	for n := range int64(items) {
		put(t, rows, numbered(before, n))
		numbers = append(numbers, n)
	}
	expired := numbered(before, items)
	expired.Expires = time.Now().Add(-time.Minute)
	put(t, rows, expired)

	rows = openTable(t, file, after)
	wantInIndex(t, rows, "new", table.Attributes{"status": "new"}, numbers...)
	wantRows(t, file, "messages_places", items+1)
	got, err := rows.Get(t.Context(), table.Key{Partition: "p", Sort: "7"})
	want := numbered(after, 7)
	want.Version = 1
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("an item that was placed, error %v (want -, got +):\n%s", err, diff)
	}
	put(t, rows, table.Item{Key: got.Key}) // it leaves the index again
	wantRows(t, file, "messages_places", items)
}

func TestAWiderProjectionShowsWhatWasStoredBefore(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	before, after := release("report", "status"), release("report", "status", "text")
	put(t, openTable(t, file, before), numbered(before, 1))
	wantInIndex(t, openTable(t, file, after), "report", table.Attributes{"status": "new", "text": "x"}, 1)
}

// A release that is taken back leaves items that its successor has never placed.
func TestAnIndexThatWasDroppedForAWhileIsWhole(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	with, without := release("new"), release("old")
	put(t, openTable(t, file, with), numbered(with, 1))
	put(t, openTable(t, file, without), numbered(without, 2))
	wantInIndex(t, openTable(t, file, with), "new", table.Attributes{}, 1, 2)
}

func TestWhatIsPlacedIsNotPlacedAgain(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	before, after := release("old"), release("new")
	put(t, openTable(t, file, before), numbered(before, 1))
	placed, places := 0, after.Places
	after.Places = func(item table.Item) map[string]table.IndexKey {
		placed++
		return places(item)
	}
	for range 3 {
		openTable(t, file, after)
	}
	if placed != 1 {
		t.Errorf("the item was placed %d times, want once", placed)
	}
}

// An index that lacks rows would make reports that lack rows.
func TestOpenRefusesItemsThatItCannotPlace(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	before, after := release("old"), release("new")
	put(t, openTable(t, file, before), numbered(before, 1))
	after.Places = nil
	for range 2 {
		if _, err := sqlite.Open(t.Context(), file, after); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("got error %v, want %v", err, table.ErrInvalid)
		}
	}
	after.Places = func(table.Item) map[string]table.IndexKey {
		return map[string]table.IndexKey{"another": {Partition: "i", Sort: "1"}}
	}
	if _, err := sqlite.Open(t.Context(), file, after); !errors.Is(err, table.ErrInvalid) {
		t.Errorf("placed in an index that is not declared: got error %v, want %v", err, table.ErrInvalid)
	}
}

// Files of the first release do not note what their items are placed in.
func TestAFileOfTheFirstReleaseIsPlaced(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	before, after := release("due"), release("due")
	put(t, openTable(t, file, before), numbered(before, 1))
	err := file.Write(t.Context(), func(tx *embedded.Tx) error {
		_, err := tx.Exec(`DROP TABLE messages_indexes;
			UPDATE migrations SET version = 1 WHERE component = 'table/messages'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after.Indexes = append(after.Indexes, table.Index{Name: "new"})
	after.Places = func(item table.Item) map[string]table.IndexKey {
		places := before.Places(item)
		places["new"] = places["due"]
		return places
	}
	rows := openTable(t, file, after)
	wantInIndex(t, rows, "due", table.Attributes{}, 1)
	wantInIndex(t, rows, "new", table.Attributes{}, 1)
}
