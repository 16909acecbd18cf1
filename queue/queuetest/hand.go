package queuetest

import (
	"testing"

	"ptpu/queue"
)

// What can be done with a notice in hand.
var handCases = []testCase{
	{name: "hides the notice from others", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		receive(t, q.Main, long)
		wantNone(t, q.Main, 0)
	}},
	{name: "lets it go when the visibility runs out", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		first := receive(t, q.Main, 3*q.Tick) // a receive may take a tick
		wantNone(t, q.Main, 0)
		second := receive(t, q.Main, long)
		wantNotice(t, second, first.Notice)
		wantCount(t, second, 2)
		if second.ID != first.ID || second.Receipt == first.Receipt {
			t.Errorf("redelivered as %q with receipt %q, before as %q with %q",
				second.ID, second.Receipt, first.ID, first.Receipt)
		}
	}},
	{name: "keeps it for longer", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, 2*q.Tick)
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, long))
		wantNone(t, q.Main, 3*q.Tick)
	}},
	{name: "keeps it for less long", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, q.Tick))
		wantCount(t, receive(t, q.Main, long), 2)
	}},
	{name: "hands it back at once", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		for want := 1; want <= 5; want++ {
			d := receive(t, q.Main, long)
			wantCount(t, d, want)
			must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		}
	}},
	{name: "hands it back to one who waits", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		received := make(chan int)
		go func() {
			deliveries, _ := q.Main.Receive(t.Context(), 1, patience, long)
			received <- len(deliveries)
		}()
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		if got := <-received; got != 1 {
			t.Errorf("the one who waited received %d, want 1", got)
		}
	}},
	{name: "deletes it", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, q.Tick)
		must(t, "Delete", q.Main.Delete(t.Context(), d.Receipt))
		wantNone(t, q.Main, 2*q.Tick)
		must(t, "Delete of what is gone", q.Main.Delete(t.Context(), d.Receipt))
		wantError(t, "Extend of what is gone", q.Main.Extend(t.Context(), d.Receipt, long), queue.ErrGone)
	}},
	{name: "deletes it late, while nobody else has it", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		must(t, "Delete", q.Main.Delete(t.Context(), d.Receipt))
		wantNone(t, q.Main, q.Tick)
	}},
	{name: "deletes a batch", run: func(t *testing.T, q Queues) {
		var receipts []string
		for range queue.MaxBatch {
			send(t, q.Main, "one of many")
			receipts = append(receipts, receive(t, q.Main, long).Receipt)
		}
		must(t, "Delete", q.Main.Delete(t.Context(), receipts...))
		eventually(t, func() string { return counted(t, q.Main, 0, 0) })
	}},
	{name: "has no power over a later delivery", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		old := receive(t, q.Main, long)
		must(t, "Extend", q.Main.Extend(t.Context(), old.Receipt, 0))
		current := receive(t, q.Main, long)
		wantError(t, "Extend with an old receipt", q.Main.Extend(t.Context(), old.Receipt, 0), queue.ErrGone)
		wantNone(t, q.Main, 0)
		must(t, "Delete with an old receipt", q.Main.Delete(t.Context(), old.Receipt))
		must(t, "Extend with the current one", q.Main.Extend(t.Context(), current.Receipt, 0))
		wantCount(t, receive(t, q.Main, long), 3)
	}},
}
