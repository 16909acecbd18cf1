package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"60m":                  time.Hour,
		"90s":                  90 * time.Second,
		"1h30m":                90 * time.Minute,
		"1.5h":                 90 * time.Minute,
		"250ms":                250 * time.Millisecond,
		"0":                    0,
		"-5m":                  -5 * time.Minute, // each setting says if it may be negative
		"PT1H":                 time.Hour,
		"PT15M":                15 * time.Minute,
		"PT90S":                90 * time.Second,
		"PT1H30M15S":           time.Hour + 30*time.Minute + 15*time.Second,
		"PT90M":                90 * time.Minute,
		"PT0S":                 0,
		"P1D":                  day,
		"P30D":                 30 * day,
		"P1DT12H":              day + 12*time.Hour,
		"P2DT3H4M5S":           2*day + 3*time.Hour + 4*time.Minute + 5*time.Second,
		"PT0.5S":               500 * time.Millisecond,
		"PT1.1S":               1100 * time.Millisecond,
		"PT0.000000007S":       7, // no rounding on the way
		"PT2562047H":           2562047 * time.Hour,
		"P106751DT23H47M16S":   106751*day + 23*time.Hour + 47*time.Minute + 16*time.Second,
		"PT2562047H47M16.8S":   2562047*time.Hour + 47*time.Minute + 16800*time.Millisecond,
		"PT000000000000001M":   time.Minute,
		"P0DT0H0M0.000000000S": 0,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                                 "",
		"a number without a unit":                 "15",
		"a word":                                  "soon",
		"Go has no days":                          "1d",
		"a space between number and unit":         "15 m",
		"a P alone":                               "P",
		"a P and a T alone":                       "PT",
		"a T with nothing after it":               "P1DT",
		"hours without a T":                       "P1H",
		"months, which have no fixed length":      "P1M",
		"years, which have none either":           "P1Y",
		"weeks":                                   "P1W",
		"the wrong order":                         "PT1S1H",
		"the same part twice":                     "PT1H2H",
		"a fraction of an hour":                   "PT1.5H",
		"a fraction without digits":               "PT1.S",
		"finer than a nanosecond":                 "PT0.0000000001S",
		"small letters":                           "pt1h",
		"a negative one":                          "PT-1H",
		"a sign in front":                         "-PT1H",
		"a space in front":                        " PT1H",
		"a line break behind":                     "PT1H\n",
		"longer than can be counted":              "P106752D",
		"a sum that is too long":                  "P106751DT24H",
		"parts that fit, and a sum that does not": "P100000DT2000000H",
		"more digits than any number":             "PT99999999999999999999S",
	} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%s: parseDuration(%q) = %s, want an error", name, text, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"60m", "PT1H", "P1DT12H30M0.25S", "PT", "P106751DT24H", "-1.5h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseDuration(text)
		if err != nil {
			if got != 0 {
				t.Errorf("parseDuration(%q) = %s with error %v, want nothing with it", text, got, err)
			}
			return
		}
		if strings.HasPrefix(text, "P") && got < 0 {
			t.Errorf("parseDuration(%q) = %s, want no negative one of ISO 8601", text, got)
		}
		if again, err := parseDuration(got.String()); err != nil || again != got {
			t.Errorf("parseDuration(%q) = %s, which reads as %s, %v", text, got, again, err)
		}
	})
}
