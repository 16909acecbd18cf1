package ptpu

import (
	"fmt"
	"time"
	_ "time/tzdata" // The image has no zoneinfo; London must not depend on it.
)

// London is the time zone of every civil date and every retry schedule.
var London = mustLoad("Europe/London")

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("loading embedded time zone %s: %v", name, err))
	}
	return location
}

// Date is a civil date in Europe/London. The zero Date means that there is none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

const dateLayout = "2006-01-02"

// ParseDate reads a date written as 2026-02-11. The empty string is no date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return Date{}, fmt.Errorf("reading date %q: want YYYY-MM-DD", s)
	}
	return DateOf(t), nil
}

// DateOf is the civil date that t shows in its own time zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String writes the date as 2026-02-11, and no date as the empty string.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(dateLayout)
}

// Compare orders dates; no date comes before all others.
func (d Date) Compare(other Date) int { return d.utc().Compare(other.utc()) }

// DaysTo is the number of days from d to other; negative when other is earlier.
func (d Date) DaysTo(other Date) int {
	return int(other.utc().Sub(d.utc()) / (24 * time.Hour))
}

// End is the instant at which the date is over in London: the midnight after it.
func (d Date) End() time.Time {
	return time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, London).UTC()
}

// utc is a stand-in instant for arithmetic on civil dates, where every day has
// 24 hours.
func (d Date) utc() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// MarshalText writes the date as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes, and also a date-time, of which
// it keeps the date.
func (d *Date) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) > len(dateLayout) && s[len(dateLayout)] == 'T' {
		s = s[:len(dateLayout)]
	}
	parsed, err := ParseDate(s)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
