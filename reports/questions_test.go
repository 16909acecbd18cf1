package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

var paths = []string{"/report/in-progress", "/report/not-matched", "/report/processed", "/report/match-summary"}

// problem is what a refusal says.
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
		Value    any    `json:"value"`
	} `json:"errors"`
}

func wantProblem(t *testing.T, asked string, answer *httptest.ResponseRecorder, status int) problem {
	t.Helper()
	var p problem
	if answer.Code != status || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s: got status %d with %s, want a problem with %d", asked, answer.Code, answer.Header().Get("Content-Type"), status)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil || p.Status != status || p.Detail == "" {
		t.Fatalf("%s: got %s, want a problem that says status %d and what is wrong", asked, answer.Body, status)
	}
	return p
}

func TestABadParameterIs400AndNamedWithTheFormThatIsWanted(t *testing.T) {
	const (
		days     = "want a whole number of days from 0 to 36500"
		once     = "want it once at most"
		yesNo    = "want true or false"
		prison   = "want a prison code such as MDI"
		escaped  = "want name=value pairs, joined with & and escaped as in a URL"
		oneOf    = "want one of IMPRISONMENT_STATUS-CHANGED, EXTERNAL_MOVEMENT_RECORD-INSERTED, SENTENCE_DATES-CHANGED, CONFIRMED_RELEASE_DATE-CHANGED, BOOKING_NUMBER-CHANGED"
		afterOne = "want a date-time after createdDateStartDateTime: both bounds are exclusive"
	)
	long := strings.Repeat("9", 65)
	for _, c := range []struct{ path, location, message string }{
		{"not-matched?daysOld=abc", "query.daysOld", days},
		{"not-matched?daysOld=-1", "query.daysOld", days},
		{"not-matched?daysOld=%2B7", "query.daysOld", days},
		{"not-matched?daysOld=7.5", "query.daysOld", days},
		{"not-matched?daysOld=36501", "query.daysOld", days},
		{"not-matched?daysOld=99999999999999999999", "query.daysOld", days},
		{"not-matched?daysOld=" + long, "query.daysOld", days},
		{"not-matched?daysOld=1&daysOld=1", "query.daysOld", once},
		{"not-matched?daysOld=&daysOld=", "query.daysOld", once},
		{"not-matched?daysOld=%zz", "query", escaped},
		{"in-progress?unknown=1;2", "query", escaped},
		{"in-progress?%zz", "query", escaped},
		{"processed?createdDateStartDateTime=yesterday", "query.createdDateStartDateTime", momentForm},
		{"processed?createdDateEndDateTime=2020-12-09", "query.createdDateEndDateTime", momentForm},
		{"processed?processedDateStartDateTime=2020-12-09T15", "query.processedDateStartDateTime", momentForm},
		{"processed?processedDateEndDateTime=2020-02-30T15:15:50", "query.processedDateEndDateTime", momentForm},
		{"processed?processedDateEndDateTime=2020-12-09%2015:15:50", "query.processedDateEndDateTime", momentForm},
		{"processed?processedDateEndDateTime=2020-12-09T24:00:00", "query.processedDateEndDateTime", momentForm},
		{"processed?processedDateEndDateTime=1607526950", "query.processedDateEndDateTime", momentForm},
		{"processed?createdDateStartDateTime=2020-12-09T15:15:50&createdDateEndDateTime=2020-12-09T15:15:50", "query.createdDateEndDateTime", afterOne},
		{"processed?createdDateStartDateTime=2020-12-10T00:00:00&createdDateEndDateTime=2020-12-09T00:00", "query.createdDateEndDateTime", afterOne},
		{"processed?processedDateStartDateTime=2020-12-10T00:00:00Z&processedDateEndDateTime=2020-12-10T01:00:00%2B01:00", "query.processedDateEndDateTime", "want a date-time after processedDateStartDateTime: both bounds are exclusive"},
		{"processed?createdDateStartDateTime=2026-07-01T10:00:00&createdDateEndDateTime=2026-07-01T09:00:00Z", "query.createdDateEndDateTime", afterOne},
		{"processed?createdDateStartDateTime=2026-07-01T10:00:00Z&createdDateEndDateTime=2026-07-01T10:00:00", "query.createdDateEndDateTime", afterOne},
		{"processed?includeSuperseded=maybe", "query.includeSuperseded", yesNo},
		{"processed?includeSuperseded=1", "query.includeSuperseded", yesNo},
		{"processed?eventType=IMPRISONMENT_STATUS_CHANGED", "query.eventType", oneOf},
		{"processed?locationId=Moorland", "query.locationId", prison},
		{"processed?locationId=MDI&locationId=LEI", "query.locationId", once},
		{"match-summary?slaDays=-7", "query.slaDays", days},
		{"match-summary?locationId=MDI,LEI", "query.locationId", prison},
		{"match-summary?createdDateStartDateTime=now", "query.createdDateStartDateTime", momentForm},
		{"match-summary?createdDateStartDateTime=2020-12-10T00:00:00&createdDateEndDateTime=2020-12-09T00:00", "query.createdDateEndDateTime", afterOne},
		{"match-summary?slaDays=7&slaDays=8", "query.slaDays", once},
	} {
		store := &fakeStore{}
		p := wantProblem(t, c.path, serve(t, store).get("/report/"+c.path), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Location != c.location || p.Errors[0].Message != c.message {
			t.Errorf("%s: got %+v, want %s at %s", c.path, p.Errors, c.message, c.location)
		}
		if name := strings.TrimPrefix(c.location, "query."); p.Detail != name+": "+c.message {
			t.Errorf("%s: got detail %q, want name and form", c.path, p.Detail)
		}
		if strings.Contains(p.Detail, long) || len(p.Errors) > 0 && p.Errors[0].Value == long {
			t.Errorf("%s: a long value is repeated", c.path)
		}
		if selections, actions := store.asked(); len(selections)+len(actions) > 0 {
			t.Errorf("%s: got %v read and %v recorded, want nothing", c.path, selections, actions)
		}
	}
}

func TestAllBadParametersAreNamedAtOnce(t *testing.T) {
	p := wantProblem(t, "three bad ones", serve(t, &fakeStore{}).get("/report/processed?locationId=-&eventType=x&includeSuperseded=y"), http.StatusBadRequest)
	var got []string
	for _, e := range p.Errors {
		got = append(got, fmt.Sprint(e.Location, "=", e.Value))
	}
	if diff := cmp.Diff([]string{"query.locationId=-", "query.eventType=x", "query.includeSuperseded=y"}, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// rows lists the bookings that a report shows.
func rows(t *testing.T, asked string, answer *httptest.ResponseRecorder) string {
	t.Helper()
	if answer.Code != http.StatusOK {
		t.Fatalf("%s: got status %d: %s", asked, answer.Code, answer.Body)
	}
	var shown []string
	for _, line := range strings.Split(strings.TrimSpace(answer.Body.String()), "\n")[1:] {
		booking, _, _ := strings.Cut(strings.TrimPrefix(line, `"`), `"`)
		shown = append(shown, booking)
	}
	return strings.Join(shown, " ")
}

func TestFilters(t *testing.T) {
	at := func(text string) time.Time { return instant(t, text) }
	messages := []ptpu.Message{
		message(1, at("2026-11-01T10:00:00Z"), in(ptpu.Completed), processedAt(at("2026-11-05T10:00:00Z"))),
		message(2, at("2026-11-02T10:00:00Z"), in(ptpu.Completed), processedAt(at("2026-11-04T10:00:00Z")), func(m *ptpu.Message) { m.LocationID = "LEI" }),
		message(3, at("2026-11-03T10:00:00Z"), in(ptpu.Superseded), processedAt(at("2026-11-04T10:00:00Z")), func(m *ptpu.Message) {
			m.EventType = ptpu.SentenceDatesChanged
		}),
		message(4, at("2026-11-04T10:00:00Z"), in(ptpu.Expired), processedAt(at("2026-11-06T10:00:00Z")), func(m *ptpu.Message) {
			m.EventType = ptpu.SentenceDatesChanged
		}),
		message(5, at("2026-11-03T10:00:00Z"), in(ptpu.Completed), processedAt(at("2026-11-04T10:00:00Z")), func(m *ptpu.Message) { m.Reportable = false }),
		message(6, at("2026-11-05T10:00:00Z"), in(ptpu.NoMatch)),
	}
	for query, want := range map[string]string{
		"":                           "1 2 4",
		"includeSuperseded=true":     "1 2 3 4",
		"includeSuperseded=False":    "1 2 4",
		"locationId=LEI":             "2",
		"locationId=lei":             "2",
		"locationId=WWI":             "",
		"eventType=":                 "1 2 4",
		"locationId=&unknown=a":      "1 2 4",
		"createdDateStartDateTime=+": "1 2 4",
		"eventType=SENTENCE_DATES-CHANGED&includeSuperseded=true":                                          "3 4",
		"createdDateStartDateTime=2026-11-01T10:00:00":                                                     "2 4",
		"createdDateStartDateTime=2026-11-01T09:59:59.999":                                                 "1 2 4",
		"createdDateEndDateTime=2026-11-02T10:00:00":                                                       "1",
		"createdDateStartDateTime=2026-11-01T10:00&createdDateEndDateTime=2026-11-04T10:00:00Z":            "2",
		"processedDateStartDateTime=2026-11-05T10:00:00":                                                   "4",
		"processedDateEndDateTime=2026-11-05T10:00:00":                                                     "2",
		"processedDateStartDateTime=2026-11-04T11:00:00%2B01:00&processedDateEndDateTime=2026-11-06T10:00": "1",
	} {
		if got := rows(t, query, serve(t, &fakeStore{messages: messages}).get("/report/processed?"+query)); got != want {
			t.Errorf("processed?%s shows %q, want %q", query, got, want)
		}
	}
}

func TestNotMatchedCountsDaysFromFirstSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		seen := func(id ptpu.BookingID, ago time.Duration, state ptpu.State) ptpu.Message {
			return message(id, now.Add(-time.Minute), in(state), func(m *ptpu.Message) { m.FirstSeen = now.Add(-ago) })
		}
		imported := message(6, now.Add(-8*day), in(ptpu.NoMatch), func(m *ptpu.Message) { m.FirstSeen = time.Time{} })
		messages := []ptpu.Message{
			seen(1, 7*day, ptpu.NoMatch), seen(2, 7*day+1, ptpu.NoMatch), seen(3, 30*day, ptpu.NoMatchWithSentenceDate),
			seen(4, 30*day, ptpu.TooManyMatches), seen(5, time.Minute, ptpu.NoMatch), imported,
			seen(7, 30*day, ptpu.Validated), seen(8, 30*day, ptpu.BookingNumberNotAssigned), seen(9, 30*day, ptpu.Failed),
		}
		for query, want := range map[string]string{
			"":           "6 2 3 4",
			"?daysOld=":  "6 2 3 4",
			"?daysOld=6": "6 1 2 3 4",
			"?daysOld=0": "6 1 2 3 4 5",
			"?daysOld=8": "3 4", "?daysOld=30": "",
		} {
			if got := rows(t, query, serve(t, &fakeStore{messages: messages}).get("/report/not-matched"+query)); got != want {
				t.Errorf("not-matched%s shows %q, want %q", query, got, want)
			}
		}
	})
}

// An index lags: what has just been processed may still stand on the other side.
func TestALaggingIndexPutsNothingIntoTheWrongReport(t *testing.T) {
	long := time.Now().Add(-30 * day).UTC()
	both := &fakeStore{reading: func(context.Context) iter.Seq2[ptpu.Message, error] {
		return func(yield func(ptpu.Message, error) bool) {
			_ = yield(message(1, long, in(ptpu.NoMatch)), nil) &&
				yield(message(2, long, in(ptpu.NoMatch), processedAt(long.Add(time.Hour))), nil)
		}
	}}
	for path, want := range map[string]string{"/report/in-progress": "1", "/report/not-matched": "1", "/report/processed": "2"} {
		if got := rows(t, path, serve(t, both).get(path)); got != want {
			t.Errorf("%s shows %q, want %q", path, got, want)
		}
	}
	answer := serve(t, both).get("/report/match-summary")
	var c counts
	if err := json.Unmarshal(answer.Body.Bytes(), &c); err != nil {
		t.Fatalf("%s: %v", answer.Body, err)
	}
	if total, done, late := c.at(t, "total"), c.at(t, "completed", "total"), c.at(t, "exceeded-sla", "total"); total != 2 || done != 1 || late != 1 {
		t.Errorf("got %s, want each message once", answer.Body)
	}
}

func TestTheIndexIsAskedForNoMoreThanTheCreatedBounds(t *testing.T) {
	const bounds = "createdDateStartDateTime=2026-07-01T10:00:00&createdDateEndDateTime=2026-11-01T10:00:00Z"
	after, before := instant(t, "2026-07-01T09:00:00Z"), instant(t, "2026-11-01T10:00:00Z")
	for path, want := range map[string][]ptpu.Selection{
		"/report/in-progress":                       {{}},
		"/report/not-matched?daysOld=3":             {{}}, // an old case may have a new message
		"/report/processed":                         {{Processed: true}},
		"/report/processed?" + bounds:               {{Processed: true, After: after, Before: before}},
		"/report/match-summary?slaDays=3&" + bounds: {{After: after, Before: before}, {Processed: true, After: after, Before: before}},
	} {
		store := &fakeStore{}
		serve(t, store).get(path)
		if got, _ := store.asked(); !cmp.Equal(got, want) {
			t.Errorf("%s reads %+v, want %+v", path, got, want)
		}
	}
}
