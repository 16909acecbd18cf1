package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
)

var errRefused = errors.New("refused")

func TestWriteIsAllOrNothing(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	err := file.Write(t.Context(), func(tx *embedded.Tx) error {
		for n := range 3 {
			if _, err := tx.Exec(insertNumber, n, ""); err != nil {
				return err
			}
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("got error %v, want %v", err, errRefused)
	}
	wantNumbers(t, file)
}

func TestWritesTravelTogetherWithoutTouchingEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := numbers(t, embeddedtest.Open(t, t.TempDir()))
		release := holdWriter(t, file)
		var writing sync.WaitGroup
		errs := make([]error, 10)
		for n := range errs {
			writing.Go(func() {
				errs[n] = file.Write(t.Context(), func(tx *embedded.Tx) error {
					_, err := tx.Exec(insertNumber, n, "")
					if n%3 == 0 {
						return fmt.Errorf("%w: %d", errRefused, n)
					}
					return err
				})
			})
		}
		synctest.Wait() // until all of them wait
		release()
		writing.Wait()
		for n, err := range errs {
			if errors.Is(err, errRefused) != (n%3 == 0) || n%3 != 0 && err != nil {
				t.Errorf("%d: got error %v", n, err)
			}
		}
		wantNumbers(t, file, 1, 2, 4, 5, 7, 8)
	})
}

func TestWaitingWriteIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := numbers(t, embeddedtest.Open(t, t.TempDir()))
		release := holdWriter(t, file)
		ctx, cancel := context.WithCancel(t.Context())
		answered := make(chan error)
		go func() { answered <- insert(ctx, file, 1) }()
		synctest.Wait()
		cancel()
		if err := <-answered; !errors.Is(err, embedded.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v and %v", err, embedded.ErrUnavailable, context.Canceled)
		}
		release()
		add(t, file, 2)
		wantNumbers(t, file, 2)
	})
}

func TestBegunWriteIsFinished(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	ctx, cancel := context.WithCancel(t.Context())
	err := file.Write(ctx, func(tx *embedded.Tx) error {
		cancel()
		_, err := tx.Exec(insertNumber, 1, "")
		return err
	})
	if err != nil {
		t.Errorf("got error %v, want none: the change was applied", err)
	}
	wantNumbers(t, file, 1)
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		file, err := embedded.Open(dir, embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		release := holdWriter(t, numbers(t, file))
		answered := make(chan error, 1)
		go func() { answered <- insert(t.Context(), file, 1) }()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- file.Close() }()
		synctest.Wait()
		release()
		if err := errors.Join(<-closed, <-answered); err != nil {
			t.Error(err)
		}
		wantNumbers(t, embeddedtest.Open(t, dir), 1)
	})
}

// holdWriter keeps the writer busy with a change of its own until it is
// released.
func holdWriter(t *testing.T, file *embedded.File) (release func()) {
	t.Helper()
	held := make(chan struct{})
	done := make(chan error)
	go func() {
		done <- file.Write(context.Background(), func(*embedded.Tx) error {
			<-held
			return nil
		})
	}()
	synctest.Wait()
	return func() {
		close(held)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestReadersSeeAllThatWasAnswered(t *testing.T) {
	file := numbers(t, embeddedtest.Open(t, t.TempDir()))
	const writers, each = 8, 50
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				n := w*each + i
				if err := insert(t.Context(), file, n); err != nil {
					t.Error(err)
					return
				}
				found := 0
				err := file.Query(t.Context(), `SELECT count(*) FROM numbers WHERE n = ?`, []any{n},
					func(scan embedded.Scan) error { return scan(&found) })
				if err != nil || found != 1 {
					t.Errorf("%d: found %d times, error %v", n, found, err)
					return
				}
			}
		})
	}
	writing.Wait()
}

func TestTwoFilesTakeTurns(t *testing.T) {
	dir := t.TempDir()
	files := []*embedded.File{numbers(t, embeddedtest.Open(t, dir)), numbers(t, embeddedtest.Open(t, dir))}
	const each = 100
	var writing sync.WaitGroup
	for _, file := range files {
		writing.Go(func() {
			for n := range each {
				if err := insert(t.Context(), file, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	for _, file := range files {
		if got, err := stored(t.Context(), file); err != nil || len(got) != 2*each {
			t.Errorf("got %d numbers (error %v), want %d", len(got), err, 2*each)
		}
	}
}
