package sqlite_test

import (
	"testing"

	"ptpu/embedded"
	"ptpu/table"
	"ptpu/table/sqlite"
	"ptpu/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Exercise(t, func(t *testing.T, spec tabletest.Spec) table.Table {
		return openTable(t, openFile(t, t.TempDir()), sqlite.Spec{
			Name:      "messages",
			Indexes:   spec.Indexes,
			NoSortKey: spec.NoSortKey,
		})
	})
}

// openFile opens a data folder for as long as the test runs.
func openFile(t testing.TB, dir string) *embedded.File {
	t.Helper()
	file, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

func openTable(t testing.TB, file *embedded.File, spec sqlite.Spec) *sqlite.Table {
	t.Helper()
	rows, err := sqlite.Open(t.Context(), file, spec)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
