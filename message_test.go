package ptpu_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ptpu"
)

// hourly, later and nightly stand in for the three schedules, so that a due
// instant says which of them gave it.
type rhythm struct{}

func (rhythm) Next(tier ptpu.Tier, after time.Time) time.Time {
	switch tier {
	case ptpu.Short:
		return after.Add(time.Hour)
	case ptpu.Medium:
		return after.Add(4 * time.Hour)
	default:
		return after.Add(24 * time.Hour)
	}
}

var (
	created = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	status  = ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1}
)

func message(eventType ptpu.EventType) ptpu.Message {
	return ptpu.NewMessage("m1", ptpu.Payload{EventType: eventType, BookingID: 1}, "{}", ptpu.Booking{}, created, time.Hour)
}

func TestNewMessage(t *testing.T) {
	recall := true
	b := ptpu.Booking{
		OffenderNo: "A1111BC", BookNumber: "41001A", Agency: "MDI", LocationDescription: "Moorland (HMP & YOI)",
		Recall: &recall, LegalStatus: "RECALL",
	}
	m := ptpu.NewMessage("m1", status, `{"a":1}`, b, created, time.Hour)
	switch {
	case m.State != ptpu.Validated, m.Retries != 0, !m.Reportable, !m.Open(), m.Payload != `{"a":1}`:
		t.Errorf("a new message is %+v", m)
	case m.OffenderNo != b.OffenderNo, m.BookNumber != b.BookNumber, m.LocationID != b.Agency, m.LocationDescription != b.LocationDescription, m.Recall != b.Recall, m.LegalStatus != b.LegalStatus:
		t.Errorf("a new message does not show its booking: %+v", m)
	case !m.FirstSeen.Equal(created), !m.Created.Equal(created):
		t.Errorf("created %v, first seen %v; want both %v", m.Created, m.FirstSeen, created)
	}
	if want := created.Add(30 * 24 * time.Hour).Truncate(time.Second); !m.DeleteBy.Equal(want) {
		t.Errorf("delete by %v, want %v", m.DeleteBy, want)
	}
}

func TestAMessageIsDueOnceItIsRipe(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged)
	ripe := created.Add(time.Hour)
	if m.IsDue(ripe.Add(-1)) || !m.IsDue(ripe) {
		t.Errorf("due a moment before: %t, at the instant: %t; want false, true", m.IsDue(ripe.Add(-1)), m.IsDue(ripe))
	}
	if !m.Wakes().Equal(ripe) {
		t.Errorf("wakes %v, want %v", m.Wakes(), ripe)
	}
}

// The holdback is real time: it does not stretch or shrink when the clocks change.
func TestTheHoldbackIsExactAcrossClockChanges(t *testing.T) {
	for _, at := range []string{"2026-03-29T00:30:00Z", "2026-10-25T00:30:00Z", "2024-02-28T23:30:00Z", "2026-12-31T23:30:00Z"} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		m := ptpu.NewMessage("m1", status, "", ptpu.Booking{}, now.In(ptpu.London), time.Hour)
		if got := m.Due.Sub(now); got != time.Hour {
			t.Errorf("stored at %s it rests for %s, want an hour", at, got)
		}
	}
}

func TestEveryRetryCountHasOneTier(t *testing.T) {
	for retries, want := range map[int]ptpu.Tier{
		1: ptpu.Short, 4: ptpu.Short, 5: ptpu.Medium, 10: ptpu.Medium, 11: ptpu.Long, 12: ptpu.Long, 1000: ptpu.Long,
	} {
		if got := ptpu.TierOf(retries); got != want {
			t.Errorf("after %d misses the tier is %s, want %s", retries, got, want)
		}
	}
}

func TestDoneIsProcessedAndKeptForThirtyDays(t *testing.T) {
	now := created.Add(5 * time.Hour)
	m := message(ptpu.ImprisonmentStatusChanged)
	m.Retries, m.DeleteBy = 3, created.Add(1000*24*time.Hour) // it was to be tried until its sentence expires
	m = m.After(ptpu.Completes(ptpu.Facts{}), now, rhythm{})
	if m.State != ptpu.Completed || !m.Processed.Equal(now) || m.Retries != 3 || !m.Due.IsZero() || m.Open() || !m.Wakes().IsZero() {
		t.Errorf("got %+v", m)
	}
	if want := now.Add(30 * 24 * time.Hour).Truncate(time.Second); !m.DeleteBy.Equal(want) {
		t.Errorf("delete by %v, want %v", m.DeleteBy, want)
	}
	if m.IsDue(now.Add(time.Hour)) || m.IsOverdue(now.Add(10000*time.Hour)) {
		t.Error("a processed message asks for work")
	}
}

func TestABusinessMissIsTriedAgainByTier(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged)
	now := created.Add(time.Hour)
	for miss := 1; miss <= 12; miss++ {
		m = m.After(ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), now, rhythm{})
		want := rhythm{}.Next(ptpu.TierOf(miss), now)
		if m.Retries != miss || m.Attempts != miss || !m.Due.Equal(want) || m.State != ptpu.NoMatch || !m.Open() {
			t.Fatalf("after miss %d: %+v; want due %v", miss, m, want)
		}
	}
}

func TestTransientFailuresComeBackSoonAndCountNothing(t *testing.T) {
	m := message(ptpu.SentenceDatesChanged)
	m.Retries = 2
	now := created.Add(time.Hour)
	failure := &ptpu.CallError{Upstream: "prison-api", Method: "GET", Route: "/api/bookings/{bookingId}", Status: 503, Kind: ptpu.ErrUnavailable}
	for i, minutes := range []int{1, 5, 15, 60, 60} {
		m = m.AfterFailure(ptpu.Facts{}, failure, now, rhythm{})
		if m.State != ptpu.Failed || m.Retries != 2 || !m.Due.Equal(now.Add(time.Duration(minutes)*time.Minute)) || !m.Open() {
			t.Fatalf("after failure %d: %+v; want due in %d minutes", i+1, m, minutes)
		}
	}
	if !strings.Contains(string(m.Reason), "prison-api GET bookings: unavailable (status 503)") {
		t.Errorf("the reason is %q", m.Reason)
	}
	m = m.After(ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), now, rhythm{})
	m = m.AfterFailure(ptpu.Facts{}, failure, now, rhythm{})
	if !m.Due.Equal(now.Add(time.Minute)) {
		t.Errorf("after an answer in between, the next failure waits until %v, want a minute", m.Due)
	}
}

func TestARefusalCountsAnAttempt(t *testing.T) {
	now := created.Add(time.Hour)
	refused := fmt.Errorf("reading: %w", ptpu.ErrRefused)
	m := message(ptpu.ImprisonmentStatusChanged).AfterFailure(ptpu.Facts{}, refused, now, rhythm{})
	if m.State != ptpu.Failed || m.Retries != 1 || !m.Due.Equal(now.Add(time.Hour)) || !m.Open() {
		t.Errorf("a status message is %+v; want it again by tier", m)
	}
	m = message(ptpu.ExternalMovementInserted).AfterFailure(ptpu.Facts{}, refused, now, rhythm{})
	if m.State != ptpu.Failed || m.Retries != 1 || m.Open() {
		t.Errorf("a movement, which has one business attempt, is %+v; want it processed", m)
	}
}

func TestDeleteByOnlyMovesLater(t *testing.T) {
	now := created.Add(time.Hour)
	m := message(ptpu.ImprisonmentStatusChanged)
	until := created.Add(400 * 24 * time.Hour)
	later := ptpu.Later(ptpu.LocationNotUpdated, ptpu.Facts{})
	later.DeleteBy = until
	m = m.After(later, now, rhythm{})
	if !m.DeleteBy.Equal(until.Truncate(time.Second)) {
		t.Errorf("delete by %v, want %v on the first attempt", m.DeleteBy, until)
	}
	later.DeleteBy = created.Add(24 * time.Hour)
	if m = m.After(later, now, rhythm{}); !m.DeleteBy.Equal(until.Truncate(time.Second)) {
		t.Errorf("delete by moved back to %v", m.DeleteBy)
	}
}

func TestAMessageExpiresWhenItsNextAttemptWouldComeTooLate(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged)
	for name, last := range map[string]func(ptpu.Message, time.Time) ptpu.Message{
		"a miss": func(m ptpu.Message, now time.Time) ptpu.Message {
			return m.After(ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), now, rhythm{})
		},
		"a transient failure": func(m ptpu.Message, now time.Time) ptpu.Message {
			return m.AfterFailure(ptpu.Facts{}, ptpu.ErrUnavailable, now, rhythm{})
		},
		"a refusal": func(m ptpu.Message, now time.Time) ptpu.Message {
			return m.AfterFailure(ptpu.Facts{}, ptpu.ErrRefused, now, rhythm{})
		},
	} {
		now := m.DeleteBy.Add(-time.Second)
		got := last(m, now)
		if got.State != ptpu.Expired || !got.Processed.Equal(now) || !got.DeleteBy.After(m.DeleteBy) {
			t.Errorf("%s just before delete-by leaves %+v, want it expired and kept", name, got)
		}
		if got := last(m, m.DeleteBy.Add(-25*time.Hour)); got.State == ptpu.Expired {
			t.Errorf("%s a day before delete-by expires the message", name)
		}
	}
}

func TestAMessageIsOverdueOnlyPastItsDeleteBy(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged)
	if m.IsOverdue(m.DeleteBy) || !m.IsOverdue(m.DeleteBy.Add(1)) {
		t.Error("the delete-by itself is still in time, the next moment is not")
	}
	m.Due = m.DeleteBy.Add(time.Hour)
	if wakes := m.Wakes(); !m.IsOverdue(wakes) {
		t.Errorf("it wakes at %v, when it is not overdue yet", wakes)
	}
}

func TestPoisonWaitsForAPersonAndStillExpires(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged).AsPoison()
	if m.State != ptpu.Failed || !m.Poisoned() || !m.Open() || m.IsDue(created.Add(1000*time.Hour)) {
		t.Errorf("poison is %+v", m)
	}
	if wakes := m.Wakes(); !m.IsOverdue(wakes) {
		t.Errorf("poison wakes at %v, when it is not overdue", wakes)
	}
}

func TestMatchingCRNsShowTheLastSearch(t *testing.T) {
	now := created.Add(time.Hour)
	facts := func(crns ...ptpu.CRN) ptpu.Facts { return ptpu.Facts{Match: &ptpu.Match{Candidates: crns}} }
	m := message(ptpu.ImprisonmentStatusChanged).After(ptpu.Later(ptpu.NoMatchWithSentenceDate, facts("X1", "X2")), now, rhythm{})
	if got := ptpu.JoinCRNs(m.MatchingCRNs); got != "X1, X2" {
		t.Errorf("got %q", got)
	}
	m = m.AfterFailure(ptpu.Facts{}, ptpu.ErrUnavailable, now, rhythm{})
	if got := ptpu.JoinCRNs(m.MatchingCRNs); got != "X1, X2" {
		t.Errorf("an attempt that did not search leaves %q", got)
	}
	m = m.After(ptpu.Later(ptpu.NoMatch, facts()), now, rhythm{})
	if len(m.MatchingCRNs) != 0 {
		t.Errorf("a search that found none leaves %v", m.MatchingCRNs)
	}
}

func TestALongReasonIsCutAndOnOneLine(t *testing.T) {
	m := message(ptpu.ImprisonmentStatusChanged).AfterFailure(ptpu.Facts{}, errors.New(strings.Repeat("é\n", 300)), created, rhythm{})
	if got := string(m.Reason); len(got) > 110 || strings.ContainsAny(got, "\n\uFFFD") || !strings.HasSuffix(got, "…") {
		t.Errorf("the reason is %d bytes: %q", len(got), got)
	}
}
