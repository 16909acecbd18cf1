package store_test

import (
	"context"
	"maps"
	"testing"

	"ptpu"
	"ptpu/embedded/embeddedtest"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/sqlite"
)

// early is the table as a release had it that knew no index but due.
type early struct{ table.Table }

func (e early) Write(ctx context.Context, actions ...table.Action) error {
	for i, a := range actions {
		index := maps.Clone(a.Item.Index)
		delete(index, "created")
		actions[i].Item.Index = index
	}
	return e.Table.Write(ctx, actions...)
}

func TestRowsOfAnEarlierReleaseAreInReports(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	reopened := func(indexes []table.Index) table.Table {
		t.Helper()
		rows, err := sqlite.Open(t.Context(), file, sqlite.Spec{Name: "messages", Indexes: indexes, Places: store.Places})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := open(t, early{reopened([]table.Index{{Name: "due"}})})
	add(t, before, full("open"))
	add(t, before, small("done", booking+1, now))
	process(t, before, booking+1, now)
	record(t, before, ptpu.Action{At: now, What: "report downloaded"})

	s := open(t, reopened(store.Indexes()))
	wantSelected(t, s, ptpu.Selection{}, "open")
	wantSelected(t, s, ptpu.Selection{Processed: true}, "done")
	if got := due(t, s, full("open").Due); len(got) != 1 {
		t.Errorf("due: got %v, want what was due before", got)
	}
	process(t, s, booking, now)
	wantSelected(t, s, ptpu.Selection{})
	wantSelected(t, s, ptpu.Selection{Processed: true}, "done", "open")
}

func TestPlacesAreThoseThatARowWasWrittenWith(t *testing.T) {
	rows := messageTable(t)
	s := open(t, rows)
	add(t, s, full("m1"))
	key := table.Key{Partition: booking.String(), Sort: "message#m1"}
	stored, err := rows.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	without := stored
	without.Index = nil
	if got := store.Places(without); !maps.Equal(got, stored.Index) || len(got) != 2 {
		t.Errorf("got %v, want %v", got, stored.Index)
	}
	// A row that this version cannot read keeps what it has.
	stored.Attributes["status"] = int64(7)
	if got := store.Places(stored); !maps.Equal(got, stored.Index) {
		t.Errorf("an unreadable row: got %v, want %v", got, stored.Index)
	}
}
