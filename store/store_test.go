package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/embedded"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/sqlite"
)

const booking = ptpu.BookingID(1300101)

// now is a whole number of nanoseconds that no format may round.
var now = time.Now().UTC().Truncate(time.Second).Add(123456789)

// rows opens a message table of its own.
func rows(t *testing.T, spec sqlite.Spec) table.Table {
	t.Helper()
	file, err := embedded.Open(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := sqlite.Open(t.Context(), file, spec)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func messageTable(t *testing.T) table.Table {
	t.Helper()
	return rows(t, sqlite.Spec{Name: "messages", Indexes: store.Indexes()})
}

func open(t *testing.T, rows table.Table) *store.Store {
	t.Helper()
	s, err := store.New(store.Config{Rows: rows, Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// full is a message with every field set.
func full(id ptpu.MessageID) ptpu.Message {
	recall := false
	p := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: booking, MovementSeq: 7, StatusSeq: 3, EventTime: now.Add(-time.Minute)}
	b := ptpu.Booking{
		OffenderNo: "A1111BC", BookNumber: "41001A", Agency: "MDI", LocationDescription: "Moorland (HMP & YOI)",
		Recall: &recall, LegalStatus: "SENTENCED",
	}
	m := ptpu.NewMessage(id, p, `{"bookingId":1300101}`, b, now, time.Hour)
	m.State, m.Reason = ptpu.TooManyMatches, "because"
	m.FirstSeen = now.Add(-time.Hour)
	m.Retries, m.Attempts, m.Stumbles = 4, 6, 2
	m.MatchingCRNs = []ptpu.CRN{"X100001", "X100002"}
	return m
}

func stored(m ptpu.Message) ptpu.Entry {
	return ptpu.Entry{
		At: now, BookingID: m.BookingID, MessageID: m.ID, EventType: m.EventType, Kind: ptpu.EntryStored,
		State: m.State, Reason: "r", Attempt: 2, TraceID: "trace", Others: []ptpu.MessageID{"other"},
		Steps: []ptpu.Step{{
			Name: "set-noms-number", Result: "done", Facts: map[string]string{"a": "b"},
			Write: &ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: "A1111BC", SentenceStart: ptpu.DateOf(now)},
		}},
	}
}

func add(t *testing.T, s *store.Store, m ptpu.Message) {
	t.Helper()
	if added, err := s.Add(t.Context(), m, stored(m)); err != nil || !added {
		t.Fatalf("adding %s: %t, %v", m.ID, added, err)
	}
}

func waiting(t *testing.T, s *store.Store) ptpu.Waiting {
	t.Helper()
	w, err := s.Waiting(t.Context(), booking)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAMessageComesBackAsItWasStored(t *testing.T) {
	s := open(t, messageTable(t))
	m := full("m1")
	add(t, s, m)
	m.Version = 1
	if diff := cmp.Diff([]ptpu.Message{m}, waiting(t, s).Messages); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	bare := ptpu.NewMessage("m2", ptpu.Payload{EventType: ptpu.SentenceDatesChanged, BookingID: booking}, "{}", ptpu.Booking{}, now, 0)
	add(t, s, bare)
	bare.Version = 1
	if diff := cmp.Diff(bare, waiting(t, s).Messages[1]); diff != "" {
		t.Errorf("a message with little set (want -, got +):\n%s", diff)
	}
}

func TestStoredRowsCarryTheNamesThatOthersKnow(t *testing.T) {
	table := messageTable(t)
	s := open(t, table)
	m := full("m1")
	add(t, s, m)
	page, err := table.Query(t.Context(), booking.String(), rangeOf("message#"))
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d rows, %v", len(page.Items), err)
	}
	got := page.Items[0]
	for name, want := range map[string]any{
		"id": "m1", "bookingId": int64(1300101), "eventType": "IMPRISONMENT_STATUS-CHANGED", "message": `{"bookingId":1300101}`,
		"retryCount": int64(4), "deleteBy": m.DeleteBy.Unix(), "reportable": true, "offenderNo": "A1111BC", "bookingNo": "41001A",
		"locationId": "MDI", "locationDescription": "Moorland (HMP & YOI)", "recall": false, "legalStatus": "SENTENCED",
		"status": "TOO_MANY_MATCHES", "matchingCrns": "X100001, X100002",
	} {
		if got.Attributes[name] != want {
			t.Errorf("attribute %s is %v, want %v", name, got.Attributes[name], want)
		}
	}
	if _, ok := got.Attributes["processedDate"]; ok || !got.Expires.IsZero() {
		t.Errorf("an unprocessed row has a processed date or expires %v", got.Expires)
	}
}

func rangeOf(kind string) table.Range { return table.Range{From: kind, To: kind + "~"} }

func TestTheSameNoticeIsStoredOnce(t *testing.T) {
	s := open(t, messageTable(t))
	if known, err := s.Has(t.Context(), booking, "m1"); known || err != nil {
		t.Errorf("before: known %t, %v", known, err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	stores := 0
	for i := range 100 {
		group.Go(func() {
			m := full("m1")
			m.Created = m.Created.Add(time.Duration(i))
			added, err := s.Add(context.Background(), m, stored(m))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if added {
				stores++
			}
		})
	}
	group.Wait()
	if known, err := s.Has(t.Context(), booking, "m1"); stores != 1 || !known || err != nil {
		t.Errorf("stored %d times, known %t, %v", stores, known, err)
	}
	if entries, err := s.Timeline(t.Context(), booking); len(entries) != 1 || err != nil {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestTheTimelineKeepsEntriesInOrder(t *testing.T) {
	s := open(t, messageTable(t))
	want := stored(full("m1"))
	want.Version = "1.2.3"
	later := want
	later.At, later.Kind = want.At.Add(1), ptpu.EntryIgnored
	later.Steps = slices.Repeat(want.Steps, 20) // long enough to be compressed
	for _, e := range []ptpu.Entry{later, want} {
		if err := s.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Timeline(t.Context(), booking)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ptpu.Entry{want, later}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestDueWorkIsFoundByItsInstant(t *testing.T) {
	s := open(t, messageTable(t))
	m := full("m1")
	add(t, s, m)
	if got := due(t, s, m.Due.Add(-1)); len(got) != 0 {
		t.Errorf("a moment before: %v", got)
	}
	if got := due(t, s, m.Due); !slices.Equal(got, []ptpu.BookingID{booking}) {
		t.Errorf("at the instant: %v", got)
	}
	claim, messages := claimed(t, s)
	messages[0] = messages[0].Expire(now)
	if _, err := s.Write(t.Context(), claim, ptpu.Changes{Messages: messages}); err != nil {
		t.Fatal(err)
	}
	if got := due(t, s, now.Add(1000*time.Hour)); len(got) != 0 {
		t.Errorf("a processed message is due: %v", got)
	}
	if w := waiting(t, s); len(w.Messages) != 0 {
		t.Errorf("a processed message waits: %v", w.Messages)
	}
	if all, err := s.Messages(t.Context(), booking); err != nil || len(all) != 1 || all[0].State != ptpu.Expired {
		t.Errorf("all messages: %v, %v", all, err)
	}
}

func TestPoisonWakesOnlyToExpire(t *testing.T) {
	s := open(t, messageTable(t))
	m := full("m1").AsPoison()
	add(t, s, m)
	if got := due(t, s, m.DeleteBy); len(got) != 0 {
		t.Errorf("before its delete-by: %v", got)
	}
	if got := due(t, s, m.DeleteBy.Add(time.Second)); len(got) != 1 {
		t.Errorf("after its delete-by: %v", got)
	}
}

// due reads all shards, two rows at a time.
func due(t *testing.T, s *store.Store, at time.Time) []ptpu.BookingID {
	t.Helper()
	var all []ptpu.BookingID
	for shard := range store.Shards {
		for after := ""; ; {
			page, next, err := s.Due(t.Context(), shard, at, 2, after)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if after = next; next == "" {
				break
			}
		}
	}
	return all
}

func TestDueWorkIsSpreadAndReadInPages(t *testing.T) {
	s := open(t, messageTable(t))
	want := map[ptpu.BookingID]bool{}
	for i := range 100 {
		m := full("m1")
		m.BookingID = booking + ptpu.BookingID(i)
		want[m.BookingID] = true
		add(t, s, m)
	}
	got := due(t, s, now.Add(2*time.Hour))
	for _, id := range got {
		delete(want, id)
	}
	if len(got) != 100 || len(want) != 0 {
		t.Errorf("%d due, %d missing", len(got), len(want))
	}
}

// claimed takes the booking and returns the claim and what waits.
func claimed(t *testing.T, s *store.Store) (ptpu.Claim, []ptpu.Message) {
	t.Helper()
	w := waiting(t, s)
	claim, err := s.Write(t.Context(), w.Claim.Next("me"), ptpu.Changes{})
	if err != nil {
		t.Fatal(err)
	}
	return claim, w.Messages
}

func TestAClaimComesBackAsItWasWritten(t *testing.T) {
	s := open(t, messageTable(t))
	want := ptpu.Claim{
		BookingID: booking, Owner: "me", Term: 3, Starts: 2, Message: "m1", Attempt: 4, Until: now.Add(5 * time.Second),
		Intents: []ptpu.Write{
			{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"},
			{Kind: ptpu.ReplaceKeyDates, KeyDates: ptpu.KeyDates{SentenceExpiry: ptpu.DateOf(now)}},
		},
	}
	written, err := s.Write(t.Context(), want, ptpu.Changes{})
	if err != nil {
		t.Fatal(err)
	}
	want.Version = 1
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("returned (want -, got +):\n%s", diff)
	}
	if diff := cmp.Diff(want, waiting(t, s).Claim); diff != "" {
		t.Errorf("read (want -, got +):\n%s", diff)
	}
	released, err := s.Write(t.Context(), written.Released(), ptpu.Changes{})
	if err != nil || released.Held() || released.Version != 2 {
		t.Errorf("released: %+v, %v", released, err)
	}
	if got := waiting(t, s).Claim; got.Held() || got.Term != 3 || got.Version != 2 || len(got.Intents) != 0 {
		t.Errorf("after the end the claim is %+v", got)
	}
}

func TestOfManyWorkersOneGetsTheClaim(t *testing.T) {
	s := open(t, messageTable(t))
	var group sync.WaitGroup
	var mu sync.Mutex
	got, lost := 0, 0
	for i := range 16 {
		group.Go(func() {
			claim := ptpu.Claim{BookingID: booking}.Next(string(rune('a' + i)))
			_, err := s.Write(context.Background(), claim, ptpu.Changes{})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				got++
			case errors.Is(err, ptpu.ErrClaimLost):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got != 1 || lost != 15 {
		t.Errorf("%d got it, %d lost it", got, lost)
	}
}

func TestAStaleWorkerWritesNothing(t *testing.T) {
	s := open(t, messageTable(t))
	add(t, s, full("m1"))
	stale, messages := claimed(t, s)
	if _, err := s.Write(t.Context(), stale.Next("other"), ptpu.Changes{}); err != nil {
		t.Fatal(err)
	}
	messages[0] = messages[0].Expire(now)
	_, err := s.Write(t.Context(), stale, ptpu.Changes{Messages: messages, Entries: []ptpu.Entry{stored(messages[0])}})
	if !errors.Is(err, ptpu.ErrClaimLost) {
		t.Errorf("the stale worker is told %v", err)
	}
	w := waiting(t, s)
	entries, err := s.Timeline(t.Context(), booking)
	if len(w.Messages) != 1 || w.Claim.Owner != "other" || len(entries) != 1 || err != nil {
		t.Errorf("%d messages wait, the claim is %+v, %d entries, %v", len(w.Messages), w.Claim, len(entries), err)
	}
}

func TestWhatIsOwedIsKeptUntilItIsDone(t *testing.T) {
	s := open(t, messageTable(t))
	write := ptpu.Write{Kind: ptpu.ReplaceOffenderNo, OffenderNo: "A1111BC", Previous: "A9999BC", BookNumber: "41001A"}
	owed := ptpu.Announcement{BookingID: booking, Change: write.Change("X100001"), MessageID: "m1", Since: now, Trace: "00-a-b-01", Due: now.Add(time.Minute), Tries: 2}
	open := ptpu.OpenWrite{BookingID: booking, Write: write, MessageID: "m1", Attempt: 3, Until: now.Add(time.Hour), Due: now}
	claim, err := s.Write(t.Context(), ptpu.Claim{BookingID: booking}.Next("me"), ptpu.Changes{
		Announce: []ptpu.Announcement{owed}, Unfinished: []ptpu.OpenWrite{open},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := waiting(t, s)
	if diff := cmp.Diff([]ptpu.Announcement{owed}, w.Announcements); diff != "" {
		t.Errorf("owed (want -, got +):\n%s", diff)
	}
	if diff := cmp.Diff([]ptpu.OpenWrite{open}, w.OpenWrites); diff != "" {
		t.Errorf("unfinished (want -, got +):\n%s", diff)
	}
	if got := due(t, s, now.Add(time.Minute)); len(got) != 2 {
		t.Errorf("due: %v, want the booking for each", got)
	}
	if _, err := s.Write(t.Context(), claim, ptpu.Changes{Announced: w.Announcements, Finished: w.OpenWrites}); err != nil {
		t.Fatal(err)
	}
	if w = waiting(t, s); len(w.Announcements)+len(w.OpenWrites) != 0 {
		t.Errorf("still owed: %+v", w)
	}
}

func TestTheLastInstantThatARowCanHoldStandsForAllBehindIt(t *testing.T) {
	s := open(t, messageTable(t))
	until := ptpu.Date{Year: 9999, Month: time.December, Day: 31}.End()
	open := ptpu.OpenWrite{BookingID: booking, Write: ptpu.Write{Kind: ptpu.SetOffenderNo}, MessageID: "m1", Until: until, Due: until}
	if _, err := s.Write(t.Context(), ptpu.Claim{BookingID: booking}.Next("me"), ptpu.Changes{Unfinished: []ptpu.OpenWrite{open}}); err != nil {
		t.Fatal(err)
	}
	if got := waiting(t, s).OpenWrites; len(got) != 1 || until.Sub(got[0].Until) != 1 {
		t.Errorf("got %+v, want one until a nanosecond before %s", got, until)
	}
	if got := due(t, s, now); len(got) != 0 {
		t.Errorf("due now: %v", got)
	}
}

func TestAStoreRefusesNonsense(t *testing.T) {
	if _, err := store.New(store.Config{}); err == nil {
		t.Error("a store without rows was made")
	}
	if _, err := store.New(store.Config{Rows: messageTable(t), AuditRetention: time.Hour}); err == nil {
		t.Error("a store that forgets within an hour was made")
	}
}
