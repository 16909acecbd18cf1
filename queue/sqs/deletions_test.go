package sqs_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue"
)

func TestDeletionsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{}
		q := client.open(t)
		start := time.Now()
		var deleting sync.WaitGroup
		for i := range 100 {
			deleting.Go(func() {
				if err := q.Delete(t.Context(), strconv.Itoa(i)); err != nil {
					t.Errorf("Delete: %v", err)
				}
			})
		}
		deleting.Wait()
		if len(client.deleted) > 12 || time.Since(start) > 100*time.Millisecond {
			t.Errorf("100 deletions took %d calls and %s, want at most 12 and 100ms", len(client.deleted), time.Since(start))
		}
		once := map[string]bool{}
		for _, receipts := range client.deleted {
			for _, receipt := range receipts {
				once[receipt] = true
			}
		}
		if len(once) != 100 {
			t.Errorf("%d notices were deleted, want 100", len(once))
		}
	})
}

// What ptpu pays for is requests: at load a receive of ten and a deletion of ten
// for ten notices, though each is acknowledged by itself.
func TestRequestsPerNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{takes: 5 * time.Millisecond}
		q := client.open(t)
		const notices = 1000
		var working sync.WaitGroup
		for range notices / queue.MaxBatch {
			deliveries, err := q.Receive(t.Context(), queue.MaxBatch, time.Second, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range deliveries {
				working.Go(func() {
					time.Sleep(time.Duration(i) * 3 * time.Millisecond)
					if err := q.Delete(t.Context(), d.Receipt); err != nil {
						t.Errorf("Delete: %v", err)
					}
				})
			}
		}
		working.Wait()
		if perNotice := float64(client.calls) / notices; perNotice > 0.25 {
			t.Errorf("%.3f requests per notice, want at most 0.25", perNotice)
		}
	})
}

func TestDeletionWaitsForCompanyNoLongerThanThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{}
		q := client.open(t)
		start := time.Now()
		if err := q.Delete(t.Context(), "alone"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("a lone deletion took %s, want 100ms", took)
		}
		if err := q.Delete(t.Context(), "a", "b"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("a batch waited %s for company, want not at all", took-100*time.Millisecond)
		}
	})
}

func TestDeletionFailsForItsOwnCallerOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{failing: map[string]types.BatchResultErrorEntry{
			"2": {Code: aws.String("InternalError")},
			"5": {Code: aws.String("ReceiptHandleIsInvalid"), SenderFault: true},
		}}
		q := client.open(t)
		var deleting sync.WaitGroup
		for i := range 8 {
			deleting.Go(func() {
				err := q.Delete(t.Context(), strconv.Itoa(i))
				if fails := i == 2; errors.Is(err, queue.ErrUnavailable) != fails || (err != nil) != fails {
					t.Errorf("Delete of %d: got error %v, want one only of 2: what 5 names is gone, which is no fault", i, err)
				}
			})
		}
		deleting.Wait()
		err := q.Delete(t.Context(), "1", "2", "3")
		if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "1 of 3") {
			t.Errorf("Delete of three: got error %v, want that 1 of 3 failed", err)
		}
	})
}

func TestDeletionsThatCannotBeSentFailForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{deleteErr: errors.New("connection reset")}
		q := client.open(t)
		var failed atomic.Int32
		var deleting sync.WaitGroup
		for i := range 10 {
			deleting.Go(func() {
				if err := q.Delete(t.Context(), strconv.Itoa(i)); errors.Is(err, queue.ErrUnavailable) {
					failed.Add(1)
				}
			})
		}
		deleting.Wait()
		if failed.Load() != 10 {
			t.Errorf("%d of 10 were told, want all", failed.Load())
		}
	})
}

func TestDeletionGoesOnWhenOneCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fake{takes: 10 * time.Millisecond}
		q := client.open(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		gaveUp := make(chan error)
		go func() { gaveUp <- q.Delete(ctx, "first") }()
		synctest.Wait()
		if err := q.Delete(t.Context(), "second"); err != nil {
			t.Errorf("Delete of the other: %v", err)
		}
		err := <-gaveUp
		if !errors.Is(err, queue.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Delete: got error %v, want %v and %v", err, queue.ErrUnavailable, context.DeadlineExceeded)
		}
	})
}
