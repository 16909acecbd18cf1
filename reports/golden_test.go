package reports

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stored is what the golden reports are made of, seen at the midnight at which
// bubbles begin: 1 January 2000. The clocks went back on 31 October 1999.
func stored(t *testing.T) []ptpu.Message {
	t.Helper()
	yes, no := true, false
	at := func(text string) time.Time { return instant(t, text) }
	return []ptpu.Message{
		message(7, at("1999-12-31T12:00:00.0000005Z"), in(ptpu.NoMatch)), // too young to be not matched
		message(1, at("1999-10-31T00:30:00Z"), in(ptpu.NoMatch), func(m *ptpu.Message) { m.Recall = &no }),
		message(2, at("1999-10-31T01:30:00Z"), in(ptpu.TooManyMatches), func(m *ptpu.Message) {
			m.Recall, m.MatchingCRNs = &yes, []ptpu.CRN{"X100001", "X100002"}
		}),
		message(3, at("1999-07-01T11:59:59.120Z"), in(ptpu.NoMatchWithSentenceDate), func(m *ptpu.Message) {
			m.LocationDescription, m.LegalStatus = `=HYPERLINK("http://example.com")`, "-1"
			m.MatchingCRNs = []ptpu.CRN{"X100003"}
		}),
		message(4, at("1999-12-01T09:00:00.000456Z"), in(ptpu.Failed), func(m *ptpu.Message) {
			m.LocationDescription = "Île d'Étude, \"old\" wing\nsecond line\r\n\tand a third"
		}),
		message(1234567890123, at("1999-12-02T09:00:00Z"), func(m *ptpu.Message) {
			m.OffenderNo, m.BookNumber, m.LocationID, m.LocationDescription, m.LegalStatus = "", "", "", "", ""
			m.DeleteBy = time.Time{}
		}),
		message(5, at("1999-12-30T09:00:00Z"), in(ptpu.TooManyMatches), func(m *ptpu.Message) {
			m.FirstSeen = at("1999-12-24T23:59:59Z") // it took the place of an older one
		}),
		message(6, at("1999-11-01T09:00:00Z"), in(ptpu.NoMatch), func(m *ptpu.Message) { m.Reportable = false }),
		message(11, at("1999-12-05T10:00:00Z"), in(ptpu.Completed), processedAt(at("1999-12-05T11:00:00.250Z"))),
		message(12, at("1999-12-04T10:00:00Z"), in(ptpu.Superseded), processedAt(at("1999-12-05T11:00:00Z"))),
		message(13, at("1999-12-06T10:00:00Z"), in(ptpu.Expired), processedAt(at("1999-12-31T11:00:00Z")), func(m *ptpu.Message) {
			m.EventType, m.LocationID, m.LocationDescription = ptpu.BookingNumberChanged, "LEI", "@Leeds"
		}),
		message(14, at("1999-06-30T23:30:00.123456789Z"), in(ptpu.NoLongerValid), processedAt(at("1999-07-01T00:00:00Z"))),
	}
}

func TestGoldenReports(t *testing.T) {
	for name, path := range map[string]string{
		"in-progress":               "/report/in-progress",
		"not-matched":               "/report/not-matched",
		"not-matched-older":         "/report/not-matched?daysOld=90",
		"processed":                 "/report/processed",
		"processed-with-superseded": "/report/processed?includeSuperseded=true",
		"processed-at-one-prison":   "/report/processed?locationId=LEI&eventType=BOOKING_NUMBER-CHANGED",
		"processed-nothing":         "/report/processed?createdDateStartDateTime=1980-01-01T12:00:00&createdDateEndDateTime=1980-01-01T18:00:00",
	} {
		synctest.Test(t, func(t *testing.T) {
			answer := serve(t, &fakeStore{messages: stored(t)}).get(path)
			if answer.Code != http.StatusOK {
				t.Fatalf("%s: got status %d: %s", path, answer.Code, answer.Body)
			}
			file := filepath.Join("testdata", name+".csv")
			if *update {
				if err := os.WriteFile(file, answer.Body.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(answer.Body.Bytes(), want) {
				t.Errorf("%s: got\n%s\nwant, by %s,\n%s", path, answer.Body, file, want)
			}
		})
	}
}
