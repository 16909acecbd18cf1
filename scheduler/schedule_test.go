package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"ptpu"
	"ptpu/scheduler"
)

func parse(t *testing.T, expression string) scheduler.Schedule {
	t.Helper()
	s, err := scheduler.ParseSchedule(expression)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fires lists the next fires after the instant, as London's wall clock shows them.
func fires(t *testing.T, expression, after string, n int) []string {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", after, ptpu.London)
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, expression)
	var all []string
	for range n {
		at = s.Next(at)
		all = append(all, at.In(ptpu.London).Format("02 15:04 MST"))
	}
	return all
}

func TestSchedulesFireByLondonsWallClock(t *testing.T) {
	for _, c := range []struct{ name, expression, after, want string }{
		{"hourly", "0 0 * * * *", "2026-06-01 12:30", "01 13:00 BST, 01 14:00 BST"},
		{"four-hourly", "0 15 */4 * * *", "2026-06-01 12:30", "01 16:15 BST, 01 20:15 BST, 02 00:15 BST"},
		{"nightly", "0 30 23 * * *", "2026-06-01 23:30", "02 23:30 BST, 03 23:30 BST"},
		{"nightly when the clocks go forward", "0 30 23 * * *", "2026-03-28 12:00", "28 23:30 GMT, 29 23:30 BST, 30 23:30 BST"},
		{"nightly when the clocks go back", "0 30 23 * * *", "2026-10-24 12:00", "24 23:30 BST, 25 23:30 GMT, 26 23:30 GMT"},
		{"nightly over a leap day", "0 30 23 * * *", "2024-02-28 12:00", "28 23:30 GMT, 29 23:30 GMT, 01 23:30 GMT"},
		{"nightly over the year's end", "0 30 23 * * *", "2026-12-31 12:00", "31 23:30 GMT, 01 23:30 GMT"},
		{"hourly over the skipped hour", "0 0 * * * *", "2026-03-28 23:30", "29 00:00 GMT, 29 02:00 BST, 29 03:00 BST"},
		{"hourly over the repeated hour", "0 0 * * * *", "2026-10-24 23:30", "25 00:00 BST, 25 01:00 BST, 25 01:00 GMT, 25 02:00 GMT"},
		{"daily within the skipped hour", "0 30 1 * * *", "2026-03-28 12:00", "30 01:30 BST"},
		{"daily within the repeated hour", "0 30 1 * * *", "2026-10-24 12:00", "25 01:30 BST, 25 01:30 GMT, 26 01:30 GMT"},
		{"Spring's Sunday", "0 0 9 * * 7", "2026-06-01 12:00", "07 09:00 BST, 14 09:00 BST"},
		{"Spring's weekend", "0 0 9 * * 6-7", "2026-06-01 12:00", "06 09:00 BST, 07 09:00 BST, 13 09:00 BST"},
		{"every other day to Sunday", "0 0 9 * * 1-7/2", "2026-06-01 12:00", "03 09:00 BST, 05 09:00 BST, 07 09:00 BST, 08 09:00 BST"},
		{"weekdays and months by name", "0 0 9 ? JUL WED", "2026-06-01 12:00", "01 09:00 BST, 08 09:00 BST"},
	} {
		got := strings.Join(fires(t, c.expression, c.after, strings.Count(c.want, ",")+1), ", ")
		if got != c.want {
			t.Errorf("%s (%s after %s):\n got %s\nwant %s", c.name, c.expression, c.after, got, c.want)
		}
	}
}

func TestSchedulesRefuseWhatTheyDoNotKnowByName(t *testing.T) {
	for expression, says := range map[string]string{
		"0 0 * * *":        "5 fields",
		"":                 "0 fields",
		"@daily":           "@daily",
		"0 0 0 L * *":      "L (last)",
		"0 0 0 LW * *":     "L (last)",
		"0 0 0 L-3 * *":    "L (last)",
		"0 0 0 15W * *":    "W (nearest working day)",
		"0 0 0 ? * 5L":     "L (last)",
		"0 0 0 ? * FRIL":   "L (last)",
		"0 0 0 ? * 5#2":    "# (nth weekday of the month)",
		"0 0 0 ? * 7-2":    "Sunday as 7",
		"0 0 0 ? * x-7":    "not a weekday number",
		"0 0 0 ? * 1-7/0":  "not a step",
		"0 61 * * * *":     "61",
		"0 0 0 * * monday": "monday",
		"0 0 0 30 2 *":     "never fires",
		"0 0 0 31 4,6 *":   "never fires",
	} {
		if s, err := scheduler.ParseSchedule(expression); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, %v; want an error that says %q", expression, s, err, says)
		}
	}
}

func TestTheDefaultRhythm(t *testing.T) {
	rhythm := scheduler.Rhythm{
		ptpu.Short: parse(t, "0 0 * * * *"), ptpu.Medium: parse(t, "0 15 */4 * * *"), ptpu.Long: parse(t, "0 30 23 * * *"),
	}
	at := time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC)
	for tier, want := range map[ptpu.Tier]string{ptpu.Short: "10:00", ptpu.Medium: "12:15", ptpu.Long: "23:30"} {
		next := rhythm.Next(tier, at)
		if got := next.Format("15:04"); got != want || next.Location() != time.UTC {
			t.Errorf("%s: %s in %s, want %s in UTC", tier, got, next.Location(), want)
		}
	}
}
