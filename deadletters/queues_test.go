package deadletters_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/deadletters"
	"ptpu/embedded/embeddedtest"
	"ptpu/queue"
	"ptpu/queue/sqlite"
)

// realQueue is a queue of a backend.
type realQueue struct{ queue.Queue }

func (q realQueue) Depth(ctx context.Context) (int, error) {
	c, err := q.Counts(ctx)
	return c.Visible + c.InFlight + c.Delayed, err
}

// realDead is a dead-letter queue of a backend.
type realDead struct {
	realQueue
	main queue.Queue
}

func (q realDead) Receive(ctx context.Context, limit int) ([]deadletters.Letter, error) {
	deliveries, err := q.Queue.Receive(ctx, limit, 0, 2*time.Minute)
	var letters []deadletters.Letter
	for _, d := range deliveries {
		letters = append(letters, deadletters.Letter{
			ID: d.ID, Body: d.Body, Attributes: d.Attributes, Receipt: d.Receipt, Receives: d.ReceiveCount, Sent: d.Sent,
		})
	}
	return letters, err
}

func (q realDead) HandBack(ctx context.Context, l deadletters.Letter) error {
	if err := q.Extend(ctx, l.Receipt, 0); !errors.Is(err, queue.ErrGone) {
		return err
	}
	return nil
}

func (q realDead) Replay(ctx context.Context, l deadletters.Letter) error {
	err := q.Move(ctx, queue.Delivery{
		Notice: queue.Notice{Body: l.Body, Attributes: l.Attributes}, ID: l.ID, Receipt: l.Receipt,
	}, q.main, nil)
	switch {
	case errors.Is(err, queue.ErrGone):
		return errors.Join(deadletters.ErrGone, err)
	case errors.Is(err, queue.ErrInvalid):
		return errors.Join(deadletters.ErrNoRoom, err)
	}
	return err
}

func pairOf(main, dead queue.Queue) deadletters.Pair {
	return deadletters.Pair{Main: realQueue{main}, Dead: realDead{realQueue: realQueue{dead}, main: main}}
}

// embeddedQueues are a main queue and its dead letters on the embedded backend.
func embeddedQueues(t *testing.T) (main, dead queue.Queue) {
	t.Helper()
	file := embeddedtest.Open(t, t.TempDir())
	open := func(spec sqlite.Spec) queue.Queue {
		q, err := sqlite.Open(t.Context(), file, spec)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	return open(sqlite.Spec{Name: "events", DeadLetters: "events-dlq", MaxReceives: 10}), open(sqlite.Spec{Name: "events-dlq"})
}

func send(t *testing.T, q queue.Queue, n queue.Notice) {
	t.Helper()
	if _, err := q.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// drained takes everything from a queue and counts it by body.
func drained(t *testing.T, q queue.Queue) (notices []queue.Delivery, count map[string]int) {
	t.Helper()
	count = map[string]int{}
	for {
		received, err := q.Receive(t.Context(), queue.MaxBatch, 0, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(received) == 0 {
			return notices, count
		}
		for _, d := range received {
			notices = append(notices, d)
			count[d.Body]++
		}
	}
}

func TestOnTheEmbeddedQueue(t *testing.T) {
	main, dead := embeddedQueues(t)
	d, _ := open(t, pairOf(main, dead))
	large := strings.Repeat("x", 256<<10)
	send(t, dead, queue.Notice{Body: large, Attributes: map[string]string{"eventType": "x", "ptpu-error": "why"}})
	send(t, dead, queue.Notice{Body: "not \xff UTF-8"})
	send(t, dead, queue.Notice{Body: hopelessBody})
	l, err := d.List(t.Context(), "events-dlq", 100)
	if err != nil || l.Found != 3 || len(l.Letters) != 3 {
		t.Fatalf("List: found %d, shown %d (error %v), want 3", l.Found, len(l.Letters), err)
	}
	if first := l.Letters[0]; first.Body != large || first.Attributes["ptpu-error"] != "why" || first.Receives != 1 || time.Since(first.Sent) > time.Minute {
		t.Errorf("the first has %d bytes, attributes %v, %d receives, sent %s", len(first.Body), first.Attributes, first.Receives, first.Sent)
	}
	kept, err := d.Housekeep(t.Context())
	if err != nil || kept[0].Replayed != 2 || kept[0].Hopeless != 1 {
		t.Errorf("Housekeep: got %+v, %v; want 2 replayed and 1 left", kept, err)
	}
	moved, err := d.Retry(t.Context(), "events-dlq")
	if err != nil || moved.Count != 1 || moved.Letters[0].Receives != 3 {
		t.Errorf("Retry: got %+v, %v; want the one that was left, received for the third time", moved, err)
	}
	notices, count := drained(t, main)
	if diff := cmp.Diff(map[string]int{large: 1, "not \xff UTF-8": 1, hopelessBody: 1}, count); diff != "" {
		t.Errorf("on the main queue, -want +got:\n%.500s", diff)
	}
	if diff := cmp.Diff(map[string]string{"eventType": "x", "ptpu-replays": "1"}, notices[attributesAt(notices, large)].Attributes); diff != "" {
		t.Errorf("attributes, -want +got:\n%s", diff)
	}
	if n, err := d.Purge(t.Context(), "events"); err != nil || n != 3 {
		t.Errorf("Purge: got %d, %v; want 3", n, err)
	}
}

func attributesAt(notices []queue.Delivery, body string) int {
	for i, n := range notices {
		if n.Body == body {
			return i
		}
	}
	return 0
}

// Within a process those who work on a queue take turns; between two pods they
// do not.
func TestSeveralAtOnceAllSucceedAndLoseNothing(t *testing.T) {
	for name, pods := range map[string]int{"one pod": 1, "two pods": 2} {
		t.Run(name, func(t *testing.T) {
			const letters = 150
			main, dead := embeddedQueues(t)
			for i := range letters {
				send(t, dead, queue.Notice{Body: strconv.Itoa(i)})
			}
			var all []*deadletters.DeadLetters
			var told []*ledger
			for range pods {
				d, l := open(t, pairOf(main, dead))
				all, told = append(all, d), append(told, l)
			}
			var working sync.WaitGroup
			start := make(chan struct{})
			for i := range 4 {
				d := all[i%pods]
				working.Go(func() {
					<-start
					if _, err := d.Retry(t.Context(), "events-dlq"); err != nil {
						t.Errorf("Retry: %v", err)
					}
				})
				working.Go(func() {
					<-start
					if _, err := d.List(t.Context(), "events-dlq", 100); err != nil {
						t.Errorf("List: %v", err)
					}
				})
			}
			close(start)
			working.Wait()
			_, onMain := drained(t, main)
			_, onDead := drained(t, dead)
			if pods == 1 && len(onDead) > 0 {
				t.Errorf("%d letters were not retried, want all to be", len(onDead))
			}
			for i := range letters {
				body := strconv.Itoa(i)
				if onMain[body]+onDead[body] != 1 {
					t.Errorf("%s is on the main queue %d times, on the other %d times; want once in all", body, onMain[body], onDead[body])
				}
			}
			for _, l := range told {
				if errs := l.stumbled(); len(errs) > 0 {
					t.Errorf("told of %v, want nothing", errs)
				}
			}
		})
	}
}

func TestAPurgeBesideARetryIsNoFailure(t *testing.T) {
	main, dead := embeddedQueues(t)
	d, _ := open(t, pairOf(main, dead))
	for i := range 100 {
		send(t, dead, queue.Notice{Body: strconv.Itoa(i)})
	}
	var working sync.WaitGroup
	var moved deadletters.Moved
	var purged int
	working.Go(func() {
		var err error
		if moved, err = d.Retry(t.Context(), "events-dlq"); err != nil {
			t.Errorf("Retry: %v", err)
		}
	})
	working.Go(func() {
		var err error
		if purged, err = d.Purge(t.Context(), "events-dlq"); err != nil {
			t.Errorf("Purge: %v", err)
		}
	})
	working.Wait()
	if moved.Count+purged != 100 {
		t.Errorf("%d were moved and %d purged, want 100 together", moved.Count, purged)
	}
}
