package tabletest

import (
	"errors"
	"testing"
	"time"

	"ptpu/table"
)

var expiryCases = []testCase{
	{"keeps an item until then, to the second", func(t *testing.T, f fixture) {
		expires := time.Now().Add(time.Hour)
		put(t, f, table.Item{Key: f.key("a"), Expires: expires})
		wantItem(t, f, table.Item{Key: f.key("a"), Version: 1, Expires: expires.UTC().Truncate(time.Second)})
	}},
	{"is forgotten by a put without", func(t *testing.T, f fixture) {
		put(t, f, table.Item{Key: f.key("a"), Expires: time.Now().Add(time.Hour)})
		put(t, f, table.Item{Key: f.key("a")})
		wantItem(t, f, table.Item{Key: f.key("a"), Version: 2})
	}},
	{"hides an item from every read", func(t *testing.T, f fixture) {
		kept, gone := f.placed("kept", dueIndex, "1"), f.placed("gone", dueIndex, "2")
		gone.Expires = time.Now().Add(-time.Second)
		put(t, f, kept, gone)
		wantNone(t, f, gone.Key)
		wantSorts(t, f, f.partition("p"), table.Range{}, "kept")
		wantSorts(t, f, f.partition("p"), table.Range{Limit: 1}, "kept")
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, kept)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{Limit: 1}, kept)
	}},
	{"moves with an item that stays in its place", func(t *testing.T, f fixture) {
		item := f.placed("a", dueIndex, "1")
		put(t, f, item)
		item.Expires = time.Now().Add(-time.Minute)
		put(t, f, item)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{})
		item.Expires = time.Time{}
		put(t, f, item)
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{}, item)
		wantItem(t, f, table.Item{Key: item.Key, Version: 1, Index: item.Index})
	}},
	{"comes by itself", func(t *testing.T, f fixture) {
		t.Parallel() // it takes up to two seconds
		item := f.placed("a", dueIndex, "1")
		item.Expires = time.Now().Add(2 * time.Second)
		put(t, f, item)
		if _, err := f.Get(t.Context(), item.Key); err != nil {
			t.Errorf("Get before it expires: %v", err)
		}
		Eventually(t, func() string {
			if _, err := f.Get(t.Context(), item.Key); !errors.Is(err, table.ErrNotFound) {
				return "the item is still there"
			}
			return ""
		})
		if early := time.Until(item.Expires.Truncate(time.Second)); early > 0 {
			t.Errorf("it was gone %s too early", early)
		}
		wantIndexed(t, f, dueIndex, f.partition("i"), table.Range{})
		write(t, f, table.Put(table.Item{Key: item.Key}, table.Absent()))
		wantItem(t, f, table.Item{Key: item.Key, Version: 1})
	}},
}
