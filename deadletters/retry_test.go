package deadletters_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/deadletters"
)

func TestRetryMovesLettersWithBodyAndAttributesAndCountsIt(t *testing.T) {
	for name, c := range map[string]struct{ before, after map[string]string }{
		"no attribute": {nil, map[string]string{"ptpu-replays": "1"}},
		"those of the notice are kept": {
			map[string]string{"eventType": "x", "traceparent": "y"},
			map[string]string{"eventType": "x", "traceparent": "y", "ptpu-replays": "1"},
		},
		"reason and instant end with the stay": {
			map[string]string{"eventType": "x", "ptpu-error": "malformed", "ptpu-error-at": "2026-11-21T09:05:00Z"},
			map[string]string{"eventType": "x", "ptpu-replays": "1"},
		},
		"the count goes on":             {map[string]string{"ptpu-replays": "9"}, map[string]string{"ptpu-replays": "10"}},
		"and past the most by itself":   {map[string]string{"ptpu-replays": "10"}, map[string]string{"ptpu-replays": "11"}},
		"what is no count begins anew":  {map[string]string{"ptpu-replays": "often"}, map[string]string{"ptpu-replays": "1"}},
		"nor is what is negative":       {map[string]string{"ptpu-replays": "-9"}, map[string]string{"ptpu-replays": "1"}},
		"nor what no count can reach":   {map[string]string{"ptpu-replays": "99999999999999999999"}, map[string]string{"ptpu-replays": "1"}},
		"nine, the reason among the 10": {with(attributes(9), "ptpu-error", "x"), with(attributes(9), "ptpu-replays", "1")},
	} {
		b := &broker{attributes: 10}
		d, _ := open(t, b.pair("events"))
		b.bury("body", c.before)
		moved, err := d.Retry(t.Context(), "events-dlq")
		if err != nil || moved.Count != 1 || moved.Queue != "events-dlq" {
			t.Errorf("%s: got %d moved from %q (error %v), want 1 from events-dlq", name, moved.Count, moved.Queue, err)
			continue
		}
		if diff := cmp.Diff([]string{"body"}, bodies(b.onMain())); diff != "" {
			t.Errorf("%s: on the main queue, -want +got:\n%s", name, diff)
			continue
		}
		if diff := cmp.Diff(c.after, b.onMain()[0].Attributes); diff != "" {
			t.Errorf("%s: attributes, -want +got:\n%s", name, diff)
		}
		if left := b.onDead(); len(left) > 0 {
			t.Errorf("%s: %d dead letters are left, want none", name, len(left))
		}
	}
}

func TestAPersonMovesWhatPtpuLeavesAlone(t *testing.T) {
	b := &broker{attributes: 10}
	d, _ := open(t, b.pair("events"))
	b.bury("a full one", with(attributes(8), "ptpu-error", "x", "ptpu-error-at", "y"))
	b.bury("b without room", attributes(10))
	b.bury("c exhausted", map[string]string{"ptpu-replays": "3"})
	b.bury(hopelessBody, nil)
	moved, err := d.Retry(t.Context(), "events-dlq")
	if err != nil || moved.Count != 4 {
		t.Fatalf("got %d moved (error %v), want 4", moved.Count, err)
	}
	var counts []string
	for _, e := range b.onMain() {
		counts = append(counts, e.Body+": "+e.Attributes["ptpu-replays"])
	}
	if diff := cmp.Diff([]string{"a full one: 1", "b without room: ", "c exhausted: 4", "hopeless: 1"}, counts); diff != "" {
		t.Errorf("counts of replays, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(attributes(10), b.onMain()[1].Attributes); diff != "" {
		t.Errorf("ten attributes of its own, -want +got:\n%s", diff)
	}
}

func TestRetryEndsThoughLettersComeBackAtOnce(t *testing.T) {
	for _, n := range []int{1, 9, 10, 11, 35} {
		b := &broker{validates: func(string) bool { return false }}
		d, _ := open(t, b.pair("events"))
		for i := range n {
			b.bury(strconv.Itoa(i), nil)
		}
		moved, err := d.Retry(t.Context(), "events-dlq")
		if err != nil || moved.Count != n || len(b.onDead()) != n {
			t.Errorf("%d letters that come back: got %d moved and %d there (error %v), want each moved once", n, moved.Count, len(b.onDead()), err)
		}
	}
}

func TestRetryAsksForABatchThoughTheCountLags(t *testing.T) {
	b := &broker{lag: 100}
	d, _ := open(t, b.pair("events"))
	for i := range 12 {
		b.bury(strconv.Itoa(i), nil)
	}
	if moved, err := d.Retry(t.Context(), "events-dlq"); err != nil || moved.Count != 10 {
		t.Errorf("counted as 0 by the queue: got %d moved (error %v), want a batch of 10", moved.Count, err)
	}
}

func TestALetterThatCannotBeMovedStopsNoOther(t *testing.T) {
	b := &broker{failing: func(operation string, l deadletters.Letter) bool {
		return operation == "replay" && strings.HasPrefix(l.Body, "bad")
	}}
	d, _ := open(t, b.pair("events"))
	for i := range 30 {
		b.bury(fmt.Sprintf("good %d", i), nil)
		if i%3 == 0 {
			b.bury(fmt.Sprintf("bad %d", i), nil)
		}
	}
	moved, err := d.Retry(t.Context(), "events-dlq")
	if !errors.Is(err, errQueue) || !strings.Contains(err.Error(), "10 dead letters") || moved.Count != 30 {
		t.Errorf("got %d moved, error %v; want 30, and an error that tells of 10", moved.Count, err)
	}
	if left := b.onDead(); len(left) != 10 || b.hidden() != 0 {
		t.Errorf("%d letters are left, %d of them hidden; want 10, all handed back", len(left), b.hidden())
	}
	if strings.Contains(err.Error(), "bad 0") {
		t.Errorf("the error repeats a body: %v", err)
	}
}

func TestRetryGivesUpWhenNothingGoesWellAnyMore(t *testing.T) {
	b := &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "replay" }}
	d, _ := open(t, b.pair("events"))
	for i := range 50 {
		b.bury(strconv.Itoa(i), nil)
	}
	moved, err := d.Retry(t.Context(), "events-dlq")
	if !errors.Is(err, errQueue) || moved.Count != 0 || b.replays != 10 {
		t.Errorf("got %d moved in %d attempts (error %v), want none in 10", moved.Count, b.replays, err)
	}
	if b.hidden() != 0 || len(b.onDead()) != 50 {
		t.Errorf("%d letters are left, %d hidden; want all 50 and none", len(b.onDead()), b.hidden())
	}
}

// What a crash between sending and deleting does.
func TestALetterThatIsSentButNotDeletedIsOnBothQueues(t *testing.T) {
	b := &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "delete" }}
	d, _ := open(t, b.pair("events"))
	b.bury("one", nil)
	moved, err := d.Retry(t.Context(), "events-dlq")
	if !errors.Is(err, errQueue) || moved.Count != 0 {
		t.Errorf("got %d moved, error %v; want none, %v", moved.Count, err, errQueue)
	}
	if len(b.onMain()) != 1 || len(b.onDead()) != 1 || b.hidden() != 0 {
		t.Errorf("on the main queue %d, on the other %d, hidden %d; want it on both and visible", len(b.onMain()), len(b.onDead()), b.hidden())
	}
}

func TestARetryThatIsCalledOffLosesAndHidesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &broker{failing: func(operation string, l deadletters.Letter) bool {
		if operation == "replay" && l.Body == "15" {
			cancel()
		}
		return false
	}}
	d, _ := open(t, b.pair("events"))
	for i := range 40 {
		b.bury(strconv.Itoa(i), nil)
	}
	moved, err := d.Retry(ctx, "events-dlq")
	if !errors.Is(err, context.Canceled) || moved.Count < 10 || moved.Count > 20 {
		t.Errorf("got %d moved, error %v; want those of one or two batches, and %v", moved.Count, err, context.Canceled)
	}
	if main, dead := len(b.onMain()), len(b.onDead()); main != moved.Count || main+dead != 40 || b.hidden() != 0 || b.ended != 0 {
		t.Errorf("on the main queue %d, on the other %d, hidden %d, handed back too late %d; want 40 in all, none hidden", main, dead, b.hidden(), b.ended)
	}
}

func TestALetterThatAnotherHasTakenIsNoFailure(t *testing.T) {
	b := &broker{}
	b.failing = func(operation string, _ deadletters.Letter) bool {
		if operation == "replay" && b.replays == 2 {
			b.dead = nil // a purge, at that moment
		}
		return false
	}
	d, _ := open(t, b.pair("events"))
	b.bury("1", nil)
	b.bury("2", nil)
	if moved, err := d.Retry(t.Context(), "events-dlq"); err != nil || moved.Count != 1 {
		t.Errorf("got %d moved, error %v; want the one before the purge, and no error", moved.Count, err)
	}
}

func TestAMovedLetterIsShownAsItWasAndAtMostAHundredAre(t *testing.T) {
	b := &broker{}
	d, _ := open(t, b.pair("events"))
	for i := range 123 {
		b.bury(strconv.Itoa(i), map[string]string{"ptpu-error": "why"})
	}
	moved, err := d.Retry(t.Context(), "events-dlq")
	if err != nil || moved.Count != 123 || len(moved.Letters) != deadletters.MostShown {
		t.Fatalf("got %d moved and %d shown (error %v), want 123 and 100", moved.Count, len(moved.Letters), err)
	}
	if l := moved.Letters[0]; l.Body != "0" || l.ID != "id-1" || l.Attributes["ptpu-error"] != "why" {
		t.Errorf("the first is %+v, want the dead letter as it was", l)
	}
}

func TestRetryAllGoesOnWithTheNextQueue(t *testing.T) {
	one, two := &broker{}, &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "receive" }}
	three := &broker{}
	d, l := open(t, one.pair("one"), two.pair("two"), three.pair("three"))
	for _, b := range []*broker{one, two, three} {
		b.bury("a", nil)
	}
	three.bury("b", nil)
	all, err := d.RetryAll(t.Context())
	if !errors.Is(err, errQueue) || !strings.Contains(err.Error(), "two-dlq") {
		t.Errorf("got error %v, want one that names two-dlq", err)
	}
	var got []string
	for _, m := range all {
		got = append(got, fmt.Sprint(m.Queue, " ", m.Count))
	}
	if diff := cmp.Diff([]string{"one-dlq 1", "two-dlq 0", "three-dlq 2"}, got); diff != "" {
		t.Errorf("moved, -want +got:\n%s", diff)
	}
	if n := len(l.recorded()); n != 3 {
		t.Errorf("%d actions are on record, want one for each queue", n)
	}
}

func TestWhatAPersonDoesIsOnRecord(t *testing.T) {
	b := &broker{}
	d, l := open(t, b.pair("events"))
	b.bury("one", map[string]string{"eventType": "x"})
	b.bury("two", nil)
	start := time.Now()
	for _, do := range []func() error{
		func() error { _, err := d.List(t.Context(), "events-dlq", 1); return err },
		func() error { _, err := d.Retry(t.Context(), "events-dlq"); return err },
		func() error { _, err := d.Purge(t.Context(), "events"); return err },
		func() error { _, err := d.Purge(t.Context(), "events-dlq"); return err },
		func() error { _, err := d.Housekeep(t.Context()); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	var got []ptpu.Action
	for _, a := range l.recorded() {
		if a.At.Before(start) || a.At.After(time.Now()) || a.At.Location() != time.UTC {
			t.Errorf("%s at %s, want now in UTC", a.What, a.At)
		}
		a.At = time.Time{}
		got = append(got, a)
	}
	action := func(what, queue, count string) ptpu.Action {
		return ptpu.Action{By: "a.keeper", What: what, Details: map[string]string{"queue": queue, "count": count}}
	}
	want := []ptpu.Action{
		action("dead letters listed", "events-dlq", "1"), action("dead letters retried", "events-dlq", "2"),
		action("queue purged", "events", "2"), action("queue purged", "events-dlq", "0"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on record, -want +got:\n%s", diff)
	}
}

func TestNothingIsDoneThatCannotBePutOnRecord(t *testing.T) {
	b := &broker{}
	d, l := open(t, b.pair("events"))
	l.refuses = errors.New("the store is away")
	b.bury("one", nil)
	listed, listErr := d.List(t.Context(), "events-dlq", 10)
	_, retryErr := d.Retry(t.Context(), "events-dlq")
	_, allErr := d.RetryAll(t.Context())
	_, purgeErr := d.Purge(t.Context(), "events-dlq")
	for what, err := range map[string]error{"List": listErr, "Retry": retryErr, "RetryAll": allErr, "Purge": purgeErr} {
		if !errors.Is(err, l.refuses) {
			t.Errorf("%s: got error %v, want %v", what, err, l.refuses)
		}
	}
	if len(listed.Letters) > 0 || len(b.onDead()) != 1 || b.hidden() != 0 {
		t.Errorf("%d shown, %d left, %d hidden; want the letter unseen and where it was", len(listed.Letters), len(b.onDead()), b.hidden())
	}
}

func TestQueuesThatAreNotOurs(t *testing.T) {
	b := &broker{}
	d, l := open(t, b.pair("events"))
	for _, name := range []string{"", "other", "events", "events-dlq2"} {
		_, listErr := d.List(t.Context(), name, 1)
		_, retryErr := d.Retry(t.Context(), name)
		if !errors.Is(listErr, deadletters.ErrNoQueue) || !errors.Is(retryErr, deadletters.ErrNoQueue) {
			t.Errorf("%q: List says %v and Retry %v, want %v", name, listErr, retryErr, deadletters.ErrNoQueue)
		}
	}
	if _, err := d.Purge(t.Context(), "other"); !errors.Is(err, deadletters.ErrNoQueue) {
		t.Errorf("Purge of another's queue: got error %v, want %v", err, deadletters.ErrNoQueue)
	}
	if n := len(l.recorded()); n > 0 {
		t.Errorf("%d actions are on record, want none", n)
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	b := &broker{}
	for says, change := range map[string]func(*deadletters.Config){
		"Pairs are needed":   func(c *deadletters.Config) { c.Pairs = nil },
		"both queues":        func(c *deadletters.Config) { c.Pairs[0].Main = nil },
		`"events"`:           func(c *deadletters.Config) { c.Pairs = append(c.Pairs, b.pair("events")) },
		"MaxReplays is -1":   func(c *deadletters.Config) { c.MaxReplays = -1 },
		"Hopeless, Who and ": func(c *deadletters.Config) { c.Record = nil },
	} {
		c := config(&ledger{}, b.pair("events"))
		change(&c)
		if _, err := deadletters.New(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got error %v, want one that says %s", err, says)
		}
	}
}

// attributes are so many.
func attributes(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		all["own-"+strconv.Itoa(i)] = "x"
	}
	return all
}

func with(all map[string]string, namesAndValues ...string) map[string]string {
	for i := 0; i < len(namesAndValues); i += 2 {
		all[namesAndValues[i]] = namesAndValues[i+1]
	}
	return all
}
