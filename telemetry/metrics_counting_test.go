package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/telemetry"
)

var refusal = &ptpu.CallError{Upstream: "community-api", Method: "PUT", Route: "/secure/{crn}", Status: 400, Kind: ptpu.ErrRefused}

func TestACircuitIsInOneState(t *testing.T) {
	_, m := observed(t)
	m.CircuitIs("prison-api", "closed")
	m.CircuitIs("community-api", "closed")
	m.CircuitIs("community-api", "open")
	wantValues(t, m, map[string]float64{
		`ptpu_upstream_circuit_state{state="closed",upstream="prison-api"}`:  1,
		`ptpu_upstream_circuit_state{state="open",upstream="community-api"}`: 1,
	}, "ptpu_upstream_circuit")
}

func TestPromisedCountersOfAnAttempt(t *testing.T) {
	movements := func(kind string) map[string]float64 {
		return map[string]float64{`ptpu_movement_total{type="total"}`: 1, `ptpu_movement_total{type="` + kind + `"}`: 1}
	}
	dates := func(kind string) map[string]float64 {
		return map[string]float64{`ptpu_sentenceDateChange_total{type="total"}`: 1, `ptpu_sentenceDateChange_total{type="` + kind + `"}`: 1}
	}
	succeeds := map[string]float64{`ptpu_statusChangeCounter_total{type="total"}`: 1, `ptpu_statusChangeCounter_total{type="success"}`: 1}
	nothing := map[string]float64{}
	done := func(state ptpu.State, reason ptpu.Reason, unknown bool) ptpu.Outcome {
		return ptpu.Outcome{State: state, Done: true, Reason: reason, Facts: ptpu.Facts{ConvictionUnknown: unknown}}
	}
	for name, c := range map[string]struct {
		eventType ptpu.EventType
		outcome   ptpu.Outcome
		err       error
		want      map[string]float64
	}{
		"Delius took the location":        {ptpu.ExternalMovementInserted, done(ptpu.Completed, "", false), nil, movements("success")},
		"Delius does not know the person": {ptpu.ExternalMovementInserted, done(ptpu.LocationNotUpdated, "", false), nil, movements("fail")},
		"a movement that no longer matters": {
			ptpu.ExternalMovementInserted, done(ptpu.NoLongerValid, ptpu.NoLongerAtThisPrison, false), nil, nothing,
		},
		"a movement during an outage":   {ptpu.ExternalMovementInserted, ptpu.Outcome{}, outage, nothing},
		"a movement that is refused":    {ptpu.ExternalMovementInserted, ptpu.Outcome{}, refusal, nothing},
		"Delius took the dates":         {ptpu.SentenceDatesChanged, done(ptpu.Completed, "", false), nil, dates("success")},
		"Delius took the release date":  {ptpu.ConfirmedReleaseDateChanged, done(ptpu.Completed, "", false), nil, dates("success")},
		"dates of an unknown offender":  {ptpu.SentenceDatesChanged, done(ptpu.KeyDatesNotUpdated, "", false), nil, dates("fail_no_offender")},
		"release of an unknown one":     {ptpu.ConfirmedReleaseDateChanged, done(ptpu.KeyDatesNotUpdated, "", false), nil, dates("fail_no_offender")},
		"dates of an unknown booking":   {ptpu.SentenceDatesChanged, done(ptpu.KeyDatesNotUpdated, "", true), nil, dates("fail_no_conviction")},
		"no dates, and so none sent":    {ptpu.SentenceDatesChanged, done(ptpu.KeyDatesNotUpdated, ptpu.NoDates, false), nil, nothing},
		"dates that no longer matter":   {ptpu.SentenceDatesChanged, done(ptpu.NoLongerValid, ptpu.NotActiveBooking, false), nil, nothing},
		"dates during an outage":        {ptpu.SentenceDatesChanged, ptpu.Outcome{}, outage, nothing},
		"dates that are refused":        {ptpu.ConfirmedReleaseDateChanged, ptpu.Outcome{}, refusal, nothing},
		"a status that is in step":      {ptpu.ImprisonmentStatusChanged, done(ptpu.Completed, "", false), nil, succeeds},
		"a status that matters no more": {ptpu.ImprisonmentStatusChanged, done(ptpu.NoLongerValid, ptpu.NotActiveBooking, false), nil, succeeds},
		"a status without a match":      {ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil, nothing},
		"a location that is missed on the way of a status": {
			ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.LocationNotUpdated, ptpu.Facts{}), nil, nothing,
		},
		"dates that are missed on the way of a status": {
			ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.KeyDatesNotUpdated, ptpu.Facts{}), nil, nothing,
		},
		"a status during an outage": {ptpu.ImprisonmentStatusChanged, ptpu.Outcome{}, outage, nothing},
		"a status that is refused":  {ptpu.ImprisonmentStatusChanged, ptpu.Outcome{}, refusal, nothing},
		"a merge":                   {ptpu.BookingNumberChanged, done(ptpu.Completed, "", false), nil, nothing},
	} {
		t.Run(name, func(t *testing.T) {
			o, m := observed(t)
			attempting(o, newMessage(c.eventType), noon, c.outcome, c.err)
			wantValues(t, m, c.want, "ptpu_movement", "ptpu_sentence", "ptpu_statusChange")
		})
	}
}

// Of a failed attempt only the facts count.
func TestAFailedAttemptIsNoAnswer(t *testing.T) {
	o, m := observed(t)
	for _, eventType := range ptpu.EventTypes() {
		o.Attempted(t.Context(), attempt(eventType, ptpu.Completes(ptpu.Facts{}), outage))
	}
	wantValues(t, m, map[string]float64{}, "ptpu_movement", "ptpu_sentence", "ptpu_statusChange")
}

func TestAMessageEndsOnce(t *testing.T) {
	for name, c := range map[string]struct {
		live  func(o *telemetry.Observer, m ptpu.Message)
		want  string // the final state, if it ends
		fails float64
	}{
		"by an attempt": {func(o *telemetry.Observer, m ptpu.Message) {
			m = attempting(o, m, noon, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil)
			attempting(o, m, noon.Add(time.Hour), ptpu.Completes(ptpu.Facts{}), nil)
		}, "COMPLETED", 0},
		"by a newer one": {func(o *telemetry.Observer, m ptpu.Message) {
			m = attempting(o, m, noon, ptpu.Outcome{}, outage)
			o.Superseded(context.Background(), m.SupersedeBy("m2", noon))
		}, "SUPERSEDED", 0},
		"by its delete-by": {func(o *telemetry.Observer, m ptpu.Message) {
			o.Expired(context.Background(), m, m.Expire(m.DeleteBy.Add(time.Second)))
		}, "EXPIRED", 1},
		"attempted ten times and then expired": {func(o *telemetry.Observer, m ptpu.Message) {
			for i := range 10 {
				m = attempting(o, m, noon.Add(time.Duration(i)*time.Hour), ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil)
			}
			o.Expired(context.Background(), m, m.Expire(m.DeleteBy.Add(time.Second)))
		}, "EXPIRED", 1},
		"by an attempt that is its last": {func(o *telemetry.Observer, m ptpu.Message) {
			attempting(o, m, m.DeleteBy, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil)
		}, "EXPIRED", 1},
		"not as poison, but when that expires": {func(o *telemetry.Observer, m ptpu.Message) {
			m = m.AsPoison()
			o.Poisoned(context.Background(), m)
			o.Expired(context.Background(), m, m.Expire(m.DeleteBy.Add(time.Second)))
		}, "EXPIRED", 1},
		"not as poison": {func(o *telemetry.Observer, m ptpu.Message) {
			o.Poisoned(context.Background(), m.AsPoison())
		}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			o, m := observed(t)
			c.live(o, newMessage(ptpu.ImprisonmentStatusChanged))
			want := map[string]float64{}
			if c.want != "" {
				want[`ptpu_messages_ended_total{event_type="IMPRISONMENT_STATUS-CHANGED",state="`+c.want+`"}`] = 1
			}
			wantValues(t, m, want, "ptpu_messages_ended")
			if got := values(t, m)[`ptpu_statusChangeCounter_total{type="fail"}`]; got != c.fails {
				t.Errorf("got %v failed changes of status, want %v", got, c.fails)
			}
		})
	}
}

func TestOnlyAStatusThatExpiresIsAFailedChangeOfStatus(t *testing.T) {
	o, m := observed(t)
	for _, eventType := range ptpu.EventTypes() {
		if eventType != ptpu.ImprisonmentStatusChanged {
			message := newMessage(eventType)
			o.Expired(t.Context(), message, message.Expire(noon))
		}
	}
	wantValues(t, m, map[string]float64{}, "ptpu_statusChange", "ptpu_movement", "ptpu_sentence")
}

func TestDaysToSuccessCountAPartDayWhole(t *testing.T) {
	const day = 24 * time.Hour
	for took, want := range map[time.Duration]float64{
		0: 0, time.Nanosecond: 1, 15 * time.Minute: 1, day: 1, day + time.Nanosecond: 2, 2*day - time.Second: 2, 20 * day: 20, 30*day + 1: 31,
		-25 * time.Hour: 0, // another pod's clock
	} {
		o, m := observed(t)
		message := newMessage(ptpu.ImprisonmentStatusChanged)
		message.FirstSeen = noon.Add(-took)
		attempting(o, message, noon, ptpu.Completes(ptpu.Facts{}), nil)
		got := histograms(t, m)[`ptpu_statusChange{eventType="successAfterTimeDays"}`]
		if got.GetSampleCount() != 1 || got.GetSampleSum() != want {
			t.Errorf("after %s: got %v days in %d successes, want %v in 1", took, got.GetSampleSum(), got.GetSampleCount(), want)
		}
	}
}

func TestRetriesToSuccessLeaveOutageOut(t *testing.T) {
	o, m := observed(t)
	message := newMessage(ptpu.ImprisonmentStatusChanged)
	for range 3 {
		message = attempting(o, message, noon, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil)
		message = attempting(o, message, noon, ptpu.Outcome{}, outage)
	}
	message = attempting(o, message, noon, ptpu.Outcome{}, refusal)
	attempting(o, message, noon, ptpu.Completes(ptpu.Facts{}), nil)
	got := histograms(t, m)[`ptpu_statusChange_retries{eventType="successAfterRetries"}`]
	if got.GetSampleCount() != 1 || got.GetSampleSum() != 4 {
		t.Errorf("got %v retries in %d successes, want 4 in 1", got.GetSampleSum(), got.GetSampleCount())
	}
}

func TestHoldbackLagIsThatOfTheFirstAttemptOfARipeMessage(t *testing.T) {
	ripe := newMessage(ptpu.SentenceDatesChanged)
	tried, endless := ripe, ripe
	tried.Attempts = 1
	endless.Due = time.Time{}
	for name, c := range map[string]struct {
		before  ptpu.Message
		started time.Time
		want    uint64
		seconds float64
	}{
		"late":                          {ripe, ripe.Due.Add(1500 * time.Millisecond), 1, 1.5},
		"on time":                       {ripe, ripe.Due, 1, 0},
		"taken along before it is ripe": {ripe, ripe.Due.Add(-time.Second), 0, 0},
		"tried before":                  {tried, ripe.Due.Add(time.Second), 0, 0},
		"without a due instant":         {endless, ripe.Due.Add(time.Second), 0, 0},
	} {
		o, m := observed(t)
		o.Attempted(t.Context(), ptpu.Attempt{Before: c.before, After: c.before, Started: c.started})
		got := histograms(t, m)["ptpu_holdback_lag_seconds"]
		if got.GetSampleCount() != c.want || got.GetSampleSum() != c.seconds {
			t.Errorf("%s: got %v s in %d, want %v s in %d", name, got.GetSampleSum(), got.GetSampleCount(), c.seconds, c.want)
		}
	}
}

func TestARetryIsCountedByItsRhythm(t *testing.T) {
	for name, c := range map[string]struct {
		retries int // before
		outcome ptpu.Outcome
		err     error
		want    string
	}{
		"the first miss":        {0, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil, "short"},
		"the fifth":             {4, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil, "medium"},
		"the eleventh":          {10, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil, "long"},
		"a refusal":             {4, ptpu.Outcome{}, refusal, "medium"},
		"an outage":             {10, ptpu.Outcome{}, outage, "soon"},
		"denied wholly":         {0, ptpu.Outcome{}, &ptpu.CallError{Kind: ptpu.ErrDenied}, "soon"},
		"a failure of our own":  {0, ptpu.Outcome{}, errors.New("table away"), "soon"},
		"done: there is none":   {4, ptpu.Completes(ptpu.Facts{}), nil, ""},
		"expired: there is nil": {40, ptpu.Later(ptpu.NoMatch, ptpu.Facts{}), nil, ""},
	} {
		o, m := observed(t)
		message := newMessage(ptpu.ImprisonmentStatusChanged)
		message.Retries = c.retries
		at := noon
		if strings.HasPrefix(name, "expired") {
			at = message.DeleteBy
		}
		attempting(o, message, at, c.outcome, c.err)
		want := map[string]float64{}
		if c.want != "" {
			want[`ptpu_retries_scheduled_total{tier="`+c.want+`"}`] = 1
		}
		t.Run(name, func(t *testing.T) { wantValues(t, m, want, "ptpu_retries") })
	}
}

func TestNoticesAreCountedByTypeAndDecision(t *testing.T) {
	o, m := observed(t)
	for _, r := range []ptpu.Ruling{
		{Decision: ptpu.Stored, Payload: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}},
		{Decision: ptpu.HandedBack, Payload: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, Err: outage},
		{Decision: ptpu.Ignored, Payload: ptpu.Payload{EventType: ptpu.SentenceDatesChanged}, Reason: ptpu.NotActiveBooking},
		{Decision: ptpu.Ignored, Payload: ptpu.Payload{EventType: "OFFENDER-UPDATED"}, Reason: ptpu.UnknownEventType},
		{Decision: ptpu.DeadLettered, Err: ptpu.ErrMalformed},
	} {
		o.Ruled(t.Context(), r)
	}
	wantValues(t, m, map[string]float64{
		`ptpu_notices_total{decision="stored",event_type="SENTENCE_DATES-CHANGED"}`:                      1,
		`ptpu_notices_total{decision="handed back",event_type="SENTENCE_DATES-CHANGED"}`:                 1,
		`ptpu_notices_total{decision="ignored",event_type="SENTENCE_DATES-CHANGED"}`:                     1,
		`ptpu_notices_total{decision="ignored",event_type="other"}`:                                      1,
		`ptpu_notices_total{decision="dead-lettered",event_type="unreadable"}`:                           1,
		`ptpu_notices_ignored_total{event_type="SENTENCE_DATES-CHANGED",reason="Not an active booking"}`: 1,
		`ptpu_notices_ignored_total{event_type="other",reason="Unknown event type"}`:                     1,
	}, "ptpu_notices")
}

func TestCallsAndRequestsAreTimedByTheirRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := observed(t)
		call := func(status int, err error) {
			_, ended := o.Calling("prison-api")(t.Context(), http.MethodGet, "/api/bookings/{bookingId}")
			time.Sleep(2 * time.Second)
			ended(status, err)
		}
		call(http.StatusOK, nil)
		call(http.StatusOK, nil)
		call(http.StatusServiceUnavailable, outage)
		call(0, context.DeadlineExceeded)
		call(999, outage)
		m.Served(http.MethodGet, "GET /admin/bookings/{bookingId}", http.StatusOK, time.Second)
		m.Served(http.MethodGet, "/admin/bookings/{bookingId}", http.StatusOK, time.Second)
		m.Served(http.MethodGet, "", http.StatusNotFound, time.Second)
		m.Served("BREW", "/info", 0, time.Second)
		got := map[string]string{}
		for series, h := range histograms(t, m) {
			if strings.HasPrefix(series, "ptpu_upstream") || strings.HasPrefix(series, "ptpu_http") {
				got[series] = fmt.Sprintf("%d in %v s", h.GetSampleCount(), h.GetSampleSum())
			}
		}
		const call200 = `ptpu_upstream_call_duration_seconds{method="GET",route="/api/bookings/{bookingId}",status="200",upstream="prison-api"}`
		if diff := cmp.Diff(map[string]string{
			call200: "2 in 4 s",
			strings.Replace(call200, "200", "503", 1):                                                           "1 in 2 s",
			strings.Replace(call200, "200", "none", 1):                                                          "1 in 2 s",
			strings.Replace(call200, "200", "other", 1):                                                         "1 in 2 s",
			`ptpu_http_request_duration_seconds{method="GET",route="/admin/bookings/{bookingId}",status="200"}`: "2 in 2 s",
			`ptpu_http_request_duration_seconds{method="GET",route="none",status="404"}`:                        "1 in 1 s",
			`ptpu_http_request_duration_seconds{method="other",route="/info",status="none"}`:                    "1 in 1 s",
		}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestHousekeepingAndTheHeartbeatAreDated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, m := observed(t)
		wantValues(t, m, map[string]float64{}, "ptpu_scheduler", "ptpu_housekeeping", "ptpu_lease")
		start := float64(time.Now().Unix())
		o.Ticked(t.Context())
		o.Did(t.Context(), "sweep", 3*time.Second, nil)
		m.LeaseHeld("sweep", true)
		m.LeaseHeld("gauges", true)
		time.Sleep(time.Minute)
		o.Ticked(t.Context())
		o.Did(t.Context(), "sweep", 5*time.Second, errors.New("table away"))
		o.Did(t.Context(), "gauges", time.Second, errors.New("table away"))
		m.LeaseHeld("gauges", false)
		wantValues(t, m, map[string]float64{
			"ptpu_scheduler_last_tick_timestamp_seconds":                    start + 60,
			`ptpu_housekeeping_last_success_timestamp_seconds{job="sweep"}`: start,
			`ptpu_lease_held{lease="sweep"}`:                                1,
		}, "ptpu_scheduler", "ptpu_housekeeping", "ptpu_lease")
		for series, want := range map[string]float64{
			`ptpu_housekeeping_duration_seconds{job="sweep",result="done"}`:    3,
			`ptpu_housekeeping_duration_seconds{job="sweep",result="failed"}`:  5,
			`ptpu_housekeeping_duration_seconds{job="gauges",result="failed"}`: 1,
		} {
			if got := histograms(t, m)[series]; got.GetSampleCount() != 1 || got.GetSampleSum() != want {
				t.Errorf("%s: got %d runs of %v s, want 1 of %v s", series, got.GetSampleCount(), got.GetSampleSum(), want)
			}
		}
	})
}

func TestCustomEventsAreCountedByWhatBecameOfThem(t *testing.T) {
	_, m := observed(t)
	m.EventSent(100)
	m.EventSent(7)
	m.EventDropped(3, "queue full")
	wantValues(t, m, map[string]float64{
		"ptpu_custom_events_sent_total":                         107,
		`ptpu_custom_events_dropped_total{reason="queue full"}`: 3,
	}, "ptpu_custom")
}

// noon is when the messages of these tests are ripe.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newMessage(eventType ptpu.EventType) ptpu.Message {
	return ptpu.NewMessage("m1", ptpu.Payload{EventType: eventType, BookingID: 1200835}, "{}", booking, noon.Add(-time.Hour), time.Hour)
}

// hourly is a rhythm that knows no tiers.
type hourly struct{}

func (hourly) Next(_ ptpu.Tier, after time.Time) time.Time { return after.Add(time.Hour) }

// attempting has an attempt end at the instant, tells of it as the aggregator
// does, and returns the message that it leaves.
func attempting(o *telemetry.Observer, m ptpu.Message, at time.Time, outcome ptpu.Outcome, err error) ptpu.Message {
	after := m.After(outcome, at, hourly{})
	if err != nil {
		after = m.AfterFailure(outcome.Facts, err, at, hourly{})
	}
	o.Attempted(context.Background(), ptpu.Attempt{Before: m, After: after, Outcome: outcome, Err: err, Started: at, Took: time.Second})
	if after.State == ptpu.Expired {
		o.Expired(context.Background(), m, after)
	}
	return after
}

// wantValues compares the counters and gauges whose names begin so; what is 0 is
// left out.
func wantValues(t *testing.T, m *telemetry.Metrics, want map[string]float64, prefixes ...string) {
	t.Helper()
	got := map[string]float64{}
	for series, value := range values(t, m) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(series, prefix) && value != 0 {
				got[series] = value
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
