package upstream

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// The bubble begins at midnight UTC, 1 January 2000.
func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		value, date string
		want        time.Duration
	}{
		"absent":                      {},
		"seconds":                     {value: "7", want: 7 * time.Second},
		"seconds with blanks":         {value: " 7 ", want: 7 * time.Second},
		"none":                        {value: "0"},
		"an hour":                     {value: "3600", want: time.Hour},
		"more than an hour":           {value: "3601", want: time.Hour},
		"a year":                      {value: "31536000", want: time.Hour},
		"more than a number can hold": {value: "99999999999999999999999", want: time.Hour},
		"negative":                    {value: "-7"},
		"a fraction":                  {value: "1.5"},
		"words":                       {value: "soon"},
		"a date":                      {value: "Sat, 01 Jan 2000 00:00:09 GMT", want: 9 * time.Second},
		"a date gone by":              {value: "Fri, 31 Dec 1999 23:00:00 GMT"},
		"a date in another century":   {value: "Mon, 01 Jan 2300 00:00:00 GMT", want: time.Hour},
		"a date by a clock an hour ahead": {
			value: "Sat, 01 Jan 2000 01:00:09 GMT", date: "Sat, 01 Jan 2000 01:00:00 GMT", want: 9 * time.Second,
		},
		"a date as of old": {value: "Saturday, 01-Jan-00 00:00:09 GMT", want: 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				header := http.Header{}
				header.Set("Retry-After", c.value)
				header.Set("Date", c.date)
				if got := retryAfter(&http.Response{Header: header}); got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}
