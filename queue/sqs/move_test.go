package sqs_test

import (
	"context"
	"errors"
	"testing"

	"ptpu/queue"
)

func TestMoveLeavesTheNoticeWhenItCannotBeSent(t *testing.T) {
	client := &fake{sendErr: errors.New("connection reset")}
	from, to := client.open(t), client.open(t)
	err := from.Move(t.Context(), delivered(), to, nil)
	if !errors.Is(err, queue.ErrUnavailable) || len(client.deleted) != 0 {
		t.Errorf("Move: got error %v and %d deletions, want %v and none", err, len(client.deleted), queue.ErrUnavailable)
	}
}

func TestMoveTellsOfANoticeLeftOnBoth(t *testing.T) {
	client := &fake{deleteErr: errors.New("connection reset")}
	from, to := client.open(t), client.open(t)
	err := from.Move(t.Context(), delivered(), to, nil)
	if !errors.Is(err, queue.ErrUnavailable) || len(client.sent) != 1 {
		t.Errorf("Move: got error %v and %d sent, want %v and 1", err, len(client.sent), queue.ErrUnavailable)
	}
}

func TestMoveDeletesWhatItHasSentThoughToldToStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := &stopping{fake: &fake{}, stop: cancel}
	from, to := openQueue(t, client, "main"), openQueue(t, client, "dead")
	if err := from.Move(ctx, delivered(), to, nil); err != nil {
		t.Fatal(err)
	}
	if len(client.deleted) != 1 {
		t.Error("the notice was left on both queues")
	}
}

func TestPurgeUnderWayCountsAsDone(t *testing.T) {
	removed, err := (&fake{}).open(t).Purge(t.Context())
	if err != nil || removed != 9 {
		t.Errorf("Purge: got %d (error %v), want the 5 visible, 3 in flight and 1 delayed", removed, err)
	}
}

func delivered() queue.Delivery {
	return queue.Delivery{Notice: queue.Notice{Body: "x"}, Receipt: "receipt"}
}
