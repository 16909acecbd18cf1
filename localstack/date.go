package localstack

import "time"

// Date is a civil date as the services write it, such as 2026-02-11. The empty
// Date is none.
type Date string

// Valid reports whether d is a date, or none.
func (d Date) Valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return d == "" || err == nil
}

// near reports whether two dates are at most so many days apart, either side.
// A date that is missing is near to nothing.
func (d Date) near(other Date, days int) bool {
	a, errA := time.Parse(time.DateOnly, string(d))
	b, errB := time.Parse(time.DateOnly, string(other))
	if errA != nil || errB != nil {
		return false
	}
	return a.Sub(b).Abs() <= time.Duration(days)*24*time.Hour
}

// almost reports whether two dates differ as they do by a slip of the pen: day
// and month swapped, or one of the three parts wrong.
func (d Date) almost(other Date) bool {
	if len(d) != len(time.DateOnly) || len(other) != len(time.DateOnly) {
		return false
	}
	year, month, day := d[:4], d[5:7], d[8:]
	otherYear, otherMonth, otherDay := other[:4], other[5:7], other[8:]
	if year == otherYear && month == otherDay && day == otherMonth {
		return true
	}
	same := 0
	for _, equal := range []bool{year == otherYear, month == otherMonth, day == otherDay} {
		if equal {
			same++
		}
	}
	return same == 2
}
