package sqlite_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
)

func TestDescribeCountsWhatIsThere(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	rows := openTable(t, file, sqlite.Spec{Name: "messages"})
	other := openTable(t, file, sqlite.Spec{Name: "others"})
	put(t, other, table.Item{Key: table.Key{Partition: "p", Sort: "s"}})
	describe := func(want int64) {
		t.Helper()
		got, err := rows.Describe(t.Context())
		if err != nil || got != (sqlite.Description{Status: "ACTIVE", Rows: want}) {
			t.Errorf("got %+v, error %v; want %d rows", got, err, want)
		}
	}
	describe(0)
	for n, expires := range []time.Time{{}, {}, time.Now().Add(time.Hour), time.Now().Add(-time.Hour)} {
		put(t, rows, table.Item{Key: table.Key{Partition: "p", Sort: fmt.Sprint(n)}, Expires: expires})
	}
	describe(3)
	if err := rows.Write(t.Context(), table.Delete(table.Key{Partition: "p", Sort: "0"}, table.Always())); err != nil {
		t.Fatal(err)
	}
	describe(2)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Describe(t.Context()); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("once the file is closed: got error %v, want %v", err, table.ErrUnavailable)
	}
}
