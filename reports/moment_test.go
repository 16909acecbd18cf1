package reports

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ptpu"
)

// since makes a span that has a start only, until one that has an end only.
func since(t *testing.T, text string) span {
	t.Helper()
	return span{start: given(t, text)}
}

func until(t *testing.T, text string) span {
	t.Helper()
	return span{end: given(t, text)}
}

func given(t *testing.T, text string) moment {
	t.Helper()
	m, ok := parseMoment(text)
	if !ok {
		t.Fatalf("%q is not read", text)
	}
	return m
}

func TestBoundsAreExclusiveAndLondonsTimeUnlessTheySayOtherwise(t *testing.T) {
	for _, c := range []struct{ bound, before, at, after string }{
		{"2020-12-09T15:15:50", "2020-12-09T15:15:49.999999999Z", "2020-12-09T15:15:50Z", "2020-12-09T15:15:50.000000001Z"},
		{"2020-06-09T15:15:50", "2020-06-09T14:15:49Z", "2020-06-09T14:15:50Z", "2020-06-09T14:15:51Z"},
		{"2020-06-09T15:15", "2020-06-09T14:14:59Z", "2020-06-09T14:15:00Z", "2020-06-09T14:15:01Z"},
		{"2020-06-09T15:15:50.123456789", "2020-06-09T14:15:50.123456788Z", "2020-06-09T14:15:50.123456789Z", "2020-06-09T14:15:50.12345679Z"},
		{"2020-06-09T15:15:50Z", "2020-06-09T15:15:49Z", "2020-06-09T15:15:50Z", "2020-06-09T15:15:51Z"},
		{"2020-06-09T15:15Z", "2020-06-09T15:14:59Z", "2020-06-09T15:15:00Z", "2020-06-09T15:15:01Z"},
		{"2020-06-09T15:15:50+05:00", "2020-06-09T10:15:49Z", "2020-06-09T10:15:50Z", "2020-06-09T10:15:51Z"},
		{"2020-06-09T15:15:50 05:00", "2020-06-09T10:15:49Z", "2020-06-09T10:15:50Z", "2020-06-09T10:15:51Z"}, // a + in a URL
		{"2020-06-09T15:15:50-05:00", "2020-06-09T20:15:49Z", "2020-06-09T20:15:50Z", "2020-06-09T20:15:51Z"},
		// The hour that is shown twice lies on the same side both times.
		{"2026-10-25T01:30:00", "2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z", "2026-10-25T00:30:01Z"},
		{"2026-10-25T01:30:00", "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z", "2026-10-25T01:30:01Z"},
	} {
		for _, s := range []struct {
			span    span
			instant string
			want    bool
		}{
			{since(t, c.bound), c.before, false},
			{since(t, c.bound), c.at, false},
			{since(t, c.bound), c.after, true},
			{until(t, c.bound), c.before, true},
			{until(t, c.bound), c.at, false},
			{until(t, c.bound), c.after, false},
		} {
			if got := s.span.contains(instant(t, s.instant)); got != s.want {
				t.Errorf("%s within %+v = %v, want %v", s.instant, s.span, got, s.want)
			}
		}
	}
	// 01:30 is skipped: the clocks show 00:59:59, then 02:00:00.
	skipped := "2026-03-29T01:30:00"
	last, first := instant(t, "2026-03-29T00:59:59Z"), instant(t, "2026-03-29T01:00:00Z")
	if !until(t, skipped).contains(last) || since(t, skipped).contains(last) || until(t, skipped).contains(first) || !since(t, skipped).contains(first) {
		t.Errorf("a time that is skipped does not lie between those before and after it")
	}
}

// Whatever is shown between two local bounds is found, nothing else is, and the
// instants for the index leave nothing of it out.
func TestLocalBoundsAreComparedWithWhatIsShown(t *testing.T) {
	changes := []time.Time{
		time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),
		time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
	}
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.SampledFrom(changes).Draw(t, "near")
		minute := rapid.IntRange(-180, 180)
		draw := func(name string) time.Time { return near.Add(time.Duration(minute.Draw(t, name)) * time.Minute) }
		const layout = "2006-01-02T15:04:05"
		start, end := draw("start").Format(layout), draw("end").Format(layout)
		at := draw("instant")
		var s span
		s.start, _ = parseMoment(start)
		s.end, _ = parseMoment(end)
		seen := at.In(ptpu.London).Format(layout) // text in this form sorts as time does
		if got, want := s.contains(at), start < seen && seen < end; got != want {
			t.Fatalf("%s, shown as %s, within (%s, %s) = %v, want %v", at, seen, start, end, got, want)
		}
		if got, want := s.empty(), start >= end; got != want {
			t.Fatalf("nothing can be within (%s, %s) = %v, want %v", start, end, got, want)
		}
		after, before := s.instants()
		if s.contains(at) && !(at.After(after) && at.Before(before)) {
			t.Fatalf("%s is within (%s, %s), but not between the instants %s and %s", at, start, end, after, before)
		}
	})
}

func TestYearsThatTheIndexCannotOrderAreNoBoundOfIt(t *testing.T) {
	s := span{start: given(t, "0000-01-01T00:30:00"), end: given(t, "9999-12-31T23:59:59-12:00")}
	if after, before := s.instants(); !after.IsZero() || !before.IsZero() {
		t.Errorf("got the instants %s and %s, want none", after, before)
	}
	if !s.contains(instant(t, "2026-11-21T12:00:00Z")) {
		t.Error("today is not within, want it to be")
	}
}
