package store_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"sync"
	"testing"

	"ptpu"
	"ptpu/store"
	"ptpu/table"
)

// watched is a table that notes how its indexes are read.
type watched struct {
	table.Table
	// refuse, when set, says how the nth query of an index fails, from 1 on.
	refuse func(ctx context.Context, n int) error

	mu    sync.Mutex
	noted reads
}

// reads is what was noted.
type reads struct {
	queries, running int
	rows             int            // that all queries gave
	limit            int            // the highest of all queries; none counts as many
	pages            map[string]int // by shard
}

func (w *watched) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	n := w.begin(partition, r)
	var page table.Page
	var err error
	if w.refuse != nil {
		err = w.refuse(ctx, n)
	}
	if err == nil {
		page, err = w.Table.QueryIndex(ctx, index, partition, r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted.running--
	w.noted.rows += len(page.Items)
	return page, err
}

func (w *watched) begin(partition string, r table.Range) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noted.pages == nil {
		w.noted.pages = map[string]int{}
	}
	w.noted.queries++
	w.noted.running++
	w.noted.limit = max(w.noted.limit, cmp.Or(r.Limit, math.MaxInt32))
	w.noted.pages[partition]++
	return w.noted.queries
}

func (w *watched) seen() reads {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.noted
	seen.pages = maps.Clone(seen.pages)
	return seen
}

// long is how many messages the tests below select: several pages of each of so
// many shards.
const (
	long   = 3000
	shards = 4
)

func stocked(t *testing.T) (*watched, *store.Store) {
	t.Helper()
	rows := &watched{Table: messageTable(t)}
	s := open(t, rows)
	for first := 0; first < long; first += 50 {
		storeProcessed(t, s, first, 50)
	}
	return rows, s
}

var processed = ptpu.Selection{Processed: true}

// What is held are the rows that were read and not yet handed on: two pages of
// each shard, however many there are in all.
func TestASelectionHoldsTwoPagesOfEachShard(t *testing.T) {
	rows, s := stocked(t)
	taken := 0
	for _, err := range s.Select(t.Context(), processed) {
		if err != nil {
			t.Fatal(err)
		}
		taken++
		seen := rows.seen()
		if held, most := seen.rows-taken, 2*seen.limit*shards; held > most {
			t.Fatalf("after %d rows %d are held, want %d at most", taken, held, most)
		}
	}
	seen := rows.seen()
	if taken != long || seen.limit > 500 || len(seen.pages) != shards {
		t.Errorf("got %d rows of %d in pages of %d from %d shards", taken, long, seen.limit, len(seen.pages))
	}
	for shard, pages := range seen.pages {
		if pages < 3 {
			t.Errorf("shard %s was read in %d pages; fewer than three show nothing", shard, pages)
		}
	}
}

func TestASelectionThatIsLeftReadsNoFurther(t *testing.T) {
	rows, s := stocked(t)
	for _, err := range s.Select(t.Context(), processed) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if seen := rows.seen(); seen.queries > 2*shards || seen.running != 0 {
		t.Errorf("got %d queries, %d of them still running; want two of each shard at most, none running", seen.queries, seen.running)
	}
}

func TestASelectionCanBeReadAgain(t *testing.T) {
	_, s := stocked(t)
	selected := s.Select(t.Context(), processed)
	for range 2 {
		if got := len(all(t, selected)); got != long {
			t.Errorf("got %d rows, want %d", got, long)
		}
	}
}

// cutShort reads a selection that fails, and returns how many messages came and
// the errors.
func cutShort(ctx context.Context, s *store.Store, onRow func(n int)) (messages int, failures []error) {
	for _, err := range s.Select(ctx, processed) {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		messages++
		onRow(messages)
	}
	return messages, failures
}

func TestASelectionEndsWithItsContext(t *testing.T) {
	rows, s := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	messages, failures := cutShort(ctx, s, func(n int) {
		if n == 10 {
			cancel()
		}
	})
	if messages != 10 || len(failures) != 1 || !errors.Is(failures[0], context.Canceled) || !errors.Is(failures[0], ptpu.ErrUnavailable) {
		t.Errorf("got %d messages and errors %v; want 10 and one that says so", messages, failures)
	}
	if messages, failures := cutShort(ctx, s, func(int) {}); messages != 0 || len(failures) != 1 {
		t.Errorf("with a context that has ended: got %d messages and errors %v", messages, failures)
	}
	if seen := rows.seen(); seen.running != 0 {
		t.Errorf("%d queries are still running", seen.running)
	}
}

func TestASelectionDoesNotWaitForATableThatHangs(t *testing.T) {
	rows, s := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	rows.refuse = func(ctx context.Context, n int) error {
		if n < 6 {
			return nil
		}
		cancel()
		<-ctx.Done()
		return errors.Join(table.ErrUnavailable, ctx.Err())
	}
	if messages, failures := cutShort(ctx, s, func(int) {}); messages == long || len(failures) != 1 || !errors.Is(failures[0], context.Canceled) {
		t.Errorf("got %d messages and errors %v", messages, failures)
	}
}

// A part must not look like the whole.
func TestAFailureInTheMiddleIsToldOnce(t *testing.T) {
	all, _ := stocked(t)
	for _, failing := range []int{1, shards, shards + 1, 2*shards + 1, 3 * shards} {
		rows := &watched{Table: all.Table, refuse: func(_ context.Context, n int) error {
			if n == failing {
				return table.ErrUnavailable
			}
			return nil
		}}
		messages, failures := cutShort(t.Context(), open(t, rows), func(int) {})
		if messages >= long || failing > 2*shards && messages == 0 || len(failures) != 1 || !errors.Is(failures[0], ptpu.ErrUnavailable) {
			t.Errorf("query %d fails: got %d messages and errors %v; want a part and one error", failing, messages, failures)
		}
		if seen := rows.seen(); seen.running != 0 {
			t.Errorf("%d queries are still running", seen.running)
		}
	}
}
