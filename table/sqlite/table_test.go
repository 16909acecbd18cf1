package sqlite_test

import (
	"errors"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
	"ptpu/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Exercise(t, func(t *testing.T, spec tabletest.Spec) table.Table {
		t.Helper()
		return openTable(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{
			Name:      "messages",
			Indexes:   spec.Indexes,
			NoSortKey: spec.NoSortKey,
		})
	})
}

func openTable(tb testing.TB, file *embedded.File, spec sqlite.Spec) *sqlite.Table {
	tb.Helper()
	rows, err := sqlite.Open(tb.Context(), file, spec)
	if err != nil {
		tb.Fatal(err)
	}
	return rows
}

func TestItemsSurvive(t *testing.T) {
	dir := t.TempDir()
	spec := sqlite.Spec{Name: "messages"}
	item := table.Item{Key: table.Key{Partition: "p", Sort: "s"}, Attributes: table.Attributes{"n": int64(1)}}
	put(t, openTable(t, embeddedtest.Open(t, dir), spec), item)
	// The first file is still open: nothing is left to its Close.
	got, err := openTable(t, embeddedtest.Open(t, dir), spec).Get(t.Context(), item.Key)
	if err != nil || got.Attributes["n"] != int64(1) {
		t.Errorf("got %+v, error %v", got, err)
	}
}

func TestTablesOfOneFileAreApart(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	messages, locks := openTable(t, file, sqlite.Spec{Name: "messages"}), openTable(t, file, sqlite.Spec{Name: "ptpu-locks"})
	key := table.Key{Partition: "p", Sort: "s"}
	put(t, messages, table.Item{Key: key})
	if _, err := locks.Get(t.Context(), key); !errors.Is(err, table.ErrNotFound) {
		t.Errorf("Get from another table: got error %v, want %v", err, table.ErrNotFound)
	}
}

func TestOpenRefusesAFaultySpec(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	for name, spec := range map[string]sqlite.Spec{
		"no name":              {},
		"name with a quote":    {Name: `a"b`},
		"index without a name": {Name: "a", Indexes: []table.Index{{}}},
		"index named twice":    {Name: "a", Indexes: []table.Index{{Name: "i"}, {Name: "i"}}},
	} {
		if _, err := sqlite.Open(t.Context(), file, spec); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("%s: got error %v, want %v", name, err, table.ErrInvalid)
		}
	}
}
