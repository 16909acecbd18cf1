package sqlite_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/queue"
	"ptpu/queue/queuetest"
	"ptpu/queue/sqlite"
)

func TestContract(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, spec queuetest.Spec) queuetest.Queues {
		t.Helper()
		file := embeddedtest.Open(t, t.TempDir())
		main := sqlite.Spec{Name: "main"}
		if spec.MaxReceives > 0 {
			main.DeadLetters, main.MaxReceives = "dead", spec.MaxReceives
		}
		return queuetest.Queues{
			Main: openQueue(t, file, main),
			Dead: openQueue(t, file, sqlite.Spec{Name: "dead"}),
			Tick: 200 * time.Millisecond,
		}
	})
}

func openQueue(tb testing.TB, file *embedded.File, spec sqlite.Spec) *sqlite.Queue {
	tb.Helper()
	q, err := sqlite.Open(tb.Context(), file, spec)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func TestNoticesComeInTheOrderOfTheirVisibility(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "main"})
		send(t, q, "a", "b", "c") // within a millisecond
		first := receive(t, q, time.Minute, 1)
		time.Sleep(time.Millisecond)
		send(t, q, "d")
		time.Sleep(time.Millisecond)
		if err := q.Extend(t.Context(), first[0].Receipt, 0); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, receive(t, q, time.Minute, 10), "b", "c", "d", "a")
	})
}

func TestWaitingReceiverIsWokenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := embeddedtest.Open(t, t.TempDir())
		q, dead := openQueue(t, file, sqlite.Spec{Name: "main"}), openQueue(t, file, sqlite.Spec{Name: "dead"})
		wantWait(t, q, 0, func() { send(t, q, "sent") })
		send(t, q, "moved")
		bad := receive(t, q, 0, 1)[0]
		wantWait(t, dead, 0, func() {
			if err := q.Move(t.Context(), bad, dead, nil); err != nil {
				t.Error(err)
			}
		})
		send(t, q, "handed back, with a delay")
		inHand := receive(t, q, 0, 1)[0]
		wantWait(t, q, 3*time.Second, func() {
			if err := q.Extend(t.Context(), inHand.Receipt, 3*time.Second); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestWaitingReceiverHearsOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		serving := openQueue(t, embeddedtest.Open(t, dir), sqlite.Spec{Name: "main"})
		other := openQueue(t, embeddedtest.Open(t, dir), sqlite.Spec{Name: "main"})
		wantWait(t, serving, 250*time.Millisecond, func() { send(t, other, "sent") })
	})
}

// wantWait lets a receiver wait, does what brings it a notice, and wants it to
// have that after exactly so long. It deletes the notice.
func wantWait(t *testing.T, q *sqlite.Queue, want time.Duration, bring func()) {
	t.Helper()
	received := make(chan []queue.Delivery)
	go func() { received <- receive(t, q, time.Minute, 1) }()
	synctest.Wait()
	start := time.Now()
	bring()
	deliveries := <-received
	if got := time.Since(start); len(deliveries) != 1 || got != want {
		t.Fatalf("received %d notices after %s, want 1 after %s", len(deliveries), got, want)
	}
	if err := q.Delete(t.Context(), deliveries[0].Receipt); err != nil {
		t.Error(err)
	}
}

func TestDeadLettersAreStruckOffInOneReceive(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	q := openQueue(t, file, sqlite.Spec{Name: "main", DeadLetters: "dead", MaxReceives: 1})
	var inHand []queue.Delivery
	for range 2*queue.MaxBatch + 1 {
		send(t, q, "bad")
		inHand = append(inHand, receive(t, q, 0, 1)...)
	}
	for _, d := range inHand {
		if err := q.Extend(t.Context(), d.Receipt, 0); err != nil {
			t.Fatal(err)
		}
	}
	send(t, q, "good")
	wantBodies(t, receive(t, q, 0, 1), "good")
}

func TestExtendAfterTheVisibilityIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "main"})
		send(t, q, "a")
		d := receive(t, q, 0, 1)[0]
		time.Sleep(time.Hour)
		if err := q.Extend(t.Context(), d.Receipt, time.Hour); !errors.Is(err, queue.ErrGone) {
			t.Errorf("got error %v, want %v, as from SQS", err, queue.ErrGone)
		}
	})
}

func TestLargeAndOddBodies(t *testing.T) {
	q := openQueue(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "main"})
	bodies := []string{strings.Repeat("0123456789abcdef", 1<<17), "not \xff\xfe UTF-8", "with \x00 inside"} // the first has 2 MB
	send(t, q, bodies...)
	wantBodies(t, receive(t, q, 0, 10), bodies...)
}

func TestOldestIsTheAgeOnThisQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := embeddedtest.Open(t, t.TempDir())
		q := openQueue(t, file, sqlite.Spec{Name: "main", DeadLetters: "dead", MaxReceives: 1})
		dead := openQueue(t, file, sqlite.Spec{Name: "dead"})
		send(t, q, "a")
		time.Sleep(time.Minute)
		send(t, q, "b")
		wantOldest(t, q, time.Minute)
		handed := receive(t, q, 0, 1)
		wantOldest(t, q, time.Minute) // in flight it is still on the queue
		if err := q.Extend(t.Context(), handed[0].Receipt, 0); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, receive(t, q, 0, 2), "b") // and takes a to the dead letters
		time.Sleep(time.Second)
		wantOldest(t, dead, time.Second)
		wantOldest(t, q, time.Second)
	})
}

func wantOldest(t *testing.T, q *sqlite.Queue, want time.Duration) {
	t.Helper()
	counts, err := q.Counts(t.Context())
	if err != nil || counts.Oldest != want {
		t.Errorf("oldest on %s: got %s (error %v), want %s", q.Name(), counts.Oldest, err, want)
	}
}

func TestNoticesSurvive(t *testing.T) {
	dir := t.TempDir()
	first := openQueue(t, embeddedtest.Open(t, dir), sqlite.Spec{Name: "main"})
	send(t, first, "in hand", "deleted", "waiting")
	deliveries := receive(t, first, 0, 2)
	if err := first.Delete(t.Context(), deliveries[1].Receipt); err != nil {
		t.Fatal(err)
	}
	// The first file is still open: nothing is left to its Close.
	second := openQueue(t, embeddedtest.Open(t, dir), sqlite.Spec{Name: "main"})
	wantBodies(t, receive(t, second, 0, 10), "waiting")
	if err := second.Extend(t.Context(), deliveries[0].Receipt, 0); err != nil {
		t.Errorf("extending a delivery from before: %v", err)
	}
	wantBodies(t, receive(t, second, 0, 10), "in hand")
}

func TestMoveBetweenFilesIsRefused(t *testing.T) {
	here := openQueue(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "main"})
	there := openQueue(t, embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "dead"})
	send(t, here, "a")
	if err := here.Move(t.Context(), receive(t, here, 0, 1)[0], there, nil); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("got error %v, want %v", err, queue.ErrInvalid)
	}
}

func TestMoveOfWhatIsInAnotherHandIsGone(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	q, dead := openQueue(t, file, sqlite.Spec{Name: "main"}), openQueue(t, file, sqlite.Spec{Name: "dead"})
	send(t, q, "a")
	old := receive(t, q, 0, 1)[0]
	if err := q.Extend(t.Context(), old.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	receive(t, q, 0, 1)
	if err := q.Move(t.Context(), old, dead, nil); !errors.Is(err, queue.ErrGone) {
		t.Errorf("got error %v, want %v", err, queue.ErrGone)
	}
	wantBodies(t, receive(t, dead, 0, 10))
}

func TestOpenRefusesAFaultySpec(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	for name, spec := range map[string]sqlite.Spec{
		"no name":                         {},
		"MaxReceives to nowhere":          {Name: "a", MaxReceives: 1},
		"dead letters that never come":    {Name: "a", DeadLetters: "b"},
		"negative MaxReceives":            {Name: "a", DeadLetters: "b", MaxReceives: -1},
		"a queue of its own dead letters": {Name: "a", DeadLetters: "a", MaxReceives: 1},
	} {
		if _, err := sqlite.Open(t.Context(), file, spec); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("%s: got error %v, want %v", name, err, queue.ErrInvalid)
		}
	}
}

func send(t *testing.T, q *sqlite.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := q.Send(t.Context(), queue.Notice{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

// receive takes up to limit notices into its hand for an hour.
func receive(t *testing.T, q *sqlite.Queue, wait time.Duration, limit int) []queue.Delivery {
	t.Helper()
	deliveries, err := q.Receive(t.Context(), limit, wait, time.Hour)
	if err != nil {
		t.Error(err)
	}
	return deliveries
}

func wantBodies(t *testing.T, got []queue.Delivery, want ...string) {
	t.Helper()
	var bodies []string
	for _, d := range got {
		bodies = append(bodies, d.Body)
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("received, -want +got:\n%s", diff)
	}
}
