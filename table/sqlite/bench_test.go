package sqlite_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
)

// BenchmarkWrite writes transactions of three actions: a message that is due,
// an audit entry and a claim, each under a booking of its own.
func BenchmarkWrite(b *testing.B) {
	for _, sync := range []embedded.Sync{embedded.Normal, embedded.Full} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d", sync, writers), func(b *testing.B) {
				file, err := embedded.Open(b.TempDir(), embedded.Options{Sync: sync})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = file.Close() })
				rows := openTable(b, file, sqlite.Spec{Name: "messages", Indexes: []table.Index{{Name: "due"}}})
				inParallel(b, writers, func(n int64) error { return rows.Write(b.Context(), arrival(n)...) })
			})
		}
	}
}

// BenchmarkGet reads single items out of 10,000.
func BenchmarkGet(b *testing.B) {
	rows := openTable(b, embeddedtest.Open(b, b.TempDir()), sqlite.Spec{Name: "messages", Indexes: []table.Index{{Name: "due"}}})
	const items = 10_000
	for n := range int64(items) {
		if err := rows.Write(b.Context(), arrival(n)...); err != nil {
			b.Fatal(err)
		}
	}
	for _, readers := range []int{1, 16} {
		b.Run(strconv.Itoa(readers), func(b *testing.B) {
			inParallel(b, readers, func(n int64) error {
				_, err := rows.Get(b.Context(), arrival(n % items)[0].Item.Key)
				return err
			})
		})
	}
}

var messageText = strings.Repeat("x", 400)

func arrival(n int64) []table.Action {
	booking := strconv.FormatInt(n*7919%1_000_003, 10) // scattered, as bookings are
	return []table.Action{
		table.Put(table.Item{
			Key:        table.Key{Partition: booking, Sort: "message#1"},
			Index:      map[string]table.IndexKey{"due": {Partition: "due#01", Sort: fmt.Sprintf("%020d", n)}},
			Attributes: table.Attributes{"status": "NEW", "count": int64(3), "text": messageText},
		}, table.Always()),
		table.Put(table.Item{
			Key:        table.Key{Partition: booking, Sort: "audit#1"},
			Attributes: table.Attributes{"what": "stored", "by": "ptpu"},
		}, table.Always()),
		table.Put(table.Item{
			Key:        table.Key{Partition: booking, Sort: "claim"},
			Attributes: table.Attributes{"term": int64(1)},
		}, table.Always()),
	}
}

// inParallel shares the calls of a benchmark among goroutines.
func inParallel(b *testing.B, goroutines int, call func(n int64) error) {
	b.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	b.ResetTimer()
	for range goroutines {
		working.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := call(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
