package embedded_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
)

func TestOpenMakesFolderAndFileForThisUserOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "some where", "100%?#")
	file := numbers(t, embeddedtest.Open(t, dir))
	add(t, file, 1)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("reading the folder: %d entries, error %v", len(entries), err)
	}
	for _, entry := range entries {
		wantMode(t, filepath.Join(dir, entry.Name()), 0o600)
	}
	wantMode(t, dir, 0o700)
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("mode of %s: got %o, want %o", path, got, want)
	}
}

func TestOneProcessServes(t *testing.T) {
	dir := t.TempDir()
	// Locks of two descriptors conflict in one process as in two.
	serving, err := embedded.Open(dir, embedded.Options{Serve: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = embedded.Open(dir, embedded.Options{Serve: true})
	if !errors.Is(err, embedded.ErrInUse) ||
		!strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second to serve: got error %v, want one with folder and pid", err)
	}
	add(t, numbers(t, embeddedtest.Open(t, dir)), 1) // a short writer may come in
	if err := serving.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := embedded.Open(dir, embedded.Options{Serve: true})
	if err != nil {
		t.Fatalf("serving after the first has ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Who sends an event while the service starts on a new folder waits its turn.
func TestManyMayOpenANewFileAtOnce(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var opening sync.WaitGroup
		for range 4 {
			opening.Go(func() {
				file, err := embedded.Open(dir, embedded.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := file.Migrate(t.Context(), "numbers", []string{"CREATE TABLE numbers (n INTEGER)"}); err != nil {
					t.Error(err)
				}
				if err := file.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		options embedded.Options
		arrange func(t *testing.T, dir string)
		is      error
		says    string
	}{
		"an unknown sync": {
			options: embedded.Options{Sync: "none"},
			says:    `sync is "none"`,
		},
		"a folder that is a file": {
			arrange: func(t *testing.T, dir string) {
				t.Helper()
				writeFile(t, dir, "")
			},
			says: "not a directory",
		},
		"a file that is no database": {
			arrange: func(t *testing.T, dir string) {
				t.Helper()
				makeDir(t, dir)
				writeFile(t, filepath.Join(dir, "ptpu.db"), strings.Repeat("not SQLite ", 1000))
			},
			is:   embedded.ErrUnavailable,
			says: "no SQLite file",
		},
		"a folder that may not be written": {
			arrange: func(t *testing.T, dir string) {
				t.Helper()
				if os.Geteuid() == 0 {
					t.Skip("root may write anywhere")
				}
				makeDir(t, dir)
				if err := os.Chmod(dir, 0o500); err != nil {
					t.Fatal(err)
				}
			},
			is:   embedded.ErrUnavailable,
			says: "read-only",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if c.arrange != nil {
				c.arrange(t, dir)
			}
			file, err := embedded.Open(dir, c.options)
			if err == nil {
				_ = file.Close()
				t.Fatal("it opened")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got error %v, want %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got error %q, want one that says %q and names %s", err, c.says, dir)
			}
		})
	}
}

func makeDir(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	for _, sync := range []embedded.Sync{embedded.Normal, embedded.Full} {
		t.Run(string(sync), func(t *testing.T) {
			dir := t.TempDir()
			first, err := embedded.Open(dir, embedded.Options{Sync: sync})
			if err != nil {
				t.Fatal(err)
			}
			add(t, numbers(t, first), 1)
			second := embeddedtest.Open(t, dir) // while the first is still open
			wantNumbers(t, second, 1)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			add(t, second, 2)
			wantNumbers(t, embeddedtest.Open(t, dir), 1, 2)
		})
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	file, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	add(t, numbers(t, file), 1)
	wantNumbers(t, file, 1)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "ptpu.db" {
		t.Errorf("the folder holds %v (error %v), want ptpu.db alone", entries, err)
	}
}

func TestCallsAfterCloseAreUnavailable(t *testing.T) {
	file, err := embedded.Open(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := file.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := insert(t.Context(), file, 1); !errors.Is(err, embedded.ErrUnavailable) {
		t.Errorf("Write: got error %v, want %v", err, embedded.ErrUnavailable)
	}
	if _, err := stored(t.Context(), file); !errors.Is(err, embedded.ErrUnavailable) {
		t.Errorf("Query: got error %v, want %v", err, embedded.ErrUnavailable)
	}
}

func TestQueryCannotWrite(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	err := file.Query(t.Context(), `INSERT INTO numbers VALUES (1) RETURNING n`, nil, func(embedded.Scan) error { return nil })
	if err == nil {
		t.Error("Query wrote")
	}
	wantNumbers(t, file)
}

func TestFullDisk(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	add(t, file, 1)
	limitPages(t, file, 20)
	written := []int{1}
	var full error
	for n := 2; n < 1000 && full == nil; n++ {
		if full = insertBig(t.Context(), file, n); full == nil {
			written = append(written, n)
		}
	}
	if !errors.Is(full, embedded.ErrUnavailable) || !strings.Contains(fmt.Sprint(full), "disk is full") {
		t.Errorf("got error %v, want %v that says so", full, embedded.ErrUnavailable)
	}
	wantNumbers(t, file, written...)
	limitPages(t, file, 1_000_000)
	add(t, file, 5000) // there is room again
	wantNumbers(t, file, append(written, 5000)...)
}

// limitPages makes the file full when it has so many pages.
func limitPages(t *testing.T, file *embedded.File, pages int) {
	t.Helper()
	err := file.Write(t.Context(), func(tx *embedded.Tx) error {
		return tx.Query(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, func(embedded.Scan) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
}
