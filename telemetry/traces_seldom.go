package telemetry

import (
	"sync"
	"time"
)

// tellEvery is how often a trouble that goes on is told of.
const tellEvery = time.Minute

// seldom allows one line a minute: what tells of a trouble must not become one.
// It is safe for concurrent use.
type seldom struct {
	mu   sync.Mutex
	last time.Time
	held int
}

// mayTell reports whether a line may be written now, and how many since the
// last one could not be.
func (s *seldom) mayTell() (held int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.last.IsZero() && now.Sub(s.last) < tellEvery {
		s.held++
		return 0, false
	}
	held, s.held, s.last = s.held, 0, now
	return held, true
}
