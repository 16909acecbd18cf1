package store_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/store"
)

func record(t *testing.T, s *store.Store, actions ...ptpu.Action) {
	t.Helper()
	for _, a := range actions {
		if err := s.RecordAction(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func actions(t *testing.T, s *store.Store, day time.Time) []ptpu.Action {
	t.Helper()
	got, err := s.Actions(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestADaysActionsComeBackInOrder(t *testing.T) {
	s := open(t, messageTable(t))
	midnight := now.Truncate(24 * time.Hour)
	first := ptpu.Action{At: midnight, By: "A_USER", What: "report downloaded", Details: map[string]string{"report": "processed"}, TraceID: "trace"}
	last := ptpu.Action{At: midnight.Add(24*time.Hour - 1), By: "a-client", What: "dead letters retried"}
	long := first
	long.At, long.Details = midnight.Add(time.Hour), map[string]string{"filter": strings.Repeat("locationId=MDI&", 100)}
	tomorrow := ptpu.Action{At: midnight.Add(24 * time.Hour), By: "A_USER", What: "queue purged"}
	record(t, s, last, tomorrow, long, first)
	if diff := cmp.Diff([]ptpu.Action{first, long, last}, actions(t, s, last.At)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if got := actions(t, s, tomorrow.At); len(got) != 1 {
		t.Errorf("tomorrow: got %+v, want one", got)
	}
	// Midnight in summer is still the day before by UTC.
	if got := actions(t, s, midnight.Add(-time.Hour).In(time.FixedZone("BST", 60*60))); len(got) != 0 {
		t.Errorf("the day before: got %+v, want none", got)
	}
}

func TestTheSameActionTwiceIsTwoActions(t *testing.T) {
	s := open(t, messageTable(t))
	same := ptpu.Action{At: now, By: "A_USER", What: "report downloaded"}
	record(t, s, same, same)
	if got := actions(t, s, now); len(got) != 2 {
		t.Errorf("got %d actions, want 2", len(got))
	}
}

func TestAnActionWhoseAnswerWasLostIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := &faulty{Table: messageTable(t)}
		s := open(t, rows)
		rows.goesWrong(lost, down, lost)
		record(t, s, ptpu.Action{At: time.Now(), By: "A_USER", What: "queue purged"})
		if got := actions(t, s, time.Now()); len(got) != 1 {
			t.Errorf("got %d actions, want 1", len(got))
		}
	})
}

func TestActionsAreKeptAsLongAsTimelines(t *testing.T) {
	s, err := store.New(store.Config{Rows: messageTable(t), AuditRetention: 2 * ptpu.Retention})
	if err != nil {
		t.Fatal(err)
	}
	kept, gone := now.Add(-2*ptpu.Retention+time.Hour), now.Add(-2*ptpu.Retention-time.Hour)
	record(t, s, ptpu.Action{At: kept, What: "kept"}, ptpu.Action{At: gone, What: "gone"})
	got := slices.Concat(actions(t, s, gone), actions(t, s, kept))
	if got = slices.CompactFunc(got, func(a, b ptpu.Action) bool { return a.At.Equal(b.At) }); len(got) != 1 || got[0].What != "kept" {
		t.Errorf("got %+v, want the one that is kept", got)
	}
}

// Actions stand in the message table, and nothing takes them for work.
func TestAnActionIsNoBooking(t *testing.T) {
	s := open(t, messageTable(t))
	record(t, s, ptpu.Action{At: now, By: "A_USER", What: "report downloaded"})
	if got := due(t, s, now.Add(10*ptpu.Retention)); len(got) != 0 {
		t.Errorf("due: %v", got)
	}
	if got, err := s.Backlog(t.Context(), now.Add(10*ptpu.Retention)); err != nil || got != (ptpu.Backlog{}) {
		t.Errorf("backlog: %+v, error %v", got, err)
	}
}
