package ledgertest

import "time"

// The retry schedules of production, as a person reads them: on the hour, every
// four hours at a quarter past, at half past eleven at night. London time.
func fires(tier string, wall time.Time) bool {
	switch tier {
	case "short":
		return wall.Minute() == 0
	case "medium":
		return wall.Minute() == 15 && wall.Hour()%4 == 0
	default:
		return wall.Minute() == 30 && wall.Hour() == 23
	}
}

// nextFire is the first fire after the instant. It goes through the minutes one
// by one, because that is hard to get wrong.
func nextFire(tier string, after time.Time, zone *time.Location) time.Time {
	at := after.UTC().Truncate(time.Minute)
	for range 2 * 24 * 60 {
		at = at.Add(time.Minute)
		if fires(tier, at.In(zone)) {
			return at
		}
	}
	return time.Time{}
}

// tierOf is the tier of a message that has missed this often.
func tierOf(retries int64) string {
	switch {
	case retries <= 4:
		return "short"
	case retries <= 10:
		return "medium"
	default:
		return "long"
	}
}

// stumbleDelay is how long a message waits after so many transient failures in
// a row.
func stumbleDelay(n int64) time.Duration {
	switch n {
	case 1:
		return time.Minute
	case 2:
		return 5 * time.Minute
	case 3:
		return 15 * time.Minute
	default:
		return time.Hour
	}
}
