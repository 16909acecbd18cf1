package sqs_test

import (
	"context"
	"errors"
	"strings"
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

// The fake's queues carry 2000 bytes.
func TestMoveOfTheLargestLeavesOutWhatIsAdded(t *testing.T) {
	client := &fake{}
	from, to := client.open(t), client.open(t)
	d := delivered()
	d.Body = strings.Repeat("x", 2000)
	if err := from.Move(t.Context(), d, to, map[string]string{"ptpu-error": "why"}); err != nil {
		t.Fatal(err)
	}
	if sent := client.sent[0]; *sent.MessageBody != d.Body || len(sent.MessageAttributes) > 0 {
		t.Errorf("sent were %d bytes with %d attributes, want 2000 with none", len(*sent.MessageBody), len(sent.MessageAttributes))
	}
}

// Whoever counts in an attribute relies on it: it arrives whole, or nothing does.
func TestMoveLeavesOutNothingOfTheDeliverysOwn(t *testing.T) {
	eleven := map[string]string{}
	for _, name := range strings.Split("abcdefghijk", "") {
		eleven[name] = "1"
	}
	for name, n := range map[string]queue.Notice{
		"too large with an attribute": {Body: strings.Repeat("x", 1990), Attributes: map[string]string{"count": "1"}},
		"eleven attributes":           {Body: "x", Attributes: eleven},
	} {
		client := &fake{}
		from, to := client.open(t), client.open(t)
		d := delivered()
		d.Notice = n
		err := from.Move(t.Context(), d, to, nil)
		if !errors.Is(err, queue.ErrInvalid) || len(client.sent)+len(client.deleted) > 0 {
			t.Errorf("%s: got error %v, %d sent, %d deletions; want %v and none", name, err, len(client.sent), len(client.deleted), queue.ErrInvalid)
		}
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
