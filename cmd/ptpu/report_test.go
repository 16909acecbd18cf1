package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/auth/authtest"
	"ptpu/localstack"
	"ptpu/store"
	"ptpu/table"
)

// reportStates are what the seeded messages have come to, one message each.
var reportStates = []ptpu.State{
	ptpu.Validated, ptpu.NoMatch, ptpu.NoMatchWithSentenceDate, ptpu.TooManyMatches, ptpu.BookingNumberNotAssigned,
	ptpu.LocationNotUpdated, ptpu.KeyDatesNotUpdated, ptpu.Failed,
	ptpu.Completed, ptpu.NoLongerValid, ptpu.Superseded, ptpu.Expired,
}

// seedMessages stores one message for each state and event type that reports
// tell apart, on days that stand for ever: none depends on when the test runs.
func seedMessages(t *testing.T, rows table.Table) {
	t.Helper()
	s, err := store.New(store.Config{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	for i, state := range reportStates {
		created := time.Date(2025, 10, 26, 2, 40, 5, i%3*250_000_000, time.UTC).Add(time.Duration(-i) * 20 * time.Minute) // across the end of summer time
		booking := ptpu.Booking{
			ID: ptpu.BookingID(1300000 + i), BookNumber: ptpu.BookNumber(fmt.Sprintf("41%03dA", i)), OffenderNo: ptpu.OffenderNo(fmt.Sprintf("A11%02dBC", i)),
			Agency: "MDI", LocationDescription: `Moorland (HMP & YOI) "main"`, Recall: &yes, LegalStatus: "SENTENCED",
		}
		if i%4 == 3 {
			booking = ptpu.Booking{ID: booking.ID, LocationDescription: "=1+1"}
		}
		eventType := ptpu.EventTypes()[i%2*(i%5)]
		m := ptpu.NewMessage(ptpu.MessageID(fmt.Sprintf("m%02d", i)), ptpu.Payload{EventType: eventType, BookingID: booking.ID}, "{}", booking, created, time.Hour)
		m.State, m.DeleteBy = state, time.Date(2099, 12, 31, 23, 0, 0, 0, time.UTC)
		if state == ptpu.TooManyMatches {
			m.MatchingCRNs = []ptpu.CRN{"X100001", "X100002"}
		}
		if i >= 8 {
			m.Processed = created.Add(90 * time.Minute)
		}
		if _, err := s.Add(t.Context(), m, ptpu.Entry{At: created, BookingID: m.BookingID, MessageID: m.ID, Kind: ptpu.EntryStored}); err != nil {
			t.Fatal(err)
		}
	}
}

// download asks for a report with a token that may read reports.
func download(t *testing.T, handler http.Handler, authority *authtest.Authority, path string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	request.Header.Set("Authorization", "Bearer "+authority.Token("ROLE_PTPU_REPORT"))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestGoldenReportsOfAStore(t *testing.T) {
	for _, backend := range []string{"embedded", "aws"} {
		t.Run(backend, func(t *testing.T) {
			var environ map[string]string
			if backend == "aws" {
				_, environ = awsWorld(t, localstack.People{})
			}
			w := newShown(t, environ)
			seedMessages(t, w.backend.rows)
			for name, path := range map[string]string{
				"in-progress.csv":          "/report/in-progress",
				"not-matched.csv":          "/report/not-matched",
				"processed.csv":            "/report/processed",
				"processed-all.csv":        "/report/processed?includeSuperseded=true",
				"processed-filtered.csv":   "/report/processed?locationId=MDI&createdDateStartDateTime=2025-10-25T22:20:05&eventType=IMPRISONMENT_STATUS-CHANGED",
				"match-summary.json":       "/report/match-summary",
				"match-summary-young.json": "/report/match-summary?slaDays=36500&locationId=MDI",
			} {
				answer := download(t, w.handler, w.authority, path)
				if answer.Code != http.StatusOK {
					t.Fatalf("%s: got %d %s", path, answer.Code, answer.Body)
				}
				golden := filepath.Join("testdata", "reports", name)
				if *update && backend == "embedded" {
					if err := os.WriteFile(golden, answer.Body.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), answer.Body.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestADownloadIsOnRecord(t *testing.T) {
	w := newShown(t, nil)
	if answer := download(t, w.handler, w.authority, "/report/not-matched?daysOld=3"); answer.Code != http.StatusOK {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	actions, err := w.service.store.Actions(t.Context(), time.Now())
	if err != nil || len(actions) != 1 {
		t.Fatalf("got %+v, error %v, want one action", actions, err)
	}
	a := actions[0]
	if a.By == "" || a.What != "report downloaded" || !strings.Contains(fmt.Sprint(a.Details), "not-matched") || !strings.Contains(fmt.Sprint(a.Details), "3") {
		t.Errorf("got %+v, want who downloaded which report with which filter", a)
	}
}

var reportRows = flag.Int("report-rows", 20_000, "rows of the benchmark's report")

// BenchmarkReportOfAStore measures a report as a client meets it: how long until
// its first byte and its end, and how much memory it takes beside the store.
func BenchmarkReportOfAStore(b *testing.B) {
	w := newShown(b, nil)
	s := w.service.store
	var adding sync.WaitGroup
	ids := make(chan int)
	for range 32 {
		adding.Go(func() {
			for i := range ids {
				now := time.Now()
				m := ptpu.NewMessage(ptpu.MessageID(fmt.Sprintf("m%07d", i)), ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: ptpu.BookingID(i + 1)},
					"{}", ptpu.Booking{ID: ptpu.BookingID(i + 1), OffenderNo: "A1111BC", BookNumber: "41001A", Agency: "MDI", LocationDescription: "Moorland (HMP & YOI)"}, now, time.Hour)
				if _, err := s.Add(context.WithoutCancel(b.Context()), m, ptpu.Entry{At: now, BookingID: m.BookingID, MessageID: m.ID, Kind: ptpu.EntryStored}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range *reportRows {
		ids <- i
	}
	close(ids)
	adding.Wait()
	server := httptest.NewServer(w.handler)
	defer server.Close()
	var first, whole time.Duration
	var most uint64
	for b.Loop() {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/report/in-progress", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+w.authority.Token("ROLE_PTPU_REPORT"))
		started := time.Now()
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		buffer := make([]byte, 64<<10)
		lines := 0
		for read := 0; ; read++ {
			n, err := answer.Body.Read(buffer)
			if read == 0 {
				first += time.Since(started)
			}
			lines += strings.Count(string(buffer[:n]), "\n")
			if read%50 == 0 {
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapInuse-min(before.HeapInuse, now.HeapInuse))
			}
			if err != nil {
				break
			}
		}
		answer.Body.Close()
		whole += time.Since(started)
		if lines != *reportRows+1 {
			b.Fatalf("got %d lines, want %d", lines, *reportRows+1)
		}
	}
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms-to-first-byte")
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-whole")
	b.ReportMetric(float64(most)/(1<<20), "MB-more-heap")
}
