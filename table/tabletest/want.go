package tabletest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ptpu/table"
)

// patience is how long an index may lag.
const patience = 10 * time.Second

// equal compares items. No attributes and none at all are the same.
func equal(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func write(t *testing.T, tb table.Table, actions ...table.Action) {
	t.Helper()
	if err := tb.Write(t.Context(), actions...); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func put(t *testing.T, tb table.Table, items ...table.Item) {
	t.Helper()
	for _, item := range items {
		write(t, tb, table.Put(item, table.Always()))
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// wantItem reads the item back and compares all of it.
func wantItem(t *testing.T, tb table.Table, want table.Item) {
	t.Helper()
	got, err := tb.Get(t.Context(), want.Key)
	if err != nil {
		t.Errorf("Get(%v): %v", want.Key, err)
		return
	}
	if diff := equal(want, got); diff != "" {
		t.Errorf("Get(%v), -want +got:\n%s", want.Key, diff)
	}
}

func wantNone(t *testing.T, tb table.Table, keys ...table.Key) {
	t.Helper()
	for _, key := range keys {
		_, err := tb.Get(t.Context(), key)
		wantError(t, "Get", err, table.ErrNotFound)
	}
}

// all follows a query to its end. It checks that no page is over its limit, and
// gives up a query that goes round in circles.
func all(query func(table.Range) (table.Page, error), r table.Range) ([]table.Item, error) {
	var items []table.Item
	for range 10_000 {
		page, err := query(r)
		if err != nil {
			return nil, err
		}
		if r.Limit > 0 && len(page.Items) > r.Limit {
			return nil, errors.New("a page is longer than its limit")
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, nil
		}
		r.After = page.Next
	}
	return nil, errors.New("the pages have no end")
}

func queryAll(ctx context.Context, tb table.Table, partition string, r table.Range) ([]table.Item, error) {
	return all(func(r table.Range) (table.Page, error) { return tb.Query(ctx, partition, r) }, r)
}

func indexAll(ctx context.Context, tb table.Table, index, partition string, r table.Range) ([]table.Item, error) {
	return all(func(r table.Range) (table.Page, error) { return tb.QueryIndex(ctx, index, partition, r) }, r)
}

func sorts(items []table.Item) []string {
	var sorts []string
	for _, item := range items {
		sorts = append(sorts, item.Key.Sort)
	}
	return sorts
}

// wantSorts queries a partition, and wants the items with these sort keys.
func wantSorts(t *testing.T, tb table.Table, partition string, r table.Range, want ...string) {
	t.Helper()
	items, err := queryAll(t.Context(), tb, partition, r)
	if err != nil {
		t.Errorf("Query(%+v): %v", r, err)
		return
	}
	if got := sorts(items); !slices.Equal(got, want) {
		t.Errorf("Query(%+v): got %q, want %q", r, got, want)
	}
}

// wantIndexed waits until a query of the index answers with these items.
func wantIndexed(t *testing.T, tb table.Table, index, partition string, r table.Range, want ...table.Item) {
	t.Helper()
	Eventually(t, func() string {
		got, err := indexAll(t.Context(), tb, index, partition, r)
		if err != nil {
			return err.Error()
		}
		return equal(want, got)
	})
}

// Eventually calls fault until it returns nothing, for as long as an index may
// lag, and then fails the test with what it returned last. A backend whose
// indexes never lag passes at the first call.
func Eventually(t interface {
	Helper()
	Errorf(format string, args ...any)
	Context() context.Context
}, fault func() string,
) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		last := fault()
		if last == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("still after %s: %s", patience, last)
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
