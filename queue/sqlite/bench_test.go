package sqlite_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ptpu/embedded/embeddedtest"
	"ptpu/queue"
	"ptpu/queue/sqlite"
)

// BenchmarkLife sends notices one by one, and receives and deletes them in
// batches.
func BenchmarkLife(b *testing.B) {
	for _, goroutines := range []int{1, 16} {
		b.Run(strconv.Itoa(goroutines), func(b *testing.B) {
			q := openQueue(b, embeddedtest.Open(b, b.TempDir()), sqlite.Spec{Name: "main"})
			notice := queue.Notice{Body: strings.Repeat("x", 600), Attributes: map[string]string{"eventType": "x"}}
			var sent, deleted atomic.Int64
			var working sync.WaitGroup
			b.ResetTimer()
			for range goroutines {
				working.Go(func() {
					for sent.Add(1) <= int64(b.N) {
						if _, err := q.Send(b.Context(), notice); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for range 2 {
				working.Go(func() {
					for deleted.Load() < int64(b.N) && !b.Failed() {
						deleted.Add(int64(deleteSome(b, q)))
					}
				})
			}
			working.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
		})
	}
}

func deleteSome(b *testing.B, q *sqlite.Queue) int {
	b.Helper()
	deliveries, err := q.Receive(b.Context(), queue.MaxBatch, 10*time.Millisecond, time.Minute)
	if err != nil {
		b.Error(err)
		return 0
	}
	var receipts []string
	for _, d := range deliveries {
		receipts = append(receipts, d.Receipt)
	}
	if len(receipts) == 0 {
		return 0
	}
	if err := q.Delete(b.Context(), receipts...); err != nil {
		b.Error(err)
	}
	return len(receipts)
}
