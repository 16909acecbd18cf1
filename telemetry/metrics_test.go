package telemetry_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"ptpu"
	"ptpu/telemetry"
)

func TestEveryPromisedSeriesStandsAtZeroInTheFirstScrape(t *testing.T) {
	want := strings.Split(strings.TrimSpace(`
ptpu_movement_total{type="total"} 0
ptpu_movement_total{type="success"} 0
ptpu_movement_total{type="fail"} 0
ptpu_sentenceDateChange_total{type="total"} 0
ptpu_sentenceDateChange_total{type="success"} 0
ptpu_sentenceDateChange_total{type="fail_no_offender"} 0
ptpu_sentenceDateChange_total{type="fail_no_conviction"} 0
ptpu_statusChangeCounter_total{type="total"} 0
ptpu_statusChangeCounter_total{type="success"} 0
ptpu_statusChangeCounter_total{type="fail"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="0"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="1"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="2"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="3"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="4"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="5"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="6"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="7"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="8"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="9"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="10"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="12"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="15"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="20"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="25"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="30"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="40"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="50"} 0
ptpu_statusChange_retries_bucket{eventType="successAfterRetries",le="+Inf"} 0
ptpu_statusChange_retries_sum{eventType="successAfterRetries"} 0
ptpu_statusChange_retries_count{eventType="successAfterRetries"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="1"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="2"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="3"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="4"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="5"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="6"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="7"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="8"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="9"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="10"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="11"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="12"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="13"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="14"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="15"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="16"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="17"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="18"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="19"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="20"} 0
ptpu_statusChange_bucket{eventType="successAfterTimeDays",le="+Inf"} 0
ptpu_statusChange_sum{eventType="successAfterTimeDays"} 0
ptpu_statusChange_count{eventType="successAfterTimeDays"} 0
`), "\n")
	var got []string
	for line := range strings.Lines(scrape(t, telemetry.NewMetrics(telemetry.Build{}))) {
		if strings.HasPrefix(line, "ptpu_movement") || strings.HasPrefix(line, "ptpu_sentence") || strings.HasPrefix(line, "ptpu_statusChange") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// What appears with its first count has, to an alert, never increased.
func TestWhatAlertsRestOnBeginsAtZero(t *testing.T) {
	got := values(t, telemetry.NewMetrics(telemetry.Build{}))
	for _, want := range []string{
		`ptpu_notices_total{decision="dead-lettered",event_type="unreadable"}`,
		`ptpu_notices_total{decision="ignored",event_type="other"}`,
		`ptpu_messages_ended_total{event_type="IMPRISONMENT_STATUS-CHANGED",state="EXPIRED"}`,
		`ptpu_messages_ended_total{event_type="BOOKING_NUMBER-CHANGED",state="ERROR"}`,
		`ptpu_messages_poisoned_total{event_type="SENTENCE_DATES-CHANGED"}`,
		`ptpu_retries_scheduled_total{tier="short"}`,
		`ptpu_retries_scheduled_total{tier="soon"}`,
		`ptpu_domain_events_total{change="added",result="failed"}`,
		`ptpu_custom_events_sent_total`,
		`ptpu_bookings_in_hand`,
	} {
		if value, ok := got[want]; !ok || value != 0 {
			t.Errorf("%s: got %v, shown: %t; want 0", want, value, ok)
		}
	}
}

func TestAScrapeSaysWhatIsRunning(t *testing.T) {
	text := scrape(t, telemetry.NewMetrics(telemetry.Build{Version: "1.2.3", Commit: "abc1234"}))
	for _, want := range []string{
		`ptpu_build_info{commit="abc1234",go_version="` + runtime.Version() + `",version="1.2.3"} 1`, "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("the scrape has no line that starts with %s", want)
		}
	}
}

// A scraper that would rather have OpenMetrics gets what all others get: the
// names of promised series are not to depend on who asks.
func TestTheFormatIsTheClassicOneWhoeverAsks(t *testing.T) {
	m := telemetry.NewMetrics(telemetry.Build{})
	request := httptest.NewRequest(http.MethodGet, "/prometheus", nil)
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, request)
	if got := answer.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("got content type %q, want text/plain; version=0.0.4", got)
	}
}

// The predecessor chose these names; all others are as they should be.
func TestOnlyPromisedNamesAreUnconventional(t *testing.T) {
	o, m := observed(t)
	everything(t, o, m)
	problems, err := promlint.New(strings.NewReader(scrape(t, m))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, problem := range problems {
		got[problem.Metric+": "+problem.Text] = ""
	}
	camelName, camelLabel := ": metric names should be written in 'snake_case' not 'camelCase'", ": label names should be written in 'snake_case' not 'camelCase'"
	want := map[string]string{
		"ptpu_sentenceDateChange_total" + camelName:  "",
		"ptpu_statusChangeCounter_total" + camelName: "",
		"ptpu_statusChange" + camelName:              "",
		"ptpu_statusChange" + camelLabel:             "",
		"ptpu_statusChange_retries" + camelName:      "",
		"ptpu_statusChange_retries" + camelLabel:     "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTheTotalIsTheSumInEveryScrape(t *testing.T) {
	o, m := observed(t)
	const each = 500
	var telling sync.WaitGroup
	for i := range 4 {
		telling.Go(func() {
			for range each {
				o.Attempted(t.Context(), attempt(ptpu.ExternalMovementInserted, ptpu.Outcome{State: ptpu.Completed, Done: true}, nil))
				o.Attempted(t.Context(), attempt(ptpu.ExternalMovementInserted, ptpu.Outcome{State: ptpu.LocationNotUpdated, Done: true}, nil))
				m.InHand(1 - 2*(i%2))
			}
		})
	}
	for range 20 {
		v := values(t, m)
		success, fail, total := v[`ptpu_movement_total{type="success"}`], v[`ptpu_movement_total{type="fail"}`], v[`ptpu_movement_total{type="total"}`]
		if total != success+fail {
			t.Errorf("a scrape says %v in total, and %v and %v", total, success, fail)
		}
	}
	telling.Wait()
	v := values(t, m)
	if got := v[`ptpu_movement_total{type="total"}`]; got != 8*each {
		t.Errorf("got %v movements, want %d", got, 8*each)
	}
	if got := v["ptpu_bookings_in_hand"]; got != 0 {
		t.Errorf("got %v bookings in hand, want as many ended as begun", got)
	}
}

// The facts of an attempt know who the person is, and everything that is told
// knows numbers of the case; no series does.
func TestAScrapeTellsNoPersonAndNoCase(t *testing.T) {
	o, m := observed(t)
	everything(t, o, m)
	text := scrape(t, m)
	wantNoPerson(t, "the scrape", text)
	for _, number := range []string{"1200835", "A1111BC", "41001A", "X100001", "m1\""} {
		if strings.Contains(text, number) {
			t.Errorf("the scrape contains %s, want no numbers of a case", number)
		}
	}
}

// observed is an Observer that says nothing, and what it counts.
func observed(t rapid.TB) (*telemetry.Observer, *telemetry.Metrics) {
	t.Helper()
	m := telemetry.NewMetrics(telemetry.Build{Version: "test", Commit: "none"})
	o, err := telemetry.NewObserver(telemetry.Config{Log: slog.New(slog.DiscardHandler), Metrics: m})
	if err != nil {
		t.Fatal(err)
	}
	return o, m
}

// everything has each thing that is counted or measured happen once.
func everything(t *testing.T, o *telemetry.Observer, m *telemetry.Metrics) {
	t.Helper()
	ctx := t.Context()
	all := facts(&known)
	all.Movement = &movement
	for _, eventType := range ptpu.EventTypes() {
		for _, outcome := range []ptpu.Outcome{ptpu.Completes(all), ptpu.Later(ptpu.NoMatch, all)} {
			a := attempt(eventType, outcome, nil)
			a.Started = a.Before.Due
			a.After.Due = a.Before.Due.Add(time.Hour)
			o.Attempted(ctx, a)
			o.Superseded(ctx, a.After)
			o.Expired(ctx, a.Before, a.Before.Expire(a.Started))
			o.Poisoned(ctx, a.Before)
		}
	}
	o.Ruled(ctx, ptpu.Ruling{Decision: ptpu.Ignored, ID: "m1", Payload: ptpu.Payload{EventType: "OFFENDER-UPDATED"}, Reason: ptpu.UnknownEventType})
	o.Published(ctx, ptpu.Announcement{BookingID: 1200835, MessageID: "m1", Change: ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC"}}, nil)
	o.Ticked(ctx)
	o.Did(ctx, "sweep", time.Second, nil)
	_, ended := o.Calling("prison-api")(ctx, http.MethodGet, "/api/bookings/{bookingId}")
	ended(http.StatusOK, nil)
	m.Served(http.MethodGet, "GET /info", http.StatusOK, time.Millisecond)
	m.InHand(1)
	m.LeaseHeld("sweep", true)
	m.CircuitIs("prison-api", "open")
	m.EventSent(1)
	m.EventDropped(1, "queue full")
	m.BacklogMeasured(ptpu.Backlog{Due: 1, Oldest: time.Now()}, time.Now())
	m.QueueMeasured("events", 1, 1, 1, time.Second, true)
}

func scrape(t rapid.TB, m *telemetry.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/prometheus", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("the scrape is answered with %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// families reads a scrape as Prometheus would.
func families(t rapid.TB, m *telemetry.Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(scrape(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// values are the counters and gauges of ptpu's own in a scrape.
func values(t rapid.TB, m *telemetry.Metrics) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for name, family := range families(t, m) {
		for _, metric := range family.GetMetric() {
			if strings.HasPrefix(name, "ptpu_") && metric.GetHistogram() == nil {
				all[seriesOf(name, metric)] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return all
}

// histograms are those of ptpu's own in a scrape.
func histograms(t rapid.TB, m *telemetry.Metrics) map[string]*dto.Histogram {
	t.Helper()
	all := map[string]*dto.Histogram{}
	for name, family := range families(t, m) {
		for _, metric := range family.GetMetric() {
			if strings.HasPrefix(name, "ptpu_") && metric.GetHistogram() != nil {
				all[seriesOf(name, metric)] = metric.GetHistogram()
			}
		}
	}
	return all
}

// seriesOf writes a series as its line does, without its value.
func seriesOf(name string, metric *dto.Metric) string {
	var labels []string
	for _, label := range metric.GetLabel() {
		labels = append(labels, label.GetName()+`="`+label.GetValue()+`"`)
	}
	if len(labels) == 0 {
		return name
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}
