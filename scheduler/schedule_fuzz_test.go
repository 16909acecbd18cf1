package scheduler_test

import (
	"testing"
	"time"

	"ptpu/scheduler"
)

// furthest is how far ahead a fire may be: the 29th of February comes every four
// years until 2096, where the instants below end.
const furthest = 4*366*24*time.Hour + 24*time.Hour

// end is the end of 2095, in seconds since 1970.
const end = 3_976_214_400

func FuzzSchedule(f *testing.F) {
	for _, expression := range []string{
		"0 0 * * * *", "0 15 */4 * * *", "0 30 23 * * *", "*/7 1-59/2 1 ? JUL-AUG MON,WED-7", "0 30 1 29 3 *", "0 0 0 29 2 *",
		"0 0 0 30 2 *", "0 0 0 31 4,6,9,11 *", "0 0 9 * * 1-7/2", "0 0 9 * * 0-7/3", "0 0 0 L * *", "0 0 0 ? * 5#2", "@every 1s",
		"TZ=Asia/Tokyo 0 0 * * *", "0 0 0 1/18446744073709551616 * *", "0 0 0 * * 7", "\u00850 0 0 * * *", "0 0 0 * * 0-9999999999999/7",
	} {
		f.Add(expression, int64(1_774_740_600), int64(999_999_999)) // an hour before the clocks go forward
		f.Add(expression, int64(1_792_888_200), int64(0))           // within the hour that comes twice
	}
	f.Fuzz(func(t *testing.T, expression string, seconds, nanoseconds int64) {
		s, err := scheduler.ParseSchedule(expression)
		if err != nil {
			return
		}
		again, err := scheduler.ParseSchedule(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q prints as %q, which reads as %q, %v", expression, s, again, err)
		}
		after := time.Unix((seconds%end+end)%end, (nanoseconds%1e9+1e9)%1e9).UTC()
		for range 3 {
			next := s.Next(after)
			if !next.After(after) || next.After(after.Add(furthest)) || next.Nanosecond() != 0 || next.Location() != time.UTC {
				t.Fatalf("%q fires at %s, want a whole second of the years after %s", expression, next, after)
			}
			if other := again.Next(after); !other.Equal(next) {
				t.Fatalf("%q fires at %s and, read again, at %s", expression, next, other)
			}
			wantNoneBetween(t, s, after, next)
			after = next
		}
	})
}

// wantNoneBetween asks from a later instant before the fire: it is still the next.
func wantNoneBetween(t *testing.T, s scheduler.Schedule, after, next time.Time) {
	t.Helper()
	for _, part := range []time.Duration{2, 3, 1000} {
		from := next.Add(-max(next.Sub(after)/part, 1))
		if got := s.Next(from); !got.Equal(next) {
			t.Fatalf("%q after %s fires at %s, but after %s at %s", s, after, next, from, got)
		}
	}
}
