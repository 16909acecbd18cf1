package telemetry_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"ptpu"
	"ptpu/telemetry"
)

// Whatever happens, a scrape says what the test has counted itself: the promised
// series and the ends from the messages as they stand when all is over, the rest
// as it was told.
func TestAScrapeAgreesWithTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, m := observed(t)
		w := &history{
			o: o, m: m, now: noon,
			counts: map[string]float64{}, observed: map[string][]float64{}, calls: map[string]int{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"notice": w.notice, "status": w.status, "attempt": w.attempt, "attempt again": w.attempt, "attempt in vain": w.attemptInVain,
			"supersede": w.supersede, "expire": w.expire, "poison": w.poison, "publish": w.publish, "call": w.call, "serve": w.serve,
			"keep house": w.keepHouse, "send": w.send, "wait": w.wait,
		})
		w.rebuild()
		w.compare(t)
	})
}

// history is what happened, beside what the observer was told of it.
type history struct {
	o   *telemetry.Observer
	m   *telemetry.Metrics
	now time.Time

	lives []*life
	// What was counted as it was told, and the values of each histogram; calls
	// are timed by the real clock, so of them only the number is known.
	counts   map[string]float64
	observed map[string][]float64
	calls    map[string]int
}

// life is one message with what the test knows of it.
type life struct {
	ptpu.Message
	tried, misses int
	answer        string // to the last attempt
	poisoned      bool
}

func (w *history) count(series string, labels ...string) { w.counts[written(series, labels)]++ }

func (w *history) observe(series string, value float64, labels ...string) {
	w.observed[written(series, labels)] = append(w.observed[written(series, labels)], value)
}

// written is a series as a scrape writes it; labels are names and values in turn,
// the names in order.
func written(series string, labels []string) string {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+labels[i+1]+`"`)
	}
	if len(pairs) == 0 {
		return series
	}
	return series + "{" + strings.Join(pairs, ",") + "}"
}

// The labels that event types and reasons are to have. What is not named here is
// nobody's own.
var (
	typeLabels = map[ptpu.EventType]string{
		"IMPRISONMENT_STATUS-CHANGED": "IMPRISONMENT_STATUS-CHANGED", "EXTERNAL_MOVEMENT_RECORD-INSERTED": "EXTERNAL_MOVEMENT_RECORD-INSERTED",
		"SENTENCE_DATES-CHANGED": "SENTENCE_DATES-CHANGED", "CONFIRMED_RELEASE_DATE-CHANGED": "CONFIRMED_RELEASE_DATE-CHANGED",
		"BOOKING_NUMBER-CHANGED": "BOOKING_NUMBER-CHANGED", "OFFENDER-UPDATED": "other", "": "unreadable",
	}
	reasonLabels = map[ptpu.Reason]string{
		"Not an active booking": "Not an active booking", "Not a transfer": "Not a transfer", "Unknown event type": "Unknown event type",
		"Full moon": "other",
	}
)

func (w *history) notice(t *rapid.T) {
	eventType := rapid.SampledFrom(slices.Sorted(maps.Keys(typeLabels))).Draw(t, "type")
	decision := rapid.SampledFrom([]ptpu.Decision{"stored", "stored", "duplicate", "ignored", "handed back", "dead-lettered", "interrupted"}).Draw(t, "decision")
	r := ptpu.Ruling{Decision: decision, Payload: ptpu.Payload{EventType: eventType, BookingID: 1200835}}
	if decision == "ignored" {
		r.Reason = rapid.SampledFrom(slices.Sorted(maps.Keys(reasonLabels))).Draw(t, "reason")
		w.count("ptpu_notices_ignored_total", "event_type", typeLabels[eventType], "reason", reasonLabels[r.Reason])
	}
	w.count("ptpu_notices_total", "decision", string(decision), "event_type", typeLabels[eventType])
	w.o.Ruled(t.Context(), r)
	if decision == "stored" && eventType != "" && eventType != "OFFENDER-UPDATED" {
		w.store(r.Payload)
	}
}

// status stores what most promised series are about.
func (w *history) status(t *rapid.T) {
	p := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: 1200835}
	w.count("ptpu_notices_total", "decision", "stored", "event_type", string(p.EventType))
	w.o.Ruled(t.Context(), ptpu.Ruling{Decision: ptpu.Stored, Payload: p})
	w.store(p)
}

func (w *history) store(p ptpu.Payload) {
	id := ptpu.MessageID("m" + strconv.Itoa(len(w.lives)))
	w.lives = append(w.lives, &life{Message: ptpu.NewMessage(id, p, "{}", booking, w.now, 15*time.Minute)})
}

// answers to an attempt, by what Delius and NOMIS may say to it.
var answers = map[ptpu.EventType][]string{
	ptpu.ImprisonmentStatusChanged: {
		"done", "moved on", "nobody", "several", "no book number", "no location", "no dates there", "outage", "denied", "refused",
	},
	ptpu.ExternalMovementInserted:    {"done", "moved on", "unknown offender", "outage", "denied", "refused"},
	ptpu.SentenceDatesChanged:        {"done", "moved on", "unknown offender", "unknown booking", "no dates", "outage", "refused"},
	ptpu.ConfirmedReleaseDateChanged: {"done", "moved on", "unknown offender", "unknown booking", "no dates", "outage", "refused"},
	ptpu.BookingNumberChanged:        {"done", "moved on", "outage", "refused"},
}

// established is what the processor makes of an answer.
func established(eventType ptpu.EventType, answer string) (ptpu.Outcome, error) {
	missing := ptpu.KeyDatesNotUpdated
	if eventType == ptpu.ExternalMovementInserted {
		missing = ptpu.LocationNotUpdated
	}
	switch answer {
	case "done":
		return ptpu.Completes(ptpu.Facts{}), nil
	case "moved on":
		return ptpu.NoLongerMatters(ptpu.NotActiveBooking, ptpu.Facts{}), nil
	case "nobody":
		return ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil
	case "several":
		return ptpu.Later(ptpu.TooManyMatches, ptpu.Facts{}), nil
	case "no book number":
		return ptpu.Later(ptpu.BookingNumberNotAssigned, ptpu.Facts{}), nil
	case "no location":
		return ptpu.Later(ptpu.LocationNotUpdated, ptpu.Facts{}), nil
	case "no dates there":
		return ptpu.Later(ptpu.KeyDatesNotUpdated, ptpu.Facts{}), nil
	case "unknown offender":
		return ptpu.Outcome{State: missing, Done: true}, nil
	case "unknown booking":
		return ptpu.Outcome{State: missing, Done: true, Facts: ptpu.Facts{ConvictionUnknown: true}}, nil
	case "no dates":
		return ptpu.Outcome{State: missing, Done: true, Reason: ptpu.NoDates}, nil
	case "outage":
		return ptpu.Outcome{}, fmt.Errorf("reading booking 1200835: %w", outage)
	case "denied":
		return ptpu.Outcome{}, &ptpu.CallError{Kind: ptpu.ErrDenied, Status: 403}
	default:
		return ptpu.Outcome{}, refusal
	}
}

func (w *history) attempt(t *rapid.T) {
	l := w.open(t)
	w.try(t, l, rapid.SampledFrom(answers[l.EventType]).Draw(t, "answer"))
}

// attemptInVain takes a message through its tiers.
func (w *history) attemptInVain(t *rapid.T) {
	l := w.open(t)
	for range rapid.IntRange(1, 12).Draw(t, "attempts") {
		if l.EventType == ptpu.ImprisonmentStatusChanged && l.Processed.IsZero() {
			w.try(t, l, "nobody")
		}
	}
}

// try has an attempt met with the answer. It starts when it is due, or because
// another message of its booking is, or late.
func (w *history) try(t *rapid.T, l *life, answer string) {
	took := time.Duration(rapid.IntRange(0, 90_000).Draw(t, "milliseconds")) * time.Millisecond
	before, started := l.Message, w.now
	l.answer = answer
	l.tried++
	if !l.poisoned {
		latest := rapid.SampledFrom([]int{-1, 60, 20_000}).Draw(t, "at most late")
		due := before.Due.Add(time.Duration(rapid.IntRange(-600, latest).Draw(t, "seconds late")) * time.Second)
		if started.Before(due) {
			started = due
		}
		if l.tried == 1 && !started.Before(before.Due) {
			w.observe("ptpu_holdback_lag_seconds", started.Sub(before.Due).Seconds())
		}
	}
	l.poisoned = false // an attempt gives it a due instant again
	w.now = started.Add(took)
	outcome, err := established(l.EventType, answer)
	if err != nil {
		l.Message = before.AfterFailure(outcome.Facts, err, w.now, hourly{})
	} else {
		l.Message = before.After(outcome, w.now, hourly{})
	}
	w.o.Attempted(t.Context(), ptpu.Attempt{Before: before, After: l.Message, Outcome: outcome, Err: err, Started: started, Took: took})
	if l.State == ptpu.Expired {
		w.o.Expired(t.Context(), before, l.Message)
	}
	w.count("ptpu_attempts_total", "event_type", string(l.EventType), "state", string(l.State))
	w.observe("ptpu_attempt_duration_seconds", took.Seconds(), "event_type", string(l.EventType))
	tier := "soon"
	if answer != "outage" && answer != "denied" {
		tier = l.miss()
	}
	if l.Processed.IsZero() {
		w.count("ptpu_retries_scheduled_total", "tier", tier)
	}
}

// miss counts one more miss and names the tier that it leads to. What is done
// has none, but then nobody asks.
func (l *life) miss() (tier string) {
	if l.answer == "done" || l.answer == "moved on" {
		return ""
	}
	l.misses++
	switch {
	case l.misses >= 11:
		return "long"
	case l.misses >= 5:
		return "medium"
	}
	return "short"
}

func (w *history) supersede(t *rapid.T) {
	for i, l := range w.lives {
		for _, newer := range w.lives[i+1:] {
			if !l.Processed.IsZero() || !newer.Processed.IsZero() || newer.EventType != l.EventType {
				continue
			}
			if l.FirstSeen.Before(newer.FirstSeen) {
				newer.FirstSeen = l.FirstSeen
			}
			l.Message = l.SupersedeBy(newer.ID, w.now)
			w.o.Superseded(t.Context(), l.Message)
			return
		}
	}
	t.Skip("nothing takes the place of another")
}

func (w *history) expire(t *rapid.T) {
	l := w.open(t)
	before := l.Message
	l.Message = before.Expire(before.DeleteBy.Add(time.Second))
	w.o.Expired(t.Context(), before, l.Message)
}

func (w *history) poison(t *rapid.T) {
	l := w.open(t)
	l.Message, l.poisoned = l.AsPoison(), true
	w.o.Poisoned(t.Context(), l.Message)
	w.count("ptpu_messages_poisoned_total", "event_type", string(l.EventType))
}

func (w *history) publish(t *rapid.T) {
	change := rapid.SampledFrom([]string{"added", "updated"}).Draw(t, "change")
	result := rapid.SampledFrom([]string{"published", "failed"}).Draw(t, "result")
	a := ptpu.Announcement{Change: ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC"}}
	if change == "updated" {
		a.Change.Previous = "A9999BC"
	}
	var err error
	if result == "failed" {
		err = errors.New("topic away")
	}
	w.o.Published(t.Context(), a, err)
	w.count("ptpu_domain_events_total", "change", change, "result", result)
}

func (w *history) call(t *rapid.T) {
	upstream := rapid.SampledFrom([]string{"prison-api", "community-api"}).Draw(t, "upstream")
	route := rapid.SampledFrom([]string{"/api/bookings/{bookingId}", "/secure/offenders/crn/{crn}"}).Draw(t, "route")
	status := rapid.SampledFrom([]int{0, 200, 404, 503, 700}).Draw(t, "status")
	label := map[int]string{0: "none", 200: "200", 404: "404", 503: "503", 700: "other"}[status]
	_, ended := w.o.Calling(upstream)(t.Context(), "GET", route)
	ended(status, nil)
	w.calls[written("ptpu_upstream_call_duration_seconds", []string{"method", "GET", "route", route, "status", label, "upstream", upstream})]++
}

func (w *history) serve(t *rapid.T) {
	method := rapid.SampledFrom([]string{"GET", "PUT"}).Draw(t, "method")
	route := rapid.SampledFrom([]string{"/info", "/queue-admin/purge-queue/{queueName}", ""}).Draw(t, "route")
	took := rapid.IntRange(0, 400).Draw(t, "seconds")
	pattern := method + " " + route
	if route == "" {
		pattern, route = "", "none"
	}
	w.m.Served(method, pattern, 200, time.Duration(took)*time.Second)
	w.observe("ptpu_http_request_duration_seconds", float64(took), "method", method, "route", route, "status", "200")
}

func (w *history) keepHouse(t *rapid.T) {
	job := rapid.SampledFrom([]string{"sweep", "dead letters"}).Draw(t, "job")
	took := rapid.IntRange(0, 4000).Draw(t, "seconds")
	err := rapid.SampledFrom([]error{nil, errors.New("table away")}).Draw(t, "error")
	w.o.Did(t.Context(), job, time.Duration(took)*time.Second, err)
	result := "done"
	if err != nil {
		result = "failed"
	}
	w.observe("ptpu_housekeeping_duration_seconds", float64(took), "job", job, "result", result)
}

func (w *history) send(t *rapid.T) {
	n := rapid.IntRange(0, 100).Draw(t, "events")
	w.m.EventSent(n)
	w.m.EventDropped(1, "queue full")
	w.counts["ptpu_custom_events_sent_total"] += float64(n)
	w.count("ptpu_custom_events_dropped_total", "reason", "queue full")
}

func (w *history) wait(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20*24*3600).Draw(t, "seconds")) * time.Second)
}

// open draws a message that is not processed yet.
func (w *history) open(t *rapid.T) *life {
	var open []*life
	for _, l := range w.lives {
		if l.Processed.IsZero() {
			open = append(open, l)
		}
	}
	if len(open) == 0 {
		t.Skip("no message is open")
	}
	return rapid.SampledFrom(open).Draw(t, "message")
}

// rebuild counts the messages as they stand now.
func (w *history) rebuild() {
	either := func(series, kind string) {
		w.count(series, "type", "total")
		w.count(series, "type", kind)
	}
	for _, l := range w.lives {
		if l.Processed.IsZero() {
			continue
		}
		w.count("ptpu_messages_ended_total", "event_type", string(l.EventType), "state", string(l.State))
		if l.State == ptpu.Superseded {
			continue
		}
		switch l.EventType {
		case ptpu.ImprisonmentStatusChanged:
			if l.State == ptpu.Expired {
				either("ptpu_statusChangeCounter_total", "fail")
				continue
			}
			either("ptpu_statusChangeCounter_total", "success")
			w.observe("ptpu_statusChange_retries", float64(l.misses), "eventType", "successAfterRetries")
			w.observe("ptpu_statusChange", math.Ceil(l.Processed.Sub(l.FirstSeen).Seconds()/86400), "eventType", "successAfterTimeDays")
		case ptpu.ExternalMovementInserted:
			if kind, ok := map[string]string{"done": "success", "unknown offender": "fail"}[l.answer]; ok && l.State != ptpu.Expired {
				either("ptpu_movement_total", kind)
			}
		case ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged:
			kind, ok := map[string]string{
				"done": "success", "unknown offender": "fail_no_offender", "unknown booking": "fail_no_conviction",
			}[l.answer]
			if ok && l.State != ptpu.Expired {
				either("ptpu_sentenceDateChange_total", kind)
			}
		default: // of the others nothing is promised
		}
	}
}

// compare holds the scrape to the ledger: every series, and every bucket. What
// was never counted stands at 0 or not at all.
func (w *history) compare(t *rapid.T) {
	got := values(t, w.m)
	for series, value := range got {
		if value == 0 || strings.HasPrefix(series, "ptpu_build_info") || strings.Contains(series, "_timestamp_seconds") {
			delete(got, series)
		}
	}
	for series, value := range w.counts {
		if value == 0 {
			delete(w.counts, series)
		}
	}
	if diff := cmp.Diff(w.counts, got); diff != "" {
		t.Errorf("counted -, scraped +:\n%s", diff)
	}
	for series, h := range histograms(t, w.m) {
		if n, ok := w.calls[series]; ok {
			if h.GetSampleCount() != uint64(n) {
				t.Errorf("%s: scraped %d calls, counted %d", series, h.GetSampleCount(), n)
			}
			delete(w.calls, series)
			continue
		}
		sum := 0.0
		for _, value := range w.observed[series] {
			sum += value
		}
		if h.GetSampleCount() != uint64(len(w.observed[series])) || !cmp.Equal(h.GetSampleSum(), sum, cmpopts.EquateApprox(1e-9, 0)) {
			t.Errorf("%s: scraped %d with sum %v, counted %v", series, h.GetSampleCount(), h.GetSampleSum(), w.observed[series])
		}
		for _, bucket := range h.GetBucket() {
			within := uint64(0)
			for _, value := range w.observed[series] {
				if value <= bucket.GetUpperBound() {
					within++
				}
			}
			if bucket.GetCumulativeCount() != within {
				t.Errorf("%s up to %v: scraped %d, counted %d", series, bucket.GetUpperBound(), bucket.GetCumulativeCount(), within)
			}
		}
		delete(w.observed, series)
	}
	if len(w.observed)+len(w.calls) > 0 {
		t.Errorf("counted but not scraped: %v, %v", w.observed, w.calls)
	}
}
