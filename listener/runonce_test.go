package listener_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/listener"
)

// single is a listener whose receives the test decides on.
func (w *world) single(t *testing.T) *listener.Listener {
	t.Helper()
	l, err := listener.New(listener.Config{
		Queue: w.queue, Store: w.store, Judge: w.judge, Observer: w.observer, Concurrency: 1, Hold: w.held.Load,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOneReceiveIsDealtWithBeforeTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "imprisonment-status-changed"), delivered(t, "imprisonment-status-changed"), listener.Delivery{Body: "garbage"})
		l := w.single(t)
		for _, want := range []int{2, 1, 0} {
			received, rest := l.RunOnce(t.Context(), 2)
			if received != want || rest != 0 {
				t.Errorf("received %d, then rest for %s; want %d and none", received, rest, want)
			}
		}
		if len(w.store.messages) != 1 || w.queue.fate("r2") != "acknowledged" || w.queue.fate("r3")[:5] != "dead:" {
			t.Errorf("%d messages; the second is %q, the third %q", len(w.store.messages), w.queue.fate("r2"), w.queue.fate("r3"))
		}
	})
}

func TestAQueueThatIsGoneIsLeftAloneForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf()
		w.queue.err = errors.New("gone")
		if received, rest := w.single(t).RunOnce(t.Context(), 1); received != 0 || rest != time.Second || len(w.observer.stumbles) != 1 {
			t.Errorf("received %d, rest for %s, told %v; want a second and one telling", received, rest, w.observer.stumbles)
		}
		w.held.Store(true)
		if _, rest := w.single(t).RunOnce(t.Context(), 1); rest != time.Second || len(w.queue.asked) != 1 {
			t.Errorf("held: rest for %s, asked %d times; want a second, and not asked again", rest, len(w.queue.asked))
		}
	})
}
