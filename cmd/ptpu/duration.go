package main

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

var errDuration = errors.New("want a duration such as 60m, 90s or PT1H")

// isoDuration is ISO 8601's form with days, hours, minutes and seconds. Months
// and years have no fixed length.
var isoDuration = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$`)

// parseDuration reads Go's form (60m, 90s) and ISO 8601's (PT1H, P1DT12H).
func parseDuration(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	parts := isoDuration.FindStringSubmatch(text)
	if parts == nil || text == "P" || text[len(text)-1] == 'T' {
		return 0, errDuration
	}
	var total time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseFloat(parts[i+1], 64)
		if err != nil || n*float64(unit) > float64(1<<62) {
			return 0, errDuration
		}
		total += time.Duration(n * float64(unit))
	}
	return total, nil
}
