package deadletters_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"

	"ptpu/deadletters"
)

func TestListShowsLettersAndHandsThemBack(t *testing.T) {
	for _, c := range []struct{ there, asked, want int }{
		{0, 100, 0}, {3, 100, 3}, {25, 7, 7}, {25, 10, 10}, {25, 100, 25}, {123, 100, 100}, {123, 1000, 100}, {3, 0, 0},
	} {
		b := &broker{}
		d, _ := open(t, b.pair("events"))
		for i := range c.there {
			b.bury(strconv.Itoa(i), nil)
		}
		l, err := d.List(t.Context(), "events-dlq", c.asked)
		if err != nil || l.Found != c.there || len(l.Letters) != c.want {
			t.Errorf("%d there, %d asked for: found %d, shown %d (error %v), want %d shown", c.there, c.asked, l.Found, len(l.Letters), err, c.want)
		}
		if b.hidden() != 0 || len(b.onDead()) != c.there || b.replays != 0 {
			t.Errorf("%d there: %d hidden, %d left, %d replayed; want all there and visible", c.there, b.hidden(), len(b.onDead()), b.replays)
		}
		seen := map[string]bool{}
		for _, letter := range l.Letters {
			seen[letter.Body] = true
		}
		if len(seen) != c.want {
			t.Errorf("%d there: %d different ones are shown, want %d", c.there, len(seen), c.want)
		}
	}
}

func TestListFindsAtLeastWhatItShows(t *testing.T) {
	b := &broker{lag: 2}
	d, _ := open(t, b.pair("events"))
	b.bury("one", nil)
	b.bury("two", nil)
	if l, err := d.List(t.Context(), "events-dlq", 100); err != nil || l.Found != 2 {
		t.Errorf("counted as 0 by the queue: found %d (error %v), want 2", l.Found, err)
	}
}

func TestAListingThatFailsHandsBackWhatItHolds(t *testing.T) {
	for name, fail := range map[string]func(context.CancelFunc) bool{
		"the queue fails":    func(context.CancelFunc) bool { return true },
		"the client is gone": func(cancel context.CancelFunc) bool { cancel(); return false },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		receives := 0
		b := &broker{failing: func(operation string, _ deadletters.Letter) bool {
			if operation != "receive" {
				return false
			}
			receives++
			return receives == 3 && fail(cancel)
		}}
		d, l := open(t, b.pair("events"))
		for i := range 45 {
			b.bury(strconv.Itoa(i), nil)
		}
		listed, err := d.List(ctx, "events-dlq", 100)
		if err == nil || len(listed.Letters) > 0 || len(l.recorded()) > 0 {
			t.Errorf("%s: got %d letters and %d actions, error %v; want an error only", name, len(listed.Letters), len(l.recorded()), err)
		}
		if b.backs < 20 || b.hidden() != 0 || b.ended != 0 {
			t.Errorf("%s: %d handed back, %d of them too late, %d hidden; want all back", name, b.backs, b.ended, b.hidden())
		}
	}
}

// A listing beside a retry in the same process would find some letters hidden,
// and the retry those that the listing holds.
func TestThoseWhoWorkOnAQueueTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		b, other := &broker{}, &broker{}
		b.failing = func(operation string, l deadletters.Letter) bool {
			if operation == "replay" && l.Body == "1" {
				b.mu.Unlock()
				<-hold
				b.mu.Lock()
			}
			return false
		}
		d, _ := open(t, b.pair("events"), other.pair("other"))
		b.bury("1", nil)
		b.bury("2", nil)
		other.bury("3", nil)
		retried := make(chan deadletters.Moved)
		go func() {
			m, err := d.Retry(t.Context(), "events-dlq")
			if err != nil {
				t.Errorf("Retry: %v", err)
			}
			retried <- m
		}()
		synctest.Wait()

		gone, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := d.List(gone, "events-dlq", 100)
			gaveUp <- err
		}()
		listed := make(chan deadletters.Listing)
		go func() {
			l, err := d.List(t.Context(), "events-dlq", 100)
			if err != nil {
				t.Errorf("List: %v", err)
			}
			listed <- l
		}()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("a listing that waits and is called off: got error %v, want %v", err, context.Canceled)
		}
		if l, err := d.List(t.Context(), "other-dlq", 100); err != nil || len(l.Letters) != 1 {
			t.Errorf("another queue: %d letters (error %v), want 1, without waiting", len(l.Letters), err)
		}
		select {
		case l := <-listed:
			t.Errorf("the listing did not wait: it shows %d of 2", len(l.Letters))
		default:
		}
		close(hold)
		if m, l := <-retried, <-listed; m.Count != 2 || l.Found != 0 {
			t.Errorf("%d were moved, and %d found after it; want 2 and none", m.Count, l.Found)
		}
	})
}
