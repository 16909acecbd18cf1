package queuetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ptpu/queue"
)

var deliveryCases = []testCase{
	{name: "is what was sent", run: func(t *testing.T, q Queues) {
		sent := queue.Notice{
			Body:       `{"Message": "<Łódź> & 東京 \U0001F600"}` + "\r\n\t",
			Attributes: map[string]string{"eventType": "x.y", "name": "Łódź & \"東京\""},
		}
		before := time.Now()
		id, err := q.Main.Send(t.Context(), sent)
		must(t, "Send", err)
		d := receive(t, q.Main, long)
		wantNotice(t, d, sent)
		wantCount(t, d, 1)
		if d.ID != id || id == "" {
			t.Errorf("ID: got %q, Send said %q", d.ID, id)
		}
		if d.Sent.Before(before.Add(-time.Second)) || d.Sent.After(time.Now().Add(time.Second)) || d.Sent.Location() != time.UTC {
			t.Errorf("sent: got %s, want about %s in UTC", d.Sent, before.UTC())
		}
	}},
	{name: "has no attributes when none were sent", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "plain")
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: "plain"})
	}},
	{name: "may be large", run: func(t *testing.T, q Queues) {
		body := strings.Repeat("0123456789", 20_000)
		send(t, q.Main, body)
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: body})
	}},
	{name: "is not there when nothing was sent", run: func(t *testing.T, q Queues) {
		wantNone(t, q.Main, 0)
		start := time.Now()
		wantNone(t, q.Main, q.Tick)
		if waited := time.Since(start); waited < q.Tick*9/10 {
			t.Errorf("waited %s, want %s", waited, q.Tick)
		}
	}},
	{name: "comes to one who waits", run: func(t *testing.T, q Queues) {
		received := make(chan queue.Delivery)
		go func() {
			deliveries, _ := q.Main.Receive(t.Context(), 1, patience, long)
			for _, d := range deliveries {
				received <- d
			}
			close(received)
		}()
		send(t, q.Main, "at last")
		wantNotice(t, <-received, queue.Notice{Body: "at last"})
	}},
	{name: "comes from the queue that it was sent to", run: func(t *testing.T, q Queues) {
		send(t, q.Dead, "dead")
		wantNone(t, q.Main, 0)
		wantNotice(t, receive(t, q.Dead, long), queue.Notice{Body: "dead"})
		if q.Main.Name() == "" || q.Main.Name() == q.Dead.Name() {
			t.Errorf("names: %q and %q, want two", q.Main.Name(), q.Dead.Name())
		}
	}},
	{name: "is made to one receiver only", run: oneReceiver},
	{name: "stops with the context", run: func(t *testing.T, q Queues) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := q.Main.Receive(ctx, 1, patience, long)
			ended <- err
		}()
		start := time.Now()
		cancel()
		err := <-ended
		wantError(t, "Receive", err, queue.ErrUnavailable)
		wantError(t, "Receive", err, context.Canceled)
		if waited := time.Since(start); waited > patience/2 {
			t.Errorf("Receive returned %s after the end of its context", waited)
		}
	}},
}

// oneReceiver lets several take and delete until all is gone. Nothing is handed
// out twice while it is hidden, and nothing is missed.
func oneReceiver(t *testing.T, q Queues) {
	const notices, receivers = 60, 4
	want := map[string]int{}
	for i := range notices {
		body := fmt.Sprint("notice ", i)
		send(t, q.Main, body)
		want[body] = 1
	}
	var mu sync.Mutex
	got := map[string]int{}
	left := func() int {
		mu.Lock()
		defer mu.Unlock()
		return notices - len(got)
	}
	deadline := time.Now().Add(patience)
	var receiving sync.WaitGroup
	for range receivers {
		receiving.Go(func() {
			for left() > 0 && time.Now().Before(deadline) {
				deliveries, err := q.Main.Receive(t.Context(), queue.MaxBatch, 0, long)
				if err != nil || len(deliveries) > queue.MaxBatch {
					t.Errorf("Receive: %d deliveries, error %v", len(deliveries), err)
					return
				}
				for _, d := range deliveries {
					mu.Lock()
					got[d.Body]++
					mu.Unlock()
					if err := q.Main.Delete(t.Context(), d.Receipt); err != nil {
						t.Errorf("Delete: %v", err)
					}
				}
			}
		})
	}
	receiving.Wait()
	for body := range want {
		if got[body] != 1 {
			t.Errorf("%s was delivered %d times, want once", body, got[body])
		}
	}
}
