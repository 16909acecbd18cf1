package embedded_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
)

// writeUntilKilled is the child: it serves from the folder, writes each number
// twice in one change, and prints it once it was answered.
func writeUntilKilled(dir string) {
	err := func() error {
		file, err := embedded.Open(dir, embedded.Options{Serve: true})
		if err != nil {
			return err
		}
		if err := file.Migrate(context.Background(), "numbers", []string{numbersTable}); err != nil {
			return err
		}
		failed := make(chan error)
		const writers = 8 // so that changes travel in groups
		for first := range writers {
			go func() {
				for n := first; ; n += writers {
					if err := insertPair(file, n); err != nil {
						failed <- err
						return
					}
					// One write call each, so that no line is torn.
					_, _ = os.Stdout.WriteString(strconv.Itoa(n) + "\n")
				}
			}()
		}
		return <-failed
	}()
	panic(err)
}

func insertPair(file *embedded.File, n int) error {
	return file.Write(context.Background(), func(tx *embedded.Tx) error {
		for range 2 {
			if _, err := tx.Exec(insertNumber, n, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestKill(t *testing.T) {
	for round := range 3 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			dir := t.TempDir()
			answered := killedWriter(t, dir, 500*(round+1))
			wantPairs(t, embeddedtest.Open(t, dir), append(answered, -1))
			serving, err := embedded.Open(dir, embedded.Options{Serve: true})
			if err != nil {
				t.Fatalf("serving after the kill: %v", err)
			}
			if err := serving.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// killedWriter starts a child, kills it once it has printed so many numbers, and
// returns all that it has printed until then.
func killedWriter(t *testing.T, dir string, enough int) (answered []int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(30*time.Second, func() { _ = child.Process.Kill() })
	defer deadline.Stop()
	for lines := bufio.NewScanner(output); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the child printed %q", lines.Text())
		}
		answered = append(answered, n)
		if len(answered) == enough/2 {
			besides(t, dir)
		}
		if len(answered) == enough {
			_ = child.Process.Kill() // it is SIGKILL; the loop drains the pipe
		}
	}
	if err := child.Wait(); err == nil || len(answered) < enough {
		t.Fatalf("the child ended with %v after %d numbers, want a kill after %d", err, len(answered), enough)
	}
	return answered
}

// besides is a short writer, as people use them while the service runs.
func besides(t *testing.T, dir string) {
	t.Helper()
	if err := insertPair(embeddedtest.Open(t, dir), -1); err != nil {
		t.Errorf("writing beside the service: %v", err)
	}
}

// wantPairs wants each answered number to be there, and every number twice.
func wantPairs(t *testing.T, file *embedded.File, answered []int) {
	t.Helper()
	all, err := stored(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	times := map[int]int{}
	for _, n := range all {
		times[n]++
	}
	for _, n := range answered {
		if times[n] == 0 {
			t.Errorf("%d was answered and is lost", n)
		}
	}
	for n, count := range times {
		if count != 2 {
			t.Errorf("%d is there %d times, want 2", n, count)
		}
	}
	t.Logf("0 lost of %d answered, of %d stored", len(answered), len(times))
}
