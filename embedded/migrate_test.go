package embedded_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
)

func TestMigrateAppliesEachStepOnce(t *testing.T) {
	dir := t.TempDir()
	steps := []string{numbersTable, `INSERT INTO numbers (n) VALUES (1); INSERT INTO numbers (n) VALUES (2);`}
	migrate(t, embeddedtest.Open(t, dir), steps[:1])
	var starting sync.WaitGroup
	for range 4 { // processes that start together
		starting.Go(func() { migrate(t, embeddedtest.Open(t, dir), steps) })
	}
	starting.Wait()
	wantNumbers(t, embeddedtest.Open(t, dir), 1, 2)
}

func TestMigrateKeepsComponentsApart(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	if err := file.Migrate(t.Context(), "another", []string{`CREATE TABLE another (x TEXT)`}); err != nil {
		t.Error(err)
	}
}

func TestMigrateRefusesALaterVersion(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	migrate(t, file, []string{numbersTable, `INSERT INTO numbers (n) VALUES (1)`})
	err := file.Migrate(t.Context(), "numbers", []string{numbersTable})
	if !errors.Is(err, embedded.ErrNewer) || !strings.Contains(err.Error(), "numbers") {
		t.Errorf("got error %v, want %v that names the component", err, embedded.ErrNewer)
	}
}

func TestMigrateUndoesWhatFails(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	err := file.Migrate(t.Context(), "numbers", []string{numbersTable, `INSERT INTO nowhere VALUES (1)`})
	if err == nil || !strings.Contains(err.Error(), "step 2") {
		t.Errorf("got error %v, want one about step 2", err)
	}
	numbers(t, file) // the first step is undone too, so it can be applied
}

func migrate(t *testing.T, file *embedded.File, steps []string) {
	t.Helper()
	if err := file.Migrate(t.Context(), "numbers", steps); err != nil {
		t.Error(err)
	}
}
