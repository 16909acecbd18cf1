package queuetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ptpu/queue"
)

func send(t *testing.T, q queue.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := q.Send(t.Context(), queue.Notice{Body: body}); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
}

// receive takes one notice, for which it waits.
func receive(t *testing.T, q queue.Queue, visibility time.Duration) queue.Delivery {
	t.Helper()
	deliveries, err := q.Receive(t.Context(), 1, patience, visibility)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("Receive: got %d deliveries (error %v), want 1", len(deliveries), err)
	}
	return deliveries[0]
}

// wantNone wants nothing to be received within the wait.
func wantNone(t *testing.T, q queue.Queue, wait time.Duration) {
	t.Helper()
	deliveries, err := q.Receive(t.Context(), queue.MaxBatch, wait, long)
	if err != nil || len(deliveries) > 0 {
		t.Errorf("Receive: got %d deliveries (error %v), want none", len(deliveries), err)
	}
}

func wantNotice(t *testing.T, got queue.Delivery, want queue.Notice) {
	t.Helper()
	if diff := cmp.Diff(want, got.Notice, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("notice, -want +got:\n%s", diff)
	}
}

func wantCount(t *testing.T, got queue.Delivery, want int) {
	t.Helper()
	if got.ReceiveCount != want {
		t.Errorf("receive count: got %d, want %d", got.ReceiveCount, want)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// eventually calls fault until it returns nothing: counts may be approximate
// for a while.
func eventually(t *testing.T, fault func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		last := fault()
		if last == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("still after %s: %s", patience, last)
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
