// Package embeddedtest opens data folders for tests.
package embeddedtest

import (
	"testing"

	"ptpu/embedded"
)

// Open opens the folder for as long as the test runs, beside whoever else has
// it open, and fails the test when it cannot.
func Open(tb testing.TB, dir string) *embedded.File {
	tb.Helper()
	file, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := file.Close(); err != nil {
			tb.Error(err)
		}
	})
	return file
}
