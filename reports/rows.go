package reports

import (
	"time"

	"ptpu"
)

// sheet is a CSV report that somebody asked for: which messages are read, and
// which of them are shown.
type sheet struct {
	name      string
	selection ptpu.Selection
	shows     func(ptpu.Message) bool
	// given are the filters, for the audit.
	given map[string]string
}

// isInProgress holds for what is not processed. An index may lag behind, so the
// message is asked too.
func isInProgress(m ptpu.Message) bool { return m.Reportable && m.Open() }

// isNotMatched holds for a message that has long been waiting for somebody to
// mend a record.
func isNotMatched(m ptpu.Message, days int, now time.Time) bool {
	switch m.State {
	case ptpu.NoMatch, ptpu.NoMatchWithSentenceDate, ptpu.TooManyMatches:
		return isInProgress(m) && isOlder(m, days, now)
	default:
		return false
	}
}

// day is what the ages of messages are counted in, whatever the clocks do.
const day = 24 * time.Hour

// isOlder reports whether the message was first seen more than so many days ago.
func isOlder(m ptpu.Message, days int, now time.Time) bool {
	seen := m.FirstSeen
	if seen.IsZero() {
		seen = m.Created // a row that was imported
	}
	return now.Sub(seen) > time.Duration(days)*day
}

// processedFilter says which processed messages are shown; its zero value shows
// all but the superseded.
type processedFilter struct {
	location           ptpu.PrisonCode
	eventType          ptpu.EventType
	created, processed span
	superseded         bool
}

func (f processedFilter) shows(m ptpu.Message) bool {
	return m.Reportable && !m.Open() &&
		(f.superseded || m.State != ptpu.Superseded) &&
		(f.location == "" || f.location == m.LocationID) &&
		(f.eventType == "" || f.eventType == m.EventType) &&
		f.created.contains(m.Created) && f.processed.contains(m.Processed)
}

func (f processedFilter) selection() ptpu.Selection {
	after, before := f.created.instants()
	return ptpu.Selection{Processed: true, After: after, Before: before}
}
