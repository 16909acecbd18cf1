package aggregator

import (
	"sync"
	"time"

	"ptpu"
)

// watch remembers the claims of other workers, and since when each has stood
// still by this worker's own clock. No two clocks are compared.
type watch struct {
	mu   sync.Mutex
	seen map[ptpu.BookingID]sighting
}

type sighting struct {
	version int64
	since   time.Time
}

func newWatch() watch { return watch{seen: map[ptpu.BookingID]sighting{}} }

// stoodStill reports whether the claim has not been written for a claim's
// length: its owner is gone.
func (w *watch) stoodStill(c ptpu.Claim, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, ok := w.seen[c.BookingID]
	if !ok || seen.version != c.Version {
		w.seen[c.BookingID] = sighting{version: c.Version, since: now}
		return false
	}
	return now.Sub(seen.since) >= ptpu.ClaimLength
}

func (w *watch) forget(booking ptpu.BookingID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.seen, booking)
}
