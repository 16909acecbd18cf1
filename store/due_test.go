package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"ptpu"
	"ptpu/store"
	"ptpu/table"
)

func wantBacklog(t *testing.T, s *store.Store, at time.Time, want ptpu.Backlog) {
	t.Helper()
	got, err := s.Backlog(t.Context(), at)
	if err != nil || got.Due != want.Due || got.More != want.More || !got.Oldest.Equal(want.Oldest) {
		t.Errorf("at %s: got %+v, error %v; want %+v", at, got, err, want)
	}
}

func TestTheBacklogIsWhatIsDueByNow(t *testing.T) {
	s := open(t, messageTable(t))
	for i := range 40 {
		m := small("m1", booking+ptpu.BookingID(i), now)
		m.Due = now.Add(time.Duration(39-i) * time.Minute)
		add(t, s, m)
	}
	wantBacklog(t, s, now.Add(-1), ptpu.Backlog{})
	wantBacklog(t, s, now, ptpu.Backlog{Due: 1, Oldest: now})
	wantBacklog(t, s, now.Add(10*time.Minute), ptpu.Backlog{Due: 11, Oldest: now})
	process(t, s, booking+39, now) // the one that has been due for longest
	wantBacklog(t, s, now.Add(time.Hour), ptpu.Backlog{Due: 39, Oldest: now.Add(time.Minute)})
}

func TestALongBacklogIsCountedToALimit(t *testing.T) {
	s := open(t, messageTable(t))
	claim := ptpu.Claim{BookingID: booking}.Next("me")
	stored := 0
	fill := func(upTo int) { // all at one booking, and so in one shard
		t.Helper()
		for stored < upTo {
			var changes ptpu.Changes
			for range min(90, upTo-stored) {
				changes.Messages = append(changes.Messages, small(ptpu.MessageID(fmt.Sprintf("m%04d", stored)), booking, now))
				stored++
			}
			var err error
			if claim, err = s.Write(t.Context(), claim, changes); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(1000)
	wantBacklog(t, s, now, ptpu.Backlog{Due: 1000, Oldest: now})
	fill(1001)
	wantBacklog(t, s, now, ptpu.Backlog{Due: 1000, More: true, Oldest: now})
	fill(1200)
	elsewhere := small("m1", booking+1, now)
	elsewhere.Due = now.Add(-time.Second)
	add(t, s, elsewhere)
	wantBacklog(t, s, now, ptpu.Backlog{Due: 1001, More: true, Oldest: elsewhere.Due})
}

func TestAnEmptyBacklogTakesAQueryOfEachShard(t *testing.T) {
	rows := &watched{Table: messageTable(t)}
	s := open(t, rows)
	storeProcessed(t, s, 0, 50)
	wantBacklog(t, s, now, ptpu.Backlog{})
	if seen := rows.seen(); seen.queries != store.Shards {
		t.Errorf("got %d queries, want %d", seen.queries, store.Shards)
	}
	rows.refuse = func(context.Context, int) error { return table.ErrUnavailable }
	if got, err := s.Backlog(t.Context(), now); !errors.Is(err, ptpu.ErrUnavailable) {
		t.Errorf("while the table is away: got %+v, error %v", got, err)
	}
}
