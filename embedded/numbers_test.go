package embedded_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ptpu/embedded"
)

// The tests write numbers.
const (
	numbersTable = `CREATE TABLE numbers (n INTEGER NOT NULL, filler TEXT)`
	insertNumber = `INSERT INTO numbers (n, filler) VALUES (?, ?)`
	selectAll    = `SELECT n FROM numbers ORDER BY n`
)

func numbers(tb testing.TB, file *embedded.File) *embedded.File {
	tb.Helper()
	if err := file.Migrate(tb.Context(), "numbers", []string{numbersTable}); err != nil {
		tb.Fatal(err)
	}
	return file
}

func insert(ctx context.Context, file *embedded.File, n int) error {
	return file.Write(ctx, func(tx *embedded.Tx) error {
		_, err := tx.Exec(insertNumber, n, "")
		return err
	})
}

// insertBig takes more than one page for the number.
func insertBig(ctx context.Context, file *embedded.File, n int) error {
	return file.Write(ctx, func(tx *embedded.Tx) error {
		_, err := tx.Exec(insertNumber, n, strings.Repeat("x", 10_000))
		return err
	})
}

func add(tb testing.TB, file *embedded.File, n int) {
	tb.Helper()
	if err := insert(tb.Context(), file, n); err != nil {
		tb.Fatal(err)
	}
}

func stored(ctx context.Context, file *embedded.File) (all []int, err error) {
	err = file.Query(ctx, selectAll, nil, func(scan embedded.Scan) error {
		var n int
		err := scan(&n)
		all = append(all, n)
		return err
	})
	return all, err
}

func wantNumbers(tb testing.TB, file *embedded.File, want ...int) {
	tb.Helper()
	got, err := stored(tb.Context(), file)
	if err != nil {
		tb.Fatal(err)
	}
	if !slices.Equal(got, want) {
		tb.Errorf("stored: got %v, want %v", got, want)
	}
}
