package queuetest

import (
	"testing"

	"ptpu/queue"
)

var deadLetterCases = []testCase{
	{name: "are moved with a reason", run: func(t *testing.T, q Queues) {
		sent := queue.Notice{Body: "bad", Attributes: map[string]string{"eventType": "x", "reason": "before"}}
		_, err := q.Main.Send(t.Context(), sent)
		must(t, "Send", err)
		d := receive(t, q.Main, q.Tick)
		must(t, "Move", q.Main.Move(t.Context(), d, q.Dead, map[string]string{"reason": "malformed", "by": "ptpu"}))
		moved := receive(t, q.Dead, long)
		wantNotice(t, moved, queue.Notice{
			Body:       "bad",
			Attributes: map[string]string{"eventType": "x", "reason": "malformed", "by": "ptpu"},
		})
		wantCount(t, moved, 1)
		wantNone(t, q.Main, 2*q.Tick)
		if d.Attributes["reason"] != "before" {
			t.Error("Move changed the caller's attributes")
		}
	}},
	{name: "are moved with the attributes that their keeper leaves them", run: func(t *testing.T, q Queues) {
		sent := queue.Notice{Body: "bad", Attributes: map[string]string{"eventType": "x", "reason": "malformed"}}
		_, err := q.Dead.Send(t.Context(), sent)
		must(t, "Send", err)
		d := receive(t, q.Dead, long)
		d.Attributes = map[string]string{"eventType": "x", "again": "1"}
		must(t, "Move", q.Dead.Move(t.Context(), d, q.Main, nil))
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: "bad", Attributes: d.Attributes})
	}},
	{name: "are moved back", run: func(t *testing.T, q Queues) {
		send(t, q.Dead, "retried")
		must(t, "Move", q.Dead.Move(t.Context(), receive(t, q.Dead, long), q.Main, nil))
		d := receive(t, q.Main, long)
		wantNotice(t, d, queue.Notice{Body: "retried"})
		wantCount(t, d, 1)
		eventually(t, func() string { return counted(t, q.Dead, 0, 0) })
	}},
	{name: "are moved to one who waits", run: func(t *testing.T, q Queues) {
		send(t, q.Main, "one")
		d := receive(t, q.Main, long)
		received := make(chan int)
		go func() {
			deliveries, _ := q.Dead.Receive(t.Context(), 1, patience, long)
			received <- len(deliveries)
		}()
		must(t, "Move", q.Main.Move(t.Context(), d, q.Dead, nil))
		if got := <-received; got != 1 {
			t.Errorf("the one who waited received %d, want 1", got)
		}
	}},
	{name: "are what was received too often", maxReceives: 2, run: func(t *testing.T, q Queues) {
		if got := q.Main.MaxReceives(); got != 2 {
			t.Errorf("MaxReceives: got %d, want 2", got)
		}
		sent := queue.Notice{Body: "poison", Attributes: map[string]string{"eventType": "x"}}
		_, err := q.Main.Send(t.Context(), sent)
		must(t, "Send", err)
		for range 2 {
			d := receive(t, q.Main, long)
			must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		}
		wantNone(t, q.Main, q.Tick)
		wantNotice(t, receive(t, q.Dead, long), sent)
	}},
	{name: "do not hold up what is good", maxReceives: 1, run: func(t *testing.T, q Queues) {
		const bad = 2*queue.MaxBatch + 1
		var inHand []queue.Delivery
		for range bad {
			send(t, q.Main, "bad")
			inHand = append(inHand, receive(t, q.Main, long))
		}
		for _, d := range inHand {
			must(t, "Extend", q.Main.Extend(t.Context(), d.Receipt, 0))
		}
		send(t, q.Main, "good")
		wantNotice(t, receive(t, q.Main, long), queue.Notice{Body: "good"})
	}},
	{name: "are none when a notice may come back for ever", run: func(t *testing.T, q Queues) {
		if got := q.Main.MaxReceives(); got != 0 {
			t.Errorf("MaxReceives: got %d, want 0", got)
		}
	}},
}
