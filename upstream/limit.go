package upstream

import "time"

// limit is how many requests to one upstream may be under way at once. It
// halves at a sign of overload (429, 503, no answer in time) and grows by one
// for each round of successes, up to its ceiling. Requests that were sent before
// it was cut say nothing about the new size. A healthy upstream is never below
// the ceiling.
//
// Failsafe's adaptivelimiter goes by latency alone, and was measured with 64
// callers and with 256. It costs a steady upstream nothing to speak of (0.98 of
// the throughput). But after ten quiet minutes it begins at five and lets 0.23
// and 0.06 of the calls through, which is the very shape of our load; that can
// be configured away. What cannot: an upstream that answers 429 beyond 16 calls
// is kept at 64, because a quick refusal looks like good health, and so is one
// that has queued since the first call. Its bulkhead cannot change its size.
type limit struct {
	ceiling, allowed int
	successes        int       // since the last change
	cut              time.Time // the last time
}

func newLimit(ceiling int) limit { return limit{ceiling: ceiling, allowed: ceiling} }

func (l *limit) overloaded(sent, now time.Time) {
	if sent.After(l.cut) {
		l.allowed, l.successes, l.cut = max(1, l.allowed/2), 0, now
	}
}

func (l *limit) succeeded(sent time.Time) {
	if l.allowed == l.ceiling || !sent.After(l.cut) {
		return
	}
	if l.successes++; l.successes >= l.allowed {
		l.allowed, l.successes = l.allowed+1, 0
	}
}
