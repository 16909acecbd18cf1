package main

import (
	"cmp"
	"errors"
	"math"
	"regexp"
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
	// Go's parser takes over what Go can say: it rounds nothing and sees when
	// the sum is too long. Days are hours, 24 times over.
	part := func(i int) string { return cmp.Or(parts[i], "0") }
	days, err := time.ParseDuration(part(1) + "h")
	if err != nil {
		return 0, errDuration
	}
	rest, err := time.ParseDuration(part(2) + "h" + part(3) + "m" + part(4) + "s")
	if err != nil || days > (math.MaxInt64-rest)/24 {
		return 0, errDuration
	}
	return 24*days + rest, nil
}
