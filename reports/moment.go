package reports

import (
	"strings"
	"time"

	"ptpu"
)

// moment is a bound as somebody gave it. Without a zone it is a reading of
// London's clock and is compared with what the reports show, so that the hour
// which the clocks repeat in October lies on the same side both times, and a
// time that they skip in March lies between those that they show. With a zone it
// is an instant.
type moment struct {
	given bool
	// at is the instant, or London's clock as if it were UTC's.
	at    time.Time
	local bool
}

// momentForm is what is expected of a date-time.
const momentForm = "want a date-time such as 2020-12-09T15:15:50, which is London's time unless Z or an offset stands at its end"

// The layouts take a fraction of a second too.
var (
	localLayouts = []string{"2006-01-02T15:04:05", "2006-01-02T15:04"}
	zonedLayouts = []string{time.RFC3339, "2006-01-02T15:04Z07:00"}
)

// parseMoment reads a date-time; ok is false for anything else.
func parseMoment(text string) (m moment, ok bool) {
	text = strings.ReplaceAll(text, " ", "+") // a plus that was not escaped in the URL
	for _, layout := range localLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return moment{given: true, at: t, local: true}, true
		}
	}
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return moment{given: true, at: t.UTC()}, true
		}
	}
	return moment{}, false
}

// of brings an instant to the clock of the moment.
func (m moment) of(t time.Time) time.Time {
	if !m.local {
		return t
	}
	_, offset := t.In(ptpu.London).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// span lies between two moments, both exclusive, either of which may be missing.
type span struct{ start, end moment }

// contains reports whether the instant lies within.
func (s span) contains(t time.Time) bool {
	return (!s.start.given || s.start.of(t).After(s.start.at)) && (!s.end.given || s.end.of(t).Before(s.end.at))
}

// empty reports whether nothing can lie within. Of bounds of two kinds that is
// said only when they are an hour apart or more.
func (s span) empty() bool {
	if !s.start.given || !s.end.given {
		return false
	}
	if s.start.local == s.end.local {
		return !s.start.at.Before(s.end.at)
	}
	after, before := s.instants()
	return !after.Before(before)
}

// ahead is how far London's clock is ahead of UTC at most; it is never behind.
const ahead = time.Hour

// instants are exclusive bounds that leave nothing out that lies within, for the
// index; zero is none.
func (s span) instants() (after, before time.Time) {
	after, before = s.start.at, s.end.at
	if s.start.local {
		after = after.Add(-ahead)
	}
	return indexed(after), indexed(before)
}

// indexed leaves out an instant whose year the index cannot order.
func indexed(t time.Time) time.Time {
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
