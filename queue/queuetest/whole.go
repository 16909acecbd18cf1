package queuetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ptpu/queue"
)

var queueCases = []testCase{
	{name: "is counted", run: func(t *testing.T, q Queues) {
		eventually(t, func() string { return counted(t, q.Main, 0, 0) })
		before := time.Now()
		send(t, q.Main, "a", "b", "c")
		eventually(t, func() string { return counted(t, q.Main, 3, 0) })
		d := receive(t, q.Main, long)
		eventually(t, func() string { return counted(t, q.Main, 2, 1) })
		c, err := q.Main.Counts(t.Context())
		must(t, "Counts", err)
		if c.Oldest < 0 || c.Oldest > time.Since(before)+time.Second {
			t.Errorf("oldest: got %s, want at most %s", c.Oldest, time.Since(before))
		}
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		eventually(t, func() string { return counted(t, q.Main, 3, 0) })
		for range 3 {
			must(t, "Delete", q.Main.Delete(t.Context(), receive(t, q.Main, long).Receipt))
		}
		eventually(t, func() string { return counted(t, q.Main, 0, 0) })
	}},
	{name: "is purged", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "a", "b", "c")
		send(t, q.Dead, "kept")
		d := receive(t, q.Main, q.Tick)
		eventually(t, func() string { return counted(t, q.Main, 2, 1) })
		removed, err := q.Main.Purge(t.Context())
		must(t, "Purge", err)
		if removed != 3 {
			t.Errorf("Purge: got %d, want 3", removed)
		}
		eventually(t, func() string { return counted(t, q.Main, 0, 0) })
		wantNone(t, q.Main, 2*q.Tick)
		must(t, "Delete of what was purged", q.Main.Delete(t.Context(), d.Receipt))
		receive(t, q.Dead, long)
	}},
	{name: "is left alone once the context is cancelled", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, sendErr := q.Main.Send(ctx, queue.Notice{Body: "two"})
		_, receiveErr := q.Main.Receive(ctx, 1, 0, long)
		_, purgeErr := q.Main.Purge(ctx)
		_, countsErr := q.Main.Counts(ctx)
		for what, err := range map[string]error{
			"Send": sendErr, "Receive": receiveErr, "Purge": purgeErr, "Counts": countsErr,
			"Extend": q.Main.Extend(ctx, d.Receipt, 0),
			"Delete": q.Main.Delete(ctx, d.Receipt),
			"Move":   q.Main.Move(ctx, d, q.Dead, nil),
		} {
			wantError(t, what, err, queue.ErrUnavailable)
			wantError(t, what, err, context.Canceled)
		}
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: "one"})
		wantNone(t, q.Main, 0)
		wantNone(t, q.Dead, 0)
	}},
}

// counted compares the counts. They must be empty of age when empty of notices.
func counted(t *testing.T, q queue.Queue, visible, inFlight int) (fault string) {
	c, err := q.Counts(t.Context())
	if err != nil {
		return err.Error()
	}
	if c.Visible != visible || c.InFlight != inFlight || c.Delayed != 0 {
		return fmt.Sprintf("counts are %+v, want %d visible and %d in flight", c, visible, inFlight)
	}
	if visible+inFlight == 0 && c.Oldest != 0 {
		return fmt.Sprintf("the oldest notice of an empty queue is %s old", c.Oldest)
	}
	return ""
}

var invalidCases = []testCase{
	{name: "calls are refused", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		tooMany := make([]string, queue.MaxBatch+1)
		for i := range tooMany {
			tooMany[i] = d.Receipt
		}
		_, sendErr := q.Main.Send(t.Context(), queue.Notice{})
		_, attributeErr := q.Main.Send(t.Context(), queue.Notice{Body: "x", Attributes: map[string]string{"a": "\xff"}})
		noReceipt := d
		noReceipt.Receipt = ""
		for what, err := range map[string]error{
			"Send of an empty body":   sendErr,
			"Send of no UTF-8":        attributeErr,
			"Extend of no receipt":    q.Main.Extend(t.Context(), "", long),
			"Extend into the past":    q.Main.Extend(t.Context(), d.Receipt, -time.Second),
			"Delete of nothing":       q.Main.Delete(t.Context()),
			"Delete of no receipt":    q.Main.Delete(t.Context(), ""),
			"Delete of too many":      q.Main.Delete(t.Context(), tooMany...),
			"Move of no receipt":      q.Main.Move(t.Context(), noReceipt, q.Dead, nil),
			"Move to another backend": q.Main.Move(t.Context(), d, elsewhere{}, nil),
		} {
			wantError(t, what, err, queue.ErrInvalid)
		}
		for _, c := range []struct {
			limit            int
			wait, visibility time.Duration
		}{{0, 0, long}, {-1, 0, long}, {queue.MaxBatch + 1, 0, long}, {1, -time.Second, long}, {1, 0, -time.Second}} {
			_, err := q.Main.Receive(t.Context(), c.limit, c.wait, c.visibility)
			wantError(t, fmt.Sprintf("Receive(%+v)", c), err, queue.ErrInvalid)
		}
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: "one"})
	}},
}

// elsewhere is a queue of no backend.
type elsewhere struct{ queue.Queue }

func (elsewhere) Name() string { return "elsewhere" }
