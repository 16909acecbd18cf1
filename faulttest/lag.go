package faulttest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"ptpu/table"
)

// Lagging is the table as all processes share it, with an index that shows each
// write some time after it, as rules of kind Lag say. It keeps the index itself,
// and shows keys only; the rows must all be written through it.
func (f *Faults) Lagging(t table.Table, index string) table.Table {
	return &laggingTable{Table: t, faults: f, index: index, places: map[table.Key][]place{}, times: map[table.Key]int{}}
}

type laggingTable struct {
	table.Table
	faults *Faults
	index  string

	mu     sync.Mutex
	places map[table.Key][]place
	times  map[table.Key]int
}

// place is where the index shows a row from an instant on; an empty one is
// nowhere.
type place struct {
	from time.Time
	at   table.IndexKey
	// expires is when the row is no longer there; zero: never.
	expires time.Time
}

// Write implements table.Table.
func (t *laggingTable) Write(ctx context.Context, actions ...table.Action) error {
	if err := t.Table.Write(ctx, actions...); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, action := range actions {
		key := action.Item.Key
		next := place{at: action.Item.Index[t.index], expires: action.Item.Expires}
		if len(t.places[key]) == 0 && next.at == (table.IndexKey{}) {
			continue
		}
		next.from = t.shownFrom(key)
		t.places[key] = append(t.forget(key), next)
	}
	return nil
}

// shownFrom is from when on the index shows a write of now. It never shows an
// earlier write of the row after a later one.
func (t *laggingTable) shownFrom(key table.Key) time.Time {
	now := time.Now()
	t.times[key]++
	from := now
	c := Call{Seam: Table, Op: t.index, Key: rowOf(key), Time: t.times[key]}
	for _, i := range t.faults.standing(now) {
		rule, n := t.faults.plan.Rules[i], strconv.Itoa(i)
		if rule.Kind == Lag && rule.fits(c, now) && chance(t.faults.plan.Seed, c.parts("rate", n)...) < rule.Rate {
			lag := time.Duration(chance(t.faults.plan.Seed, c.parts("lag", n)...) * float64(rule.Latency))
			from = now.Add(lag)
			t.faults.note(c, rule, lag)
		}
	}
	if before := t.places[key]; len(before) > 0 && from.Before(before[len(before)-1].from) {
		from = before[len(before)-1].from
	}
	return from
}

// forget drops what the index will never show again.
func (t *laggingTable) forget(key table.Key) []place {
	places := t.places[key]
	now := time.Now()
	for len(places) > 1 && !places[1].from.After(now) {
		places = places[1:]
	}
	return places
}

// QueryIndex implements table.Table.
func (t *laggingTable) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	if index != t.index {
		return t.Table.QueryIndex(ctx, index, partition, r)
	}
	// The real one is asked too: it has to answer as well.
	if _, err := t.Table.QueryIndex(ctx, index, partition, r); err != nil {
		return table.Page{}, err
	}
	items := t.shown(partition, r)
	var page table.Page
	from, _ := strconv.Atoi(r.After) // it is ours
	items = items[min(from, len(items)):]
	if r.Limit > 0 && len(items) > r.Limit {
		items = items[:r.Limit]
		page.Next = strconv.Itoa(from + r.Limit)
	}
	page.Items = items
	return page, nil
}

func (t *laggingTable) shown(partition string, r table.Range) []table.Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	var items []table.Item
	for key := range t.places {
		t.places[key] = t.forget(key)
		shown := t.places[key][0]
		there := !shown.from.After(now) && (shown.expires.IsZero() || shown.expires.After(now))
		if !there || shown.at.Partition != partition || shown.at.Sort < r.From || r.To != "" && shown.at.Sort >= r.To {
			continue
		}
		items = append(items, table.Item{Key: key, Index: map[string]table.IndexKey{t.index: shown.at}, Attributes: table.Attributes{}})
	}
	slices.SortFunc(items, func(a, b table.Item) int {
		return cmp.Or(
			cmp.Compare(a.Index[t.index].Sort, b.Index[t.index].Sort),
			cmp.Compare(a.Key.Partition, b.Key.Partition),
			cmp.Compare(a.Key.Sort, b.Key.Sort))
	})
	if r.Newest {
		slices.Reverse(items)
	}
	maps.DeleteFunc(t.places, func(_ table.Key, places []place) bool {
		return len(places) == 1 && places[0].at == (table.IndexKey{}) && !places[0].from.After(now)
	})
	return items
}
