package store_test

import (
	"fmt"
	"testing"
	"time"

	"ptpu"
	"ptpu/store"
	"ptpu/table/units"
)

// What is processed costs an idle tick nothing, however much of it there is.
func TestAnIdleTickCostsTheSameWhateverIsStored(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("stores 200,000 rows, one after another")
	}
	counted := units.New(messageTable(t), store.Indexes())
	s := open(t, counted)
	var costs []units.Used
	stored := 0
	for _, rows := range []int{1_000, 200_000} {
		for ; stored < rows; stored += 50 {
			storeProcessed(t, s, stored, 50)
		}
		counted.Take()
		if got := due(t, s, now.Add(1000*time.Hour)); len(got) != 0 {
			t.Fatalf("%d bookings are due, want none", len(got))
		}
		costs = append(costs, counted.Take().Total())
	}
	t.Logf("an idle tick over %d shards: %v read units with 1,000 rows, %v with 200,000", store.Shards, costs[0].Read, costs[1].Read)
	if want := 0.5 * store.Shards; costs[0] != costs[1] || costs[0].Read != want || costs[0].Write != 0 {
		t.Errorf("an idle tick costs %+v and %+v, want %v read units each", costs[0], costs[1], want)
	}
}

// storeProcessed stores n processed messages of a booking of their own.
func storeProcessed(t *testing.T, s *store.Store, first, n int) {
	t.Helper()
	messages := make([]ptpu.Message, n)
	id := ptpu.BookingID(first + 1)
	for i := range messages {
		p := ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: id}
		m := ptpu.NewMessage(ptpu.MessageID(fmt.Sprintf("m%d", first+i)), p, "{}", ptpu.Booking{}, now, 0)
		messages[i] = m.After(ptpu.Completes(ptpu.Facts{}), now, nil)
	}
	claim := ptpu.Claim{BookingID: id}.Next("loader").Released()
	if _, err := s.Write(t.Context(), claim, ptpu.Changes{Messages: messages}); err != nil {
		t.Fatal(err)
	}
}
