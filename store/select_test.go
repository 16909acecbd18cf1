package store_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ptpu"
	"ptpu/embedded/embeddedtest"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/sqlite"
)

// small is a message of a booking with little set.
func small(id ptpu.MessageID, booking ptpu.BookingID, created time.Time) ptpu.Message {
	p := ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: booking}
	return ptpu.NewMessage(id, p, "{}", ptpu.Booking{}, created, 0)
}

// process settles everything that is open at a booking.
func process(t *testing.T, s *store.Store, booking ptpu.BookingID, when time.Time) {
	t.Helper()
	w, err := s.Waiting(t.Context(), booking)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range w.Messages {
		w.Messages[i] = m.After(ptpu.Completes(ptpu.Facts{}), when, nil)
	}
	if _, err := s.Write(t.Context(), w.Claim.Next("me").Released(), ptpu.Changes{Messages: w.Messages}); err != nil {
		t.Fatal(err)
	}
}

// all reads a selection to its end.
func all(t *testing.T, selected iter.Seq2[ptpu.Message, error]) []ptpu.Message {
	t.Helper()
	var messages []ptpu.Message
	for m, err := range selected {
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	return messages
}

func idsOf(messages []ptpu.Message) []ptpu.MessageID {
	var ids []ptpu.MessageID
	for _, m := range messages {
		ids = append(ids, m.ID)
	}
	return ids
}

func wantSelected(t *testing.T, s *store.Store, which ptpu.Selection, want ...ptpu.MessageID) {
	t.Helper()
	if got := idsOf(all(t, s.Select(t.Context(), which))); !slices.Equal(got, want) {
		t.Errorf("%+v: got %q, want %q", which, got, want)
	}
}

// Bookings are spread over shards, so neighbours in time come from each of them.
func TestASelectionIsInCreatedOrderOverAllShards(t *testing.T) {
	s := open(t, messageTable(t))
	var want []ptpu.MessageID
	for i := range 60 {
		want = append(want, ptpu.MessageID(fmt.Sprintf("m%02d", i)))
	}
	for i, id := range slices.Backward(want) {
		// Three share an instant; the id decides among them.
		add(t, s, small(id, booking+ptpu.BookingID(i*7%60), now.Add(time.Duration(i/3))))
	}
	wantSelected(t, s, ptpu.Selection{}, want...)
	for i := range want {
		process(t, s, booking+ptpu.BookingID(i), now)
	}
	wantSelected(t, s, ptpu.Selection{Processed: true}, want...)
}

func TestASelectionShowsWhatReportsNeed(t *testing.T) {
	s := open(t, messageTable(t))
	m := full("m1")
	add(t, s, m)
	want := ptpu.Message{
		ID: m.ID, BookingID: m.BookingID, EventType: m.EventType, State: m.State, Reason: m.Reason, Created: m.Created,
		FirstSeen: m.FirstSeen, DeleteBy: m.DeleteBy, Reportable: true, OffenderNo: m.OffenderNo, BookNumber: m.BookNumber,
		LocationID: m.LocationID, LocationDescription: m.LocationDescription, Recall: m.Recall, LegalStatus: m.LegalStatus,
		MatchingCRNs: m.MatchingCRNs,
	}
	if diff := cmp.Diff([]ptpu.Message{want}, all(t, s.Select(t.Context(), ptpu.Selection{}))); diff != "" {
		t.Errorf("unprocessed (want -, got +):\n%s", diff)
	}
	process(t, s, booking, now.Add(time.Minute))
	want.State, want.Reason = ptpu.Completed, ""
	want.Processed = now.Add(time.Minute)
	want.DeleteBy = want.Processed.Add(ptpu.Retention).Truncate(time.Second)
	if diff := cmp.Diff([]ptpu.Message{want}, all(t, s.Select(t.Context(), ptpu.Selection{Processed: true}))); diff != "" {
		t.Errorf("processed (want -, got +):\n%s", diff)
	}
}

func TestASelectionsBoundsAreExclusive(t *testing.T) {
	s := open(t, messageTable(t))
	for i, id := range []ptpu.MessageID{"before", "then", "after"} {
		add(t, s, small(id, booking+ptpu.BookingID(i), now.Add(time.Duration(i-1))))
	}
	london := time.FixedZone("BST", 60*60)
	for _, c := range []struct {
		after, before time.Time
		want          []ptpu.MessageID
	}{
		{want: []ptpu.MessageID{"before", "then", "after"}},
		{after: now, want: []ptpu.MessageID{"after"}},
		{before: now, want: []ptpu.MessageID{"before"}},
		{after: now.Add(-1), before: now.Add(1).In(london), want: []ptpu.MessageID{"then"}},
		{after: now.Add(-2).In(london), before: now.Add(2), want: []ptpu.MessageID{"before", "then", "after"}},
		{after: now, before: now},
		{after: now.Add(time.Hour), before: now},
	} {
		wantSelected(t, s, ptpu.Selection{After: c.after, Before: c.before}, c.want...)
	}
}

func TestAMessageIsOpenOrProcessedAndNeverBoth(t *testing.T) {
	s := open(t, messageTable(t))
	add(t, s, small("m1", booking, now))
	add(t, s, small("m2", booking+1, now))
	wantSelected(t, s, ptpu.Selection{}, "m1", "m2")
	wantSelected(t, s, ptpu.Selection{Processed: true})
	for range 2 { // the second time nothing is open there
		process(t, s, booking, now)
		wantSelected(t, s, ptpu.Selection{}, "m2")
		wantSelected(t, s, ptpu.Selection{Processed: true}, "m1")
	}
}

func TestARetryShowsWhatItChanged(t *testing.T) {
	s := open(t, messageTable(t))
	add(t, s, small("m1", booking, now))
	claim, messages := claimed(t, s)
	messages[0].State, messages[0].Reason = ptpu.NoMatch, "why"
	if _, err := s.Write(t.Context(), claim, ptpu.Changes{Messages: messages}); err != nil {
		t.Fatal(err)
	}
	if got := all(t, s.Select(t.Context(), ptpu.Selection{})); len(got) != 1 || got[0].State != ptpu.NoMatch || got[0].Reason != "why" {
		t.Errorf("got %+v", got)
	}
}

func TestOnlyWhatIsProcessedVanishesAtItsDeleteBy(t *testing.T) {
	s := open(t, messageTable(t))
	long := now.Add(-2 * ptpu.Retention)
	add(t, s, small("open", booking, long))
	add(t, s, small("gone", booking+1, long))
	process(t, s, booking+1, long)
	add(t, s, small("kept", booking+2, long))
	process(t, s, booking+2, now)
	wantSelected(t, s, ptpu.Selection{}, "open")
	wantSelected(t, s, ptpu.Selection{Processed: true}, "kept")
}

func TestNothingButMessagesIsSelected(t *testing.T) {
	s := open(t, messageTable(t))
	add(t, s, small("m1", booking, now)) // with an audit entry
	write := ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"}
	_, err := s.Write(t.Context(), ptpu.Claim{BookingID: booking}.Next("me"), ptpu.Changes{
		Announce:   []ptpu.Announcement{{BookingID: booking, Change: write.Change("X100001"), Since: now, Due: now}},
		Unfinished: []ptpu.OpenWrite{{BookingID: booking, Write: write, Due: now}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecordAction(t.Context(), ptpu.Action{At: now, By: "somebody", What: "report downloaded"}); err != nil {
		t.Fatal(err)
	}
	wantSelected(t, s, ptpu.Selection{}, "m1")
	wantSelected(t, s, ptpu.Selection{Processed: true})
}

// A row of another form must not be left out of a report in silence.
func TestARowThatCannotBeReadIsAnError(t *testing.T) {
	rows := messageTable(t)
	s := open(t, rows)
	add(t, s, small("m1", booking, now))
	stored, err := rows.Get(t.Context(), table.Key{Partition: booking.String(), Sort: "message#m1"})
	if err != nil {
		t.Fatal(err)
	}
	stored.Attributes["status"] = int64(7)
	if err := rows.Write(t.Context(), table.Put(stored, table.Always())); err != nil {
		t.Fatal(err)
	}
	for m, err := range s.Select(t.Context(), ptpu.Selection{}) {
		if err == nil {
			t.Errorf("got %+v, want an error", m)
		}
	}
}

// Whatever was stored, processed and forgotten: both sides together are all live
// messages, each side in order and within its bounds.
func TestOpenAndProcessedAreAllThereIs(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	tables := 0
	rapid.Check(t, func(rt *rapid.T) {
		tables++
		spec := sqlite.Spec{Name: fmt.Sprintf("messages%d", tables), Indexes: store.Indexes()}
		rows, err := sqlite.Open(t.Context(), file, spec)
		if err != nil {
			rt.Fatal(err)
		}
		s := open(t, rows)
		instants := rapid.Custom(func(rt *rapid.T) time.Time {
			return now.Add(rapid.SampledFrom([]time.Duration{-time.Hour, -1, 0, 1, time.Second}).Draw(rt, "instant"))
		})
		var live []ptpu.Message
		for i := range rapid.IntRange(0, 30).Draw(rt, "messages") {
			id := ptpu.MessageID(fmt.Sprintf("%s%d", rapid.StringMatching(`[a-f]{2}`).Draw(rt, "id"), i))
			m := small(id, booking+ptpu.BookingID(i), instants.Draw(rt, "created"))
			add(t, s, m)
			processed := rapid.SampledFrom([]time.Time{{}, now, now.Add(-ptpu.Retention - time.Minute)}).Draw(rt, "processed")
			if !processed.IsZero() {
				process(t, s, m.BookingID, processed)
				m.Processed = processed
			}
			if processed.IsZero() || processed.Equal(now) {
				live = append(live, m)
			}
		}
		slices.SortFunc(live, func(a, b ptpu.Message) int {
			if order := a.Created.Compare(b.Created); order != 0 {
				return order
			}
			return strings.Compare(string(a.ID), string(b.ID))
		})
		bound := rapid.OneOf(rapid.Just(time.Time{}), instants)
		after, before := bound.Draw(rt, "after"), bound.Draw(rt, "before")
		for _, processed := range []bool{false, true} {
			var want []ptpu.MessageID
			for _, m := range live {
				if m.Open() != processed && (after.IsZero() || m.Created.After(after)) && (before.IsZero() || m.Created.Before(before)) {
					want = append(want, m.ID)
				}
			}
			got := idsOf(all(t, s.Select(t.Context(), ptpu.Selection{Processed: processed, After: after, Before: before})))
			if !slices.Equal(got, want) {
				rt.Errorf("processed %t, after %s, before %s: got %q, want %q", processed, after, before, got, want)
			}
		}
	})
}
