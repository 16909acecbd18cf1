package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
)

func TestSweepRemovesWhatHasExpired(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	rows := openTable(t, file, sqlite.Spec{Name: "messages", Indexes: []table.Index{{Name: "due"}}})
	now := time.Now()
	for n, expires := range []time.Time{{}, now.Add(time.Hour), now, now.Add(-time.Hour), now.Add(-time.Minute)} {
		put(t, rows, table.Item{
			Key:     table.Key{Partition: "p", Sort: fmt.Sprint(n)},
			Index:   map[string]table.IndexKey{"due": {Partition: "i", Sort: fmt.Sprint(n)}},
			Expires: expires,
		})
	}
	for _, c := range []struct{ removed, left int }{{2, 3}, {1, 2}, {0, 2}} {
		removed, err := rows.Sweep(t.Context(), now, 2)
		if err != nil || removed != c.removed {
			t.Errorf("Sweep: got %d (error %v), want %d", removed, err, c.removed)
		}
		wantRows(t, file, "messages_items", c.left)
		wantRows(t, file, "messages_places", c.left)
	}
}

// wantRows counts rows of the SQL table, expired ones included.
func wantRows(t *testing.T, file *embedded.File, sqlTable string, want int) {
	t.Helper()
	var got int
	err := file.Query(t.Context(), "SELECT count(*) FROM "+sqlTable, nil, func(scan embedded.Scan) error { return scan(&got) })
	if err != nil || got != want {
		t.Errorf("%s: got %d rows (error %v), want %d", sqlTable, got, err, want)
	}
}

func put(t *testing.T, rows *sqlite.Table, item table.Item) {
	t.Helper()
	if err := rows.Write(t.Context(), table.Put(item, table.Always())); err != nil {
		t.Fatal(err)
	}
}
