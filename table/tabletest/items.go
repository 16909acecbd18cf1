package tabletest

import (
	"context"
	"math"
	"strings"
	"testing"

	"ptpu/table"
)

var itemCases = []testCase{
	{"is read as it was put", func(t *testing.T, f fixture) {
		item := table.Item{
			Key:        f.key("a"),
			Index:      map[string]table.IndexKey{dueIndex: {Partition: f.partition("due"), Sort: "1"}},
			Attributes: table.Attributes{"status": "new"},
		}
		put(t, f, item)
		item.Version = 1
		wantItem(t, f, item)
	}},
	{"that was never put is not found", func(t *testing.T, f fixture) {
		wantNone(t, f, f.key("a"))
	}},
	{"is replaced as a whole", func(t *testing.T, f fixture) {
		put(t, f, table.Item{Key: f.key("a"), Attributes: table.Attributes{"old": "x", "both": "x"}})
		put(t, f, table.Item{Key: f.key("a"), Attributes: table.Attributes{"both": "y"}})
		wantItem(t, f, table.Item{Key: f.key("a"), Version: 2, Attributes: table.Attributes{"both": "y"}})
	}},
	{"has a version that grows by one, whatever the put says", func(t *testing.T, f fixture) {
		for want := int64(1); want <= 3; want++ {
			put(t, f, table.Item{Key: f.key("a"), Version: 77})
			wantItem(t, f, table.Item{Key: f.key("a"), Version: want})
		}
	}},
	{"that was deleted is not found and starts anew", func(t *testing.T, f fixture) {
		put(t, f, table.Item{Key: f.key("a")}, table.Item{Key: f.key("a")})
		write(t, f, table.Delete(f.key("a"), table.Always()))
		wantNone(t, f, f.key("a"))
		put(t, f, table.Item{Key: f.key("a")})
		wantItem(t, f, table.Item{Key: f.key("a"), Version: 1})
	}},
	{"that is not there may be deleted", func(t *testing.T, f fixture) {
		write(t, f, table.Delete(f.key("a"), table.Always()))
	}},
	{"keeps its attributes exactly", keepsAttributes},
	{"is told apart by each part of its key", func(t *testing.T, f fixture) {
		keys := []table.Key{
			{Partition: f.partition("p"), Sort: "ab"},
			{Partition: f.partition("pa"), Sort: "b"},
			{Partition: f.partition("P"), Sort: "ab"},
			{Partition: f.partition("p"), Sort: "AB"},
			{Partition: f.partition("p"), Sort: "ab "},
			{Partition: f.partition("p"), Sort: "\u00e1b"},
			{Partition: f.partition("p"), Sort: "a\u0301b"}, // looks the same
		}
		for i, key := range keys {
			put(t, f, table.Item{Key: key, Attributes: table.Attributes{"n": int64(i)}})
		}
		for i, key := range keys {
			wantItem(t, f, table.Item{Key: key, Version: 1, Attributes: table.Attributes{"n": int64(i)}})
		}
	}},
	{"is left alone once the context is cancelled", cancelled},
}

func keepsAttributes(t *testing.T, f fixture) {
	item := table.Item{Key: f.key("a"), Attributes: table.Attributes{
		"empty":     "",
		"text":      "plain",
		"markup":    `<a href="x">&amp;</a> \ ' ` + "\t\r\n\u2028",
		"unicode":   "Łódź 東京 \U0001F600 \u00e9 e\u0301",
		"number":    "0012",
		"null":      "null",
		"long":      strings.Repeat("0123456789", 10_000),
		"zero":      int64(0),
		"largest":   int64(math.MaxInt64),
		"smallest":  int64(math.MinInt64),
		"odd":       int64(1<<53 + 1), // no float64 holds it
		"yes":       true,
		"no":        false,
		"_class":    "a name with an underscore",
		"a-b.c d$é": "a name with anything",
	}}
	put(t, f, item)
	item.Version = 1
	wantItem(t, f, item)
	got, err := queryAll(t.Context(), f, item.Key.Partition, table.Range{})
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	if diff := equal([]table.Item{item}, got); diff != "" {
		t.Errorf("Query, -want +got:\n%s", diff)
	}
}

func cancelled(t *testing.T, f fixture) {
	put(t, f, table.Item{Key: f.key("a")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := f.Get(ctx, f.key("a"))
	_, queryErr := f.Query(ctx, f.partition("p"), table.Range{})
	_, indexErr := f.QueryIndex(ctx, dueIndex, f.partition("due"), table.Range{})
	for what, err := range map[string]error{
		"Get":        getErr,
		"Query":      queryErr,
		"QueryIndex": indexErr,
		"Write":      f.Write(ctx, table.Put(table.Item{Key: f.key("a")}, table.Always())),
	} {
		wantError(t, what, err, table.ErrUnavailable)
		wantError(t, what, err, context.Canceled)
	}
	wantItem(t, f, table.Item{Key: f.key("a"), Version: 1})
}

func withoutSortKey(t *testing.T, f fixture) {
	key := table.Key{Partition: f.partition("lock")}
	write(t, f, table.Put(table.Item{Key: key, Attributes: table.Attributes{"owner": "one"}}, table.Absent()))
	wantError(t, "a second put", f.Write(t.Context(), table.Put(table.Item{Key: key}, table.Absent())), table.ErrConflict)
	wantItem(t, f, table.Item{Key: key, Version: 1, Attributes: table.Attributes{"owner": "one"}})
	wantSorts(t, f, key.Partition, table.Range{}, "")
	write(t, f, table.Put(table.Item{Key: key}, table.VersionIs(1)))
	wantItem(t, f, table.Item{Key: key, Version: 2})
	withSort := table.Key{Partition: key.Partition, Sort: "x"}
	wantError(t, "a put with a sort key", f.Write(t.Context(), table.Put(table.Item{Key: withSort}, table.Always())), table.ErrInvalid)
	_, err := f.Get(t.Context(), withSort)
	wantError(t, "Get with a sort key", err, table.ErrInvalid)
	write(t, f, table.Delete(key, table.VersionIs(2)))
	wantNone(t, f, key)
}
