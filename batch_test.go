package ptpu_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ptpu"
)

// told makes a message that tells of something that happened minutes after
// noon, as movement seq.
func told(id string, eventType ptpu.EventType, minutes int, seq int64) ptpu.Message {
	happened := time.Date(2026, 3, 1, 12, minutes, 0, 0, time.UTC)
	p := ptpu.Payload{EventType: eventType, BookingID: 1, MovementSeq: seq, EventTime: happened}
	return ptpu.NewMessage(ptpu.MessageID(id), p, "", ptpu.Booking{}, created, time.Hour)
}

func ids(messages []ptpu.Message) []string {
	var ids []string
	for _, m := range messages {
		ids = append(ids, string(m.ID))
	}
	return ids
}

func TestABatchKeepsTheNewestOfEachTypeInPriorityOrder(t *testing.T) {
	late := told("status-untimed", ptpu.ImprisonmentStatusChanged, 0, 0)
	late.EventTime, late.Created = time.Time{}, created.Add(time.Hour)
	processed := told("done", ptpu.BookingNumberChanged, 59, 0).Expire(created)
	batch := ptpu.Gather([]ptpu.Message{
		told("merge", ptpu.BookingNumberChanged, 1, 0),
		told("dates-new", ptpu.SentenceDatesChanged, 9, 0),
		told("move-7", ptpu.ExternalMovementInserted, 1, 7),
		told("dates-old", ptpu.SentenceDatesChanged, 3, 0),
		told("move-6", ptpu.ExternalMovementInserted, 50, 6), // told later, moved earlier
		late,
		told("status-timed", ptpu.ImprisonmentStatusChanged, 1, 0),
		told("release", ptpu.ConfirmedReleaseDateChanged, 1, 0),
		processed,
	})
	if got, want := ids(batch.Keep), []string{"status-untimed", "move-7", "dates-new", "release", "merge"}; !slices.Equal(got, want) {
		t.Errorf("keeps %v, want %v", got, want)
	}
	by := map[ptpu.MessageID]ptpu.MessageID{}
	for _, s := range batch.Supersede {
		by[s.Message.ID] = s.By
	}
	want := map[ptpu.MessageID]ptpu.MessageID{"status-timed": "status-untimed", "move-6": "move-7", "dates-old": "dates-new"}
	if len(by) != len(want) {
		t.Errorf("supersedes %v, want %v", by, want)
	}
	for id, survivor := range want {
		if by[id] != survivor {
			t.Errorf("%s is superseded by %q, want %q", id, by[id], survivor)
		}
	}
}

func TestASurvivorKeepsTheServiceLevelClockAndItsOwnCount(t *testing.T) {
	old := told("old", ptpu.SentenceDatesChanged, 1, 0)
	old.FirstSeen, old.Retries = created.Add(-48*time.Hour), 9
	survivor := told("new", ptpu.SentenceDatesChanged, 2, 0)
	survivor.Retries = 1
	kept := ptpu.Gather([]ptpu.Message{survivor, old}).Keep[0]
	if kept.ID != "new" || !kept.FirstSeen.Equal(old.FirstSeen) || kept.Retries != 1 {
		t.Errorf("the survivor is %s, first seen %v, %d retries; want new, %v, 1", kept.ID, kept.FirstSeen, kept.Retries, old.FirstSeen)
	}
}

func TestASupersededMessageIsProcessedAndPointsOn(t *testing.T) {
	now := created.Add(time.Hour)
	m := told("old", ptpu.SentenceDatesChanged, 1, 0).SupersedeBy("new", now)
	if m.State != ptpu.Superseded || m.SupersededBy != "new" || !m.Processed.Equal(now) || m.Open() {
		t.Errorf("got %+v", m)
	}
}

func TestPoisonIsSupersededButSupersedesNothing(t *testing.T) {
	poison := told("poison", ptpu.SentenceDatesChanged, 30, 0).AsPoison()
	sound := told("sound", ptpu.SentenceDatesChanged, 1, 0)
	batch := ptpu.Gather([]ptpu.Message{sound, poison})
	if got := ids(batch.Keep); !slices.Equal(got, []string{"sound"}) || len(batch.Supersede) != 1 {
		t.Errorf("keeps %v and supersedes %d; want the sound one and one", got, len(batch.Supersede))
	}
	batch = ptpu.Gather([]ptpu.Message{poison, told("more", ptpu.SentenceDatesChanged, 31, 0).AsPoison()})
	if len(batch.Keep)+len(batch.Supersede) != 0 {
		t.Errorf("poison alone gives %+v, want it left for a person", batch)
	}
}

// Whatever the order of arrival, the same messages survive.
func TestABatchDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) ptpu.Message {
			m := told(
				rapid.StringMatching(`[a-z]{4}`).Draw(t, "id"),
				rapid.SampledFrom(ptpu.EventTypes()).Draw(t, "type"),
				rapid.IntRange(0, 3).Draw(t, "minutes"),
				rapid.Int64Range(0, 3).Draw(t, "seq"),
			)
			if rapid.IntRange(0, 4).Draw(t, "poison") == 0 {
				m = m.AsPoison()
			}
			return m
		}), 0, 12, func(m ptpu.Message) ptpu.MessageID { return m.ID }).Draw(t, "messages")
		batch := ptpu.Gather(messages)
		again := ptpu.Gather(rapid.Permutation(messages).Draw(t, "order"))
		if !slices.Equal(ids(batch.Keep), ids(again.Keep)) {
			t.Fatalf("one order keeps %v, another %v", ids(batch.Keep), ids(again.Keep))
		}
		seen := map[ptpu.EventType]bool{}
		for _, m := range batch.Keep {
			if seen[m.EventType] || m.Poisoned() {
				t.Fatalf("keeps %v", ids(batch.Keep))
			}
			seen[m.EventType] = true
		}
		left := len(messages) - len(batch.Keep) - len(batch.Supersede)
		for _, m := range messages {
			if m.Poisoned() && !seen[m.EventType] {
				left--
			}
		}
		if left != 0 {
			t.Fatalf("%d of %d messages are neither kept, superseded nor poison", left, len(messages))
		}
	})
}
