package reports

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

func TestEachDownloadIsOnRecordWithItsFilters(t *testing.T) {
	for path, want := range map[string]map[string]string{
		"/report/in-progress":           {"report": "in-progress"},
		"/report/not-matched?daysOld=3": {"report": "not-matched", "daysOld": "3"},
		"/report/processed?locationId=mdi&eventType=&includeSuperseded=true&createdDateStartDateTime=2026-11-01T10:00": {
			"report": "processed", "locationId": "mdi", "includeSuperseded": "true", "createdDateStartDateTime": "2026-11-01T10:00",
		},
		"/report/match-summary?slaDays=3": {"report": "match-summary", "slaDays": "3"},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &fakeStore{}
			serve(t, store).get(path)
			wanted := []ptpu.Action{{At: time.Now().UTC(), By: "a.reader", What: "report downloaded", Details: want}}
			if _, actions := store.asked(); !cmp.Equal(actions, wanted) {
				t.Errorf("%s: %s", path, cmp.Diff(wanted, actions))
			}
		})
	}
}

func TestNothingIsHandedOutThatIsNotOnRecord(t *testing.T) {
	for _, path := range paths {
		store := &fakeStore{messages: []ptpu.Message{message(1, time.Now())}, refuses: fmt.Errorf("recording: %w", ptpu.ErrUnavailable)}
		s := serve(t, store)
		for range atOnce + 1 { // a slot is given back
			wantProblem(t, path, s.get(path), http.StatusServiceUnavailable)
		}
		if selections, _ := store.asked(); len(selections) > 0 {
			t.Errorf("%s: got %v read, want nothing", path, selections)
		}
		if got := s.stumbles.all(); len(got) != atOnce+1 || !errors.Is(got[0], ptpu.ErrUnavailable) {
			t.Errorf("%s: stumbled over %v, want each refusal", path, got)
		}
	}
}

func TestAStoreThatIsAwayIs503(t *testing.T) {
	for _, path := range paths {
		for name, messages := range map[string][]ptpu.Message{
			"at once": nil,
			// Nothing of them is shown by any report, so nothing was sent yet.
			"after rows that are not shown": {message(1, time.Now(), func(m *ptpu.Message) { m.Reportable = false })},
		} {
			s := serve(t, &fakeStore{messages: messages, err: fmt.Errorf("reading: %w", ptpu.ErrUnavailable)})
			for range atOnce + 1 {
				answer := s.get(path)
				wantProblem(t, path+" failing "+name, answer, http.StatusServiceUnavailable)
				if got := answer.Header().Get("Content-Disposition"); got != "" {
					t.Errorf("%s failing %s: got %s, want no file", path, name, got)
				}
			}
			if got := s.stumbles.all(); len(got) != atOnce+1 || !errors.Is(got[0], ptpu.ErrUnavailable) {
				t.Errorf("%s failing %s: stumbled over %v, want each failure", path, name, got)
			}
		}
	}
}

func TestAReportIsAFileThatNobodyKeeps(t *testing.T) {
	// Ten at night in UTC is eleven in London; an hour and a half later it is tomorrow there.
	for _, late := range []struct {
		wait time.Duration
		date string
	}{{0, "2000-01-01"}, {182*day + 22*time.Hour, "2000-07-01"}, {182*day + 23*time.Hour + 30*time.Minute, "2000-07-02"}} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(late.wait)
			for _, path := range paths[:3] {
				answer := serve(t, &fakeStore{}).get(path)
				name := strings.TrimPrefix(path, "/report/")
				for header, want := range map[string]string{
					"Content-Type":        "text/csv",
					"Content-Disposition": `attachment; filename="` + name + "-" + late.date + `.csv"`,
					"Cache-Control":       "no-store",
					"Vary":                "Accept-Encoding",
					"Content-Encoding":    "",
				} {
					if got := answer.Header().Get(header); got != want {
						t.Errorf("%s: got %s %q, want %q", path, header, got, want)
					}
				}
			}
		})
	}
}

func TestAProblemIsJSONForOneWhoAcceptsCSV(t *testing.T) {
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/report/processed?locationId=?", nil)
	request.Header.Set("Accept", "text/csv")
	serve(t, &fakeStore{}).ServeHTTP(answer, request)
	wantProblem(t, "a bad parameter, accepting text/csv", answer, http.StatusBadRequest)
	answer = httptest.NewRecorder()
	request.URL.RawQuery = ""
	serve(t, &fakeStore{err: ptpu.ErrUnavailable}).ServeHTTP(answer, request)
	wantProblem(t, "no store, accepting text/csv", answer, http.StatusServiceUnavailable)
}

func TestHEADReadsAndRecordsNothing(t *testing.T) {
	store := &fakeStore{}
	answer := httptest.NewRecorder()
	serve(t, store).ServeHTTP(answer, httptest.NewRequest(http.MethodHead, "/report/processed", nil))
	if selections, actions := store.asked(); answer.Code != http.StatusOK || len(selections)+len(actions) > 0 {
		t.Errorf("got status %d, %v read and %v recorded, want 200 and nothing", answer.Code, selections, actions)
	}
	if got := answer.Header().Get("Content-Type"); got != "text/csv" {
		t.Errorf("got Content-Type %q, want text/csv", got)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Store and Who") {
		t.Errorf("got error %v, want one that names Store and Who", err)
	}
}
