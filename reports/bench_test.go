package reports

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"ptpu"
)

// discard is a client that takes everything at once.
type discard struct {
	header http.Header
	io.Writer
}

func (d discard) Header() http.Header { return d.header }
func (d discard) WriteHeader(int)     {}

// tall is a store that reads many processed messages and costs nothing.
func tall(many int) *fakeStore {
	created := time.Date(2026, 7, 1, 12, 0, 0, 123456789, time.UTC)
	return &fakeStore{reading: func(context.Context) iter.Seq2[ptpu.Message, error] {
		return func(yield func(ptpu.Message, error) bool) {
			m := message(1, created, in(ptpu.Completed), processedAt(created.Add(time.Hour)))
			for i := range many {
				m.BookingID = ptpu.BookingID(1_200_000 + i)
				m.Created = created.Add(time.Duration(i) * time.Second)
				if !yield(m, nil) {
					return
				}
			}
		}
	}}
}

func TestMemoryDoesNotGrowWithTheReport(t *testing.T) {
	used := func(rows int) uint64 {
		s := serve(t, tall(rows))
		request := httptest.NewRequest(http.MethodGet, "/report/processed", nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.ServeHTTP(discard{header: http.Header{}, Writer: io.Discard}, request)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	used(1) // what is set up once
	// The report itself is some 20 MB.
	if few, many := used(1), used(100_000); many > few+1<<20 {
		t.Errorf("a report of 100,000 rows takes %d bytes in all, one of a single row %d; want less than 1 MiB more", many, few)
	}
}

// BenchmarkReport makes a report of 200,000 rows from a store that costs
// nothing.
func BenchmarkReport(b *testing.B) {
	const many = 200_000
	store := tall(many)
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			s := serve(b, store)
			request := httptest.NewRequest(http.MethodGet, "/report/processed?locationId=MDI&createdDateStartDateTime=2026-01-01T00:00:00", nil)
			request.Header.Set("Accept-Encoding", encoding)
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(discard{header: http.Header{}, Writer: io.Discard}, request)
			}
			rows := float64(many) * float64(b.N)
			b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
