package aggregator_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/aggregator"
)

func TestARipeMessageIsAttemptedAndSettledInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.handle(t)
		if m := w.store.message("m1"); m.State != ptpu.Completed || m.Open() || m.Attempts != 1 {
			t.Errorf("the message is %+v", m)
		}
		if c := w.store.current(); c.Held() || len(w.store.claims) != 2 {
			t.Errorf("the claim is %+v after %d writes; want it released by the second", c, len(w.store.claims))
		}
		if got := w.observer.heard(); !slices.Equal(got, []string{"attempted m1 COMPLETED"}) {
			t.Errorf("told %v", got)
		}
		if e := w.store.entries; len(e) != 1 || e[0].Kind != ptpu.EntryAttempt || e[0].Attempt != 1 || e[0].TraceID != traceID || e[0].State != ptpu.Completed {
			t.Errorf("entries are %+v", e)
		}
	})
}

func TestABookingWithNothingDueIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resting := ripe("m1", ptpu.ImprisonmentStatusChanged)
		resting.Due = time.Now().Add(time.Second)
		w := worldOf(t, storeOf(resting))
		w.handle(t)
		if len(w.store.claims) != 0 || len(w.processor.given) != 0 {
			t.Errorf("%d claims and %d attempts before anything was due", len(w.store.claims), len(w.processor.given))
		}
	})
}

func TestOneRipeMessageTakesTheWholeBookingWithItInPriorityOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := ripe("merge", ptpu.BookingNumberChanged)
		late.Due = time.Now().Add(10 * time.Hour)
		w := worldOf(t, storeOf(ripe("dates", ptpu.SentenceDatesChanged), late, ripe("status", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = func(_ context.Context, m ptpu.Message, _ ptpu.Trail) (ptpu.Outcome, error) {
			if inHand := w.store.current(); inHand.Message != m.ID || inHand.Attempt != 1 {
				t.Errorf("while %s is attempted the claim names %s", m.ID, inHand.Message)
			}
			if m.ID == "status" {
				return ptpu.Outcome{}, ptpu.ErrUnavailable
			}
			return ptpu.Completes(ptpu.Facts{}), nil
		}
		w.handle(t)
		if want := []ptpu.MessageID{"status", "dates", "merge"}; !slices.Equal(w.processor.given, want) {
			t.Errorf("attempted %v, want %v", w.processor.given, want)
		}
		if m := w.store.message("status"); m.State != ptpu.Failed || !m.Open() {
			t.Errorf("the failed one is %+v", m)
		}
		if w.store.current().Held() {
			t.Error("the claim is still held")
		}
	})
}

func TestSupersededMessagesPointAtTheSurvivor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := ripe("old", ptpu.SentenceDatesChanged)
		old.FirstSeen = old.FirstSeen.Add(-24 * time.Hour)
		survivor := ripe("new", ptpu.SentenceDatesChanged)
		survivor.EventTime = time.Now()
		w := worldOf(t, storeOf(survivor, old))
		w.handle(t)
		if m := w.store.message("old"); m.State != ptpu.Superseded || m.SupersededBy != "new" {
			t.Errorf("the old one is %+v", m)
		}
		if m := w.store.message("new"); m.State != ptpu.Completed || !m.FirstSeen.Equal(old.FirstSeen) {
			t.Errorf("the survivor is %+v", m)
		}
		if !slices.Equal(w.processor.given, []ptpu.MessageID{"new"}) {
			t.Errorf("attempted %v", w.processor.given)
		}
		if e := w.store.entries[0]; e.Kind != ptpu.EntrySuperseded || e.MessageID != "new" || !slices.Equal(e.Others, []ptpu.MessageID{"old"}) {
			t.Errorf("the entry is %+v", e)
		}
	})
}

func TestALargeBatchIsSupersededInChunksSurvivorFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var messages []ptpu.Message
		for i := range 500 {
			m := ripe(ptpu.MessageID(fmt.Sprintf("m%03d", i)), ptpu.SentenceDatesChanged)
			m.EventTime = time.Now().Add(time.Duration(i) * time.Second)
			messages = append(messages, m)
		}
		messages[7].FirstSeen = messages[7].FirstSeen.Add(-72 * time.Hour)
		w := worldOf(t, storeOf(messages...))
		w.handle(t)
		if first := w.store.writes[0].Messages[0]; first.ID != "m499" || !first.FirstSeen.Equal(messages[7].FirstSeen) {
			t.Errorf("first written is %s, first seen %v", first.ID, first.FirstSeen)
		}
		superseded := 0
		for _, m := range w.store.messages {
			if m.State == ptpu.Superseded && m.SupersededBy == "m499" {
				superseded++
			}
		}
		if superseded != 499 || len(w.processor.given) != 1 {
			t.Errorf("%d superseded and %d attempts, want 499 and 1", superseded, len(w.processor.given))
		}
	})
}

func TestWhatIsOverdueExpiresBeforeAnythingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		overdue := ripe("overdue", ptpu.ImprisonmentStatusChanged)
		overdue.State, overdue.DeleteBy = ptpu.NoMatch, time.Now().Add(-time.Second)
		w := worldOf(t, storeOf(overdue, ripe("dates", ptpu.SentenceDatesChanged)))
		w.handle(t)
		if m := w.store.message("overdue"); m.State != ptpu.Expired || m.Open() || !m.DeleteBy.After(time.Now()) {
			t.Errorf("the overdue message is %+v", m)
		}
		if !slices.Equal(w.processor.given, []ptpu.MessageID{"dates"}) {
			t.Errorf("attempted %v", w.processor.given)
		}
		if got := w.observer.heard(); !slices.Equal(got, []string{"expired overdue was NO_MATCH", "attempted dates COMPLETED"}) {
			t.Errorf("told %v", got)
		}
	})
}

func TestAMissThatComesTooLateToBeTriedAgainExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ripe("m1", ptpu.ImprisonmentStatusChanged)
		m.DeleteBy = time.Now().Add(time.Minute)
		w := worldOf(t, storeOf(m))
		w.processor.process = func(context.Context, ptpu.Message, ptpu.Trail) (ptpu.Outcome, error) {
			return ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil
		}
		w.handle(t)
		if m := w.store.message("m1"); m.State != ptpu.Expired {
			t.Errorf("the message is %+v", m)
		}
		if got := w.observer.heard(); !slices.Contains(got, "expired m1 was VALIDATED") {
			t.Errorf("told %v", got)
		}
	})
}

func TestNothingIsWrittenToDeliusAfterDeleteBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ripe("m1", ptpu.ImprisonmentStatusChanged)
		m.DeleteBy = time.Now().Add(2 * time.Second)
		w := worldOf(t, storeOf(m))
		sent := 0
		w.processor.process = func(ctx context.Context, _ ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
			time.Sleep(3 * time.Second) // a slow search
			err := trail.Write(ctx, setNumber, func(context.Context) ([]ptpu.CRN, error) {
				sent++
				return nil, nil
			})
			return ptpu.Completes(ptpu.Facts{}), err
		}
		w.handle(t)
		if m := w.store.message("m1"); sent != 0 || m.State != ptpu.Expired {
			t.Errorf("%d writes sent after delete-by; the message is %s", sent, m.State)
		}
	})
}

func TestIntentsAreDurableBeforeTheFirstWriteIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		location := ptpu.Write{Kind: ptpu.SetLocation, OffenderNo: "A1111BC", BookNumber: "41001A", Prison: "MDI"}
		w.processor.process = func(ctx context.Context, _ ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
			if err := trail.Intend(ctx, setNumber, location); err != nil {
				return ptpu.Outcome{}, err
			}
			trail.Learned(ptpu.Step{Name: "match", Facts: map[string]string{"crns": "X100001"}})
			err := trail.Write(ctx, setNumber, func(context.Context) ([]ptpu.CRN, error) {
				if diff := cmp.Diff([]ptpu.Write{setNumber, location}, w.store.current().Intents); diff != "" {
					t.Errorf("durable when the first write is sent (want -, got +):\n%s", diff)
				}
				return []ptpu.CRN{"X100001"}, nil
			})
			return ptpu.Completes(ptpu.Facts{}), err
		}
		w.handle(t)
		steps := w.store.entries[0].Steps
		if len(steps) != 2 || steps[0].Name != "match" || steps[1].Write == nil || *steps[1].Write != setNumber || steps[1].Result != "done" {
			t.Errorf("the steps on the timeline are %+v", steps)
		}
		if intents := w.store.current().Intents; len(intents) != 0 {
			t.Errorf("intents are left after the end: %v", intents)
		}
	})
}

func TestNothingIsSentWhenIntentsCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.processor.process = writing(nil, ptpu.Completes(ptpu.Facts{}))
		w.store.fail = func(c ptpu.Claim, _ ptpu.Changes) error {
			if len(c.Intents) > 0 {
				return ptpu.ErrUnavailable
			}
			return nil
		}
		w.handle(t)
		if m := w.store.message("m1"); m.State != ptpu.Failed || m.Retries != 0 || len(w.announcer.published) != 0 {
			t.Errorf("the message is %+v, %d events", m, len(w.announcer.published))
		}
	})
}

func TestObserversAreToldOnlyOfWhatIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(t, storeOf(ripe("m1", ptpu.ImprisonmentStatusChanged)))
		w.store.fail = func(_ ptpu.Claim, c ptpu.Changes) error {
			if len(c.Messages) > 0 {
				return errBroken
			}
			return nil
		}
		if _, err := w.Handle(t.Context(), booking); err == nil || !strings.Contains(err.Error(), "settling message m1") {
			t.Errorf("Handle says %v", err)
		}
		if got := w.observer.heard(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
		if m := w.store.message("m1"); !m.IsDue(time.Now()) {
			t.Errorf("the message lost its place: %+v", m)
		}
	})
}

func TestAnAggregatorNamesWhatItMisses(t *testing.T) {
	if _, err := aggregator.New(aggregator.Config{}); err == nil || !strings.HasPrefix(err.Error(), "aggregator: ") {
		t.Errorf("got %v", err)
	}
}
