package ptpu_test

import (
	"encoding/json"
	"testing"
	"time"

	"ptpu"
)

func date(t *testing.T, s string) ptpu.Date {
	t.Helper()
	d, err := ptpu.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDateReadsOnlyCivilDates(t *testing.T) {
	for _, s := range []string{"2026-02-11", "2024-02-29", ""} {
		d, err := ptpu.ParseDate(s)
		if err != nil || d.String() != s {
			t.Errorf("ParseDate(%q) = %v, %v; want the same back", s, d, err)
		}
	}
	for _, s := range []string{"2026-02-30", "2025-02-29", "11/02/2026", "2026-2-1", "tomorrow"} {
		if d, err := ptpu.ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %v, want an error", s, d)
		}
	}
}

func TestDateEndsAtMidnightInLondon(t *testing.T) {
	for day, want := range map[string]string{
		"2026-01-15": "2026-01-16T00:00:00Z",
		"2026-07-15": "2026-07-15T23:00:00Z", // summer time
		"2026-03-29": "2026-03-29T23:00:00Z", // the clocks go forward: 23 hours
		"2026-10-25": "2026-10-26T00:00:00Z", // the clocks go back: 25 hours
		"2024-02-29": "2024-03-01T00:00:00Z",
		"2026-12-31": "2027-01-01T00:00:00Z",
	} {
		if got := date(t, day).End().Format(time.RFC3339); got != want {
			t.Errorf("End of %s = %s, want %s", day, got, want)
		}
	}
}

func TestDaysBetweenDatesDoNotFeelClockChanges(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2026-03-28", "2026-03-30", 2},
		{"2026-10-24", "2026-10-26", 2},
		{"2026-12-31", "2027-01-01", 1},
		{"2024-02-28", "2024-03-01", 2},
		{"2026-02-11", "2026-02-04", -7},
	} {
		if got := date(t, c.from).DaysTo(date(t, c.to)); got != c.want {
			t.Errorf("days from %s to %s = %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestDateInJSONIsADateOrTheDateOfADateTime(t *testing.T) {
	var got struct{ A, B, C ptpu.Date }
	if err := json.Unmarshal([]byte(`{"A":"2026-02-11","B":"2026-02-11T00:00:00","C":null}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.A.String() != "2026-02-11" || got.B != got.A || !got.C.IsZero() {
		t.Errorf("got %v", got)
	}
	if err := json.Unmarshal([]byte(`{"A":"soon"}`), &got); err == nil {
		t.Error("a word was read as a date")
	}
}
