package main

import (
	"math/rand/v2"
	"net/http"
	"time"

	"ptpu/faulttest"
)

// weather is what goes wrong for a while.
type weather struct {
	name  string
	share int // of a hundred
	// shortest and longest it lasts
	shortest, longest time.Duration
	rules             func(r *rand.Rand) []faulttest.Rule
}

func everyCall(rules ...faulttest.Rule) func(*rand.Rand) []faulttest.Rule {
	return func(*rand.Rand) []faulttest.Rule { return rules }
}

// climate is all weather that there is. What is left of the hundred is calm.
var climate = []weather{
	{"a little of everything", 20, 10 * time.Minute, 3 * time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Slow, Rate: 0.02, Latency: 3 * time.Second},
		faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Table, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.Table, Rate: 0.02},
		faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Queue, Rate: 0.02},
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.Queue, Rate: 0.02},
		faulttest.Rule{Kind: faulttest.Again, Seam: faulttest.Queue, Op: "Receive", Rate: 0.1},
		faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Topic, Rate: 0.05},
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.Topic, Rate: 0.05},
		faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.HTTP, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.HTTP, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Status, Seam: faulttest.HTTP, Status: http.StatusInternalServerError, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Status, Seam: faulttest.HTTP, Status: http.StatusServiceUnavailable, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Truncated, Seam: faulttest.HTTP, Rate: 0.01},
		faulttest.Rule{Kind: faulttest.Garbage, Seam: faulttest.HTTP, Rate: 0.005},
		faulttest.Rule{Kind: faulttest.Drip, Seam: faulttest.HTTP, Rate: 0.005},
		faulttest.Rule{Kind: faulttest.Hang, Seam: faulttest.HTTP, Rate: 0.005},
	)},
	{"the table throttles", 6, 10 * time.Minute, 11 * time.Minute, func(r *rand.Rand) []faulttest.Rule {
		return []faulttest.Rule{{Kind: faulttest.Down, Seam: faulttest.Table, Rate: 0.1 + 0.9*r.Float64()}}
	}},
	{"answers of the table are lost", 8, 10 * time.Minute, time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.Table, Op: "Write", Rate: 0.1},
	)},
	{"the index lags", 8, 30 * time.Minute, 3 * time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Lag, Op: "due", Latency: time.Minute, Rate: 0.8},
	)},
	{"the queue is gone", 3, time.Hour, time.Hour, everyCall(faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Queue, Rate: 1})},
	{"answers of the queue are lost", 4, 10 * time.Minute, time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.Queue, Rate: 0.3},
		faulttest.Rule{Kind: faulttest.Again, Seam: faulttest.Queue, Op: "Receive", Rate: 0.5},
	)},
	{"the topic is gone", 4, time.Hour, time.Hour, everyCall(faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Topic, Rate: 1})},
	{"hmpps-auth is gone", 3, time.Minute, 10 * time.Minute, func(r *rand.Rand) []faulttest.Rule {
		rule := outage(r)
		rule.Op, rule.Seam, rule.Rate = "/auth/", faulttest.HTTP, 1
		return []faulttest.Rule{rule}
	}},
	{"a neighbour is gone", 7, 10 * time.Minute, 2 * time.Hour, func(r *rand.Rand) []faulttest.Rule {
		rule := outage(r)
		rule.Seam, rule.Rate = faulttest.HTTP, 0.6+0.4*r.Float64()
		rule.Op = []string{"/prison-api/", "/community-api/", "/offender-search/", "PUT /community-api/"}[r.IntN(4)]
		return []faulttest.Rule{rule}
	}},
	{"answers of Delius are lost", 6, 10 * time.Minute, time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.HTTP, Op: "PUT /community-api/", Rate: 0.25},
		faulttest.Rule{Kind: faulttest.Lost, Seam: faulttest.HTTP, Op: "POST /community-api/", Rate: 0.25},
	)},
	{"Delius is slow and the table throttles", 8, 10 * time.Minute, time.Hour, everyCall(
		faulttest.Rule{Kind: faulttest.Slow, Seam: faulttest.HTTP, Op: "/community-api/", Rate: 0.6, Latency: 9 * time.Second},
		faulttest.Rule{Kind: faulttest.Down, Seam: faulttest.Table, Op: "Write", Rate: 0.7},
	)},
	{"requests are refused", 1, 5 * time.Minute, 15 * time.Minute, everyCall(
		faulttest.Rule{Kind: faulttest.Status, Seam: faulttest.HTTP, Op: "PUT /community-api/", Status: http.StatusBadRequest, Rate: 0.2},
	)},
}

// outage is a way for a neighbour not to answer.
func outage(r *rand.Rand) faulttest.Rule {
	busy := func(after string) faulttest.Rule {
		return faulttest.Rule{Kind: faulttest.Status, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {after}}}
	}
	return []faulttest.Rule{
		{Kind: faulttest.Down},
		{Kind: faulttest.Lost},
		{Kind: faulttest.Hang},
		{Kind: faulttest.Garbage},
		{Kind: faulttest.Truncated},
		{Kind: faulttest.Status, Status: http.StatusBadGateway},
		{Kind: faulttest.Status, Status: http.StatusNotFound, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>404</html>"},
		{Kind: faulttest.Status, Status: http.StatusFound, Header: http.Header{"Location": {"https://elsewhere.example/"}}},
		{Kind: faulttest.Status, Status: http.StatusForbidden},
		busy("1"), busy("30"), busy("99999999"), busy("soon"),
	}[r.IntN(13)]
}

// forecast draws the weather from one instant to another.
func (s *simulation) forecast(from, to time.Time) []faulttest.Rule {
	var rules []faulttest.Rule
	for at := from; at.Before(to); {
		draw := s.random.IntN(100)
		length := time.Duration(10+s.random.IntN(110)) * time.Minute // of calm
		for _, w := range climate {
			if draw -= w.share; draw >= 0 {
				continue
			}
			length = w.shortest + time.Duration(s.random.Int64N(int64(w.longest-w.shortest)+1))
			until := at.Add(length)
			if until.After(to) {
				until = to
			}
			for _, rule := range w.rules(s.random) {
				rule.From, rule.Until = at, until
				rules = append(rules, rule)
			}
			s.at(at, func() { s.step("%s for %s", w.name, length) })
			break
		}
		at = at.Add(length)
	}
	return rules
}
