package telemetry

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// answer is what the ingestion endpoint said to a batch: each event of it is
// accepted, refused, or to be sent again.
type answer struct {
	status            int // HTTP status; 0 = there was no answer
	err               error
	retryAfter        time.Duration // how long to leave it alone; 0 when it does not say
	accepted, refused int
	again             []tracked
}

// overQuota is the ingestion endpoint's own: too many requests over an extended
// time.
const overQuota = 439

// passing reports whether a status may give way to another one: what is wrong
// with the endpoint, the way there or our standing with it. Everything else
// finds fault with the events.
func passing(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden,
		http.StatusRequestTimeout, http.StatusTooManyRequests, overQuota:
		return true
	default:
		return status >= 500 || status/100 == 3
	}
}

// judge reads the answer to a batch.
func judge(batch []tracked, status int, header http.Header, body []byte, now time.Time) answer {
	a := answer{status: status}
	switch {
	case status == http.StatusOK:
		a.accepted = len(batch)
	case status == http.StatusPartialContent:
		a.part(batch, body)
	case passing(status):
		a.again = batch
	default:
		a.refused = len(batch)
	}
	if len(a.again) > 0 {
		a.retryAfter = retryAfter(header.Get("Retry-After"), now)
	}
	return a
}

// part reads an answer that takes some events of the batch and not others.
func (a *answer) part(batch []tracked, body []byte) {
	var said struct {
		Errors []struct {
			Index      *int `json:"index"`
			StatusCode int  `json:"statusCode"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		// Some were taken, and nobody knows which. Sent again, those would
		// count twice.
		a.refused = len(batch)
		return
	}
	faults := map[int]int{}
	for _, e := range said.Errors {
		if e.Index != nil {
			faults[*e.Index] = e.StatusCode
		}
	}
	for i, t := range batch {
		switch status, faulty := faults[i]; {
		case !faulty:
			a.accepted++
		case passing(status):
			a.again = append(a.again, t)
		default:
			a.refused++
		}
	}
}

// longestRetryAfter is as long as an endpoint is left alone because it says so:
// longer is more likely a mistake.
const longestRetryAfter = time.Hour

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestRetryAfter)
	}
	return 0
}
