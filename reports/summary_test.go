package reports

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ptpu"
)

var states = []ptpu.State{
	ptpu.Validated, ptpu.NoMatch, ptpu.NoMatchWithSentenceDate, ptpu.TooManyMatches, ptpu.BookingNumberNotAssigned,
	ptpu.LocationNotUpdated, ptpu.KeyDatesNotUpdated, ptpu.Completed, ptpu.NoLongerValid, ptpu.Failed,
	ptpu.Superseded, ptpu.Expired, ptpu.Dismissed, ptpu.NotValid, "", "SOMETHING_NEWER",
}

// counts reads the answer as a dashboard would: by its names.
type counts map[string]any

func (c counts) at(t interface{ Fatalf(string, ...any) }, path ...string) int {
	var value any = map[string]any(c)
	for _, name := range path {
		fields, _ := value.(map[string]any)
		var ok bool
		if value, ok = fields[name]; !ok {
			t.Fatalf("the summary has no %v: %v", path, c)
		}
	}
	number, ok := value.(float64)
	if !ok {
		t.Fatalf("%v is %v, want a number", path, value)
	}
	return int(number)
}

func (c counts) categories(t interface{ Fatalf(string, ...any) }, of string) int {
	sum := 0
	for _, name := range []string{
		"no-match", "no-match-sentence", "too-many-matches", "book-number-set-fail", "location-set-fail", "key-dates-set-fail", "error-fail",
	} {
		sum += c.at(t, of, "category", name)
	}
	return sum
}

func TestMatchSummaryAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Now().UTC()
		// Half hours keep off the limits, which move on until the question is asked.
		ago := rapid.Custom(func(t *rapid.T) time.Duration {
			return 30*time.Minute + time.Duration(rapid.IntRange(0, 30*24).Draw(t, "hours"))*time.Hour
		})
		past := func(name string) time.Time { return now.Add(-ago.Draw(rt, name)) }
		var messages []ptpu.Message
		for i := range rapid.IntRange(0, 30).Draw(rt, "messages") {
			m := message(ptpu.BookingID(i+1), past("created"), in(rapid.SampledFrom(states).Draw(rt, "state")))
			m.FirstSeen = m.Created.Add(-time.Duration(rapid.IntRange(0, 30*24).Draw(rt, "first seen before")) * time.Hour)
			m.EventType = rapid.SampledFrom([]ptpu.EventType{ptpu.ImprisonmentStatusChanged, ptpu.SentenceDatesChanged}).Draw(rt, "event type")
			m.LocationID = rapid.SampledFrom([]ptpu.PrisonCode{"MDI", "LEI", ""}).Draw(rt, "location")
			m.Reportable = rapid.IntRange(0, 9).Draw(rt, "reportable") > 0
			if rapid.Bool().Draw(rt, "is processed") {
				m.Processed = past("processed")
			}
			messages = append(messages, m)
		}
		filters, slaDays := url.Values{}, 7
		var location ptpu.PrisonCode
		var after, before time.Time
		if rapid.Bool().Draw(rt, "with slaDays") {
			slaDays = rapid.IntRange(0, 40).Draw(rt, "slaDays")
			filters.Set("slaDays", strconv.Itoa(slaDays))
		}
		if rapid.Bool().Draw(rt, "with locationId") {
			location = "MDI"
			filters.Set("locationId", "MDI")
		}
		if rapid.Bool().Draw(rt, "with start") {
			after = past("start")
			filters.Set("createdDateStartDateTime", after.Format(time.RFC3339Nano))
		}
		if rapid.Bool().Draw(rt, "with end") {
			if before = past("end"); !before.After(after) {
				before = now
			}
			filters.Set("createdDateEndDateTime", before.Format(time.RFC3339Nano))
		}

		answer := serve(t, &fakeStore{messages: messages}).get("/report/match-summary?" + filters.Encode())
		if answer.Code != http.StatusOK {
			rt.Fatalf("%v: got status %d: %s", filters, answer.Code, answer.Body)
		}
		var c counts
		if err := json.Unmarshal(answer.Body.Bytes(), &c); err != nil {
			rt.Fatalf("%s: %v", answer.Body, err)
		}

		var total, processed, rejected, expired, late, fresh int
		for _, m := range messages {
			if m.EventType != ptpu.ImprisonmentStatusChanged || m.State == ptpu.Superseded || !m.Reportable ||
				location != "" && m.LocationID != location ||
				!after.IsZero() && !m.Created.After(after) || !before.IsZero() && !m.Created.Before(before) {
				continue
			}
			total++
			switch {
			case !m.Open():
				processed++
				switch m.State {
				case ptpu.NoLongerValid, ptpu.Dismissed, ptpu.NotValid:
					rejected++
				case ptpu.Expired:
					expired++
				default:
				}
			case m.FirstSeen.Before(now.Add(-time.Duration(slaDays) * day)):
				late++
				if m.State == ptpu.Validated {
					fresh++
				}
			}
		}
		for _, w := range []struct {
			what      string
			got, want int
		}{
			{"total", c.at(rt, "total"), total},
			{"the parts of total", c.at(rt, "completed", "total") + c.at(rt, "waiting", "total") + c.at(rt, "exceeded-sla", "total"), total},
			{"completed", c.at(rt, "completed", "total"), processed},
			{"the parts of completed", c.at(rt, "completed", "success") + c.at(rt, "completed", "rejected") + c.at(rt, "completed", "expired"), processed},
			{"rejected", c.at(rt, "completed", "rejected"), rejected},
			{"expired", c.at(rt, "completed", "expired"), expired},
			{"exceeded-sla", c.at(rt, "exceeded-sla", "total"), late},
			{"the categories of exceeded-sla", c.categories(rt, "exceeded-sla"), late - fresh},
			{"the parts of waiting", c.at(rt, "waiting", "new") + c.at(rt, "waiting", "retry"), c.at(rt, "waiting", "total")},
			{"the categories of waiting", c.categories(rt, "waiting"), c.at(rt, "waiting", "retry")},
		} {
			if w.got != w.want {
				rt.Fatalf("%s of %s = %d, want %d", w.what, answer.Body, w.got, w.want)
			}
		}
	})
}

func TestMatchSummaryHasThePromisedNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		recent, exactly, long := now.Add(-time.Hour), now.Add(-7*day), now.Add(-7*day-1)
		at := func(created time.Time, state ptpu.State) ptpu.Message { return message(1, created, in(state)) }
		done := func(state ptpu.State) ptpu.Message { return message(1, long, in(state), processedAt(recent)) }
		messages := []ptpu.Message{
			done(ptpu.Completed), done(ptpu.Completed), done(ptpu.NoLongerValid), done(ptpu.Dismissed), done(ptpu.Expired), done(ptpu.Superseded),
			at(recent, ptpu.Validated), at(exactly, ptpu.NoMatch), at(recent, ptpu.NoMatchWithSentenceDate), at(recent, ptpu.NoMatchWithSentenceDate),
			at(recent, ptpu.TooManyMatches), at(recent, ptpu.BookingNumberNotAssigned), at(recent, ptpu.LocationNotUpdated),
			at(recent, ptpu.KeyDatesNotUpdated), at(recent, ptpu.Failed),
			at(long, ptpu.Validated), at(long, ptpu.NoMatch), at(long, ptpu.Failed),
			// Created lately, but the survivor of something old.
			message(1, recent, in(ptpu.TooManyMatches), func(m *ptpu.Message) { m.FirstSeen = long }),
		}
		answer := serve(t, &fakeStore{messages: messages}).get("/report/match-summary")
		const want = `{
			"total": 18,
			"completed": {"total": 5, "success": 2, "rejected": 2, "expired": 1},
			"waiting": {"total": 9, "new": 1, "retry": 8, "category": {
				"no-match": 1, "no-match-sentence": 2, "too-many-matches": 1, "book-number-set-fail": 1,
				"location-set-fail": 1, "key-dates-set-fail": 1, "error-fail": 1}},
			"exceeded-sla": {"total": 4, "category": {
				"no-match": 1, "no-match-sentence": 0, "too-many-matches": 1, "book-number-set-fail": 0,
				"location-set-fail": 0, "key-dates-set-fail": 0, "error-fail": 1}}
		}`
		var got, wanted any
		if err := errors.Join(json.Unmarshal(answer.Body.Bytes(), &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("match-summary (-want +got):\n%s", diff)
		}
		if answer.Header().Get("Content-Type") != "application/json" || answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("got headers %v, want JSON that is not stored", answer.Header())
		}
	})
}

// A message that is processed between the two readings stands in both.
func TestAMessageProcessedMeanwhileIsCountedOnce(t *testing.T) {
	created := time.Now().Add(-time.Hour).UTC()
	waiting := message(1, created)
	processed := message(1, created, in(ptpu.Completed), processedAt(time.Now().Add(time.Hour).UTC()))
	answer := serve(t, &fakeStore{messages: []ptpu.Message{waiting, processed}}).get("/report/match-summary")
	var c counts
	if err := json.Unmarshal(answer.Body.Bytes(), &c); err != nil {
		t.Fatalf("%s: %v", answer.Body, err)
	}
	if got, fresh := c.at(t, "total"), c.at(t, "waiting", "new"); got != 1 || fresh != 1 {
		t.Errorf("got %s, want one new message", answer.Body)
	}
}
