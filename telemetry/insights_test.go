package telemetry_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ptpu"
	"ptpu/telemetry"
)

// promised are the custom events that dashboards and alerts rest on, each with
// all the properties that it can have.
var promised = map[string]string{
	"P2PExternalMovement":                      "bookingId movementSeq",
	"P2PTransferIgnored":                       "bookingId reason movementType fromAgency toAgency",
	"P2PTransferProbationUpdated":              "bookingId movementType fromAgency toAgency offenderNo latestLocation convictedStatus toAgencyDescription",
	"P2PTransferProbationRecordNotFound":       "bookingId movementType fromAgency toAgency offenderNo latestLocation convictedStatus",
	"P2POffenderMatch":                         "bookingId offenderNo bookingNumber matchedBy matches filtered_matches crns filtered_crns",
	"P2POffenderNoMatch":                       "bookingId offenderNo crns",
	"P2POffenderTooManyMatches":                "bookingId offenderNo filtered_crns",
	"P2POffenderNumberSet":                     "bookingId offenderNo bookingNumber crn",
	"P2PImprisonmentStatusUpdated":             "bookingId imprisonmentStatusSeq sentenceStartDate offenderNo bookingNumber agencyId",
	"P2PBookingNumberNotAssigned":              "bookingId imprisonmentStatusSeq sentenceStartDate offenderNo bookingNumber agencyId",
	"P2PLocationNotUpdated":                    "bookingId imprisonmentStatusSeq sentenceStartDate offenderNo bookingNumber agencyId",
	"P2PKeyDatesNotUpdated":                    "bookingId imprisonmentStatusSeq sentenceStartDate offenderNo bookingNumber agencyId",
	"P2PImprisonmentStatusNoSentenceStartDate": "bookingId imprisonmentStatusSeq",
	"P2PImprisonmentStatusNotSequenceZero":     "bookingId imprisonmentStatusSeq",
	"P2PImprisonmentStatusIgnored":             "bookingId imprisonmentStatusSeq reason offenderNo bookingNumber agencyId",
	"P2PSentenceDatesChanged":                  "bookingId offenderNo bookingNumber agencyId " + dateNames,
	"P2PSentenceDatesRecordNotFound":           "bookingId offenderNo bookingNumber agencyId " + dateNames,
	"P2PSentenceDatesChangeIgnored":            "bookingId reason offenderNo bookingNumber agencyId",
	"P2PBookingNumberChanged":                  "bookingId offenderNo oldOffenderNo crn",
	"P2PBookingNumberChangedOffenderNotFound":  "bookingId offenderNo oldOffenderNo",
	"P2PMessageExpired":                        "bookingId eventType offenderNo statusBefore retryCount",
}

const dateNames = "sentenceStartDate confirmedReleaseDate conditionalReleaseDate conditionalReleaseOverrideDate licenceExpiryDate " +
	"paroleEligibilityDate sentenceExpiryDate topupSupervisionExpiryDate homeDetentionCurfewEligibilityDate releaseDate"

// everyEvent are the events of all that can happen, made from its facts.
func everyEvent() []telemetry.Event {
	all := facts(&known)
	all.Movement = &movement
	missing := func(state ptpu.State) ptpu.Match {
		return ptpu.Match{MatchedBy: "NAME", Found: 2, Candidates: known.Candidates, Filtered: true, State: state}
	}
	noMatch, tooMany := missing(ptpu.NoMatch), missing(ptpu.TooManyMatches)
	ended := func(state ptpu.State) ptpu.Outcome { return ptpu.Outcome{State: state, Done: true, Facts: all} }
	var events []telemetry.Event
	for _, happened := range []struct {
		eventType ptpu.EventType
		outcome   ptpu.Outcome
	}{
		{ptpu.ImprisonmentStatusChanged, ptpu.Completes(all)},
		{ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.NoMatch, facts(&noMatch))},
		{ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.TooManyMatches, facts(&tooMany))},
		{ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.BookingNumberNotAssigned, all)},
		{ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.LocationNotUpdated, all)},
		{ptpu.ImprisonmentStatusChanged, ptpu.Later(ptpu.KeyDatesNotUpdated, all)},
		{ptpu.ImprisonmentStatusChanged, ptpu.NoLongerMatters(ptpu.NonZeroSequence, ptpu.Facts{})},
		{ptpu.ImprisonmentStatusChanged, ptpu.NoLongerMatters(ptpu.NoSentenceStartDate, ptpu.Facts{})},
		{ptpu.ImprisonmentStatusChanged, ptpu.NoLongerMatters(ptpu.NotActiveBooking, all)},
		{ptpu.ExternalMovementInserted, ptpu.Completes(all)},
		{ptpu.ExternalMovementInserted, ended(ptpu.LocationNotUpdated)},
		{ptpu.ExternalMovementInserted, ptpu.NoLongerMatters(ptpu.NotATransfer, all)},
		{ptpu.SentenceDatesChanged, ptpu.Completes(all)},
		{ptpu.SentenceDatesChanged, ended(ptpu.KeyDatesNotUpdated)},
		{ptpu.ConfirmedReleaseDateChanged, ptpu.NoLongerMatters(ptpu.NotActiveBooking, all)},
		{ptpu.BookingNumberChanged, ptpu.Completes(ptpu.Facts{Merges: []ptpu.Merge{{From: "A8888BC", To: "A1111BC"}}})},
	} {
		events = append(events, telemetry.EventsOf(attempt(happened.eventType, happened.outcome, nil))...)
	}
	return append(events,
		telemetry.Changed(1200835, ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"}),
		telemetry.Changed(1200835, ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC", Previous: "A9999BC", BookNumber: "41001A"}),
		telemetry.Expired(attempt(ptpu.ImprisonmentStatusChanged, ptpu.Outcome{}, nil).Before),
	)
}

func TestEveryCustomEventArrivesAsItWasMade(t *testing.T) {
	endpoint := &ingestion{}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	i, count := newInsights(t, telemetry.InsightsConfig{ConnectionString: connectionString(server.URL + "/")})
	events := everyEvent()
	for n, e := range events {
		i.Track(traceID, e, happened.Add(time.Duration(n)*time.Second))
	}
	closeInsights(t, i)
	endpoint.wantNoFaults(t)

	_, arrived := endpoint.got()
	if len(arrived) != len(events) {
		t.Fatalf("got %d events, want %d", len(arrived), len(events))
	}
	names := map[string]string{}
	for n, got := range arrived {
		want := events[n]
		if diff := cmp.Diff(want.Properties, got.Data.BaseData.Properties); got.Data.BaseData.Name != want.Name || diff != "" {
			t.Errorf("got event %s, want %s; properties: want -, got +:\n%s", got.Data.BaseData.Name, want.Name, diff)
		}
		if want := happened.Add(time.Duration(n) * time.Second); !got.Time.Equal(want) {
			t.Errorf("%s: got time %v, want %v", want, got.Time, want)
		}
		if got.IKey != instrumentationKey || got.Data.BaseType != "EventData" {
			t.Errorf("%s: got key %q and type %q, want a custom event for %q", want.Name, got.IKey, got.Data.BaseType, instrumentationKey)
		}
		for tag, want := range map[string]string{
			"ai.operation.id": traceID, "ai.cloud.role": "prison-to-probation-update",
			"ai.cloud.roleInstance": "pod-1", "ai.application.ver": "1.2.3",
		} {
			if got.Tags[tag] != want {
				t.Errorf("%s: got %s %q, want %q", got.Name, tag, got.Tags[tag], want)
			}
		}
		if have := len(strings.Fields(names[want.Name])); have < len(want.Properties) {
			names[want.Name] = inOrder(slices.Collect(maps.Keys(got.Data.BaseData.Properties)))
		}
	}
	if diff := cmp.Diff(ordered(promised), names); diff != "" {
		t.Errorf("names and properties: promised -, arrived +:\n%s", diff)
	}
	if sent, dropped := count.read(); sent != len(events) || len(dropped) != 0 {
		t.Errorf("told %d sent and %v dropped, want %d and none", sent, dropped, len(events))
	}
	for _, secret := range []string{"Canaria", "Birdwhistle", "1984-02-29", "29/02/1984", "03/11999M"} {
		if bytes.Contains(endpoint.raw, []byte(secret)) {
			t.Errorf("%s has arrived, want no personal data", secret)
		}
	}
}

// The page is what people write their queries from.
func TestThePageListsTheCustomEvents(t *testing.T) {
	page, err := os.ReadFile("../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	listed := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `P2P") || len(cells) != 5 {
			continue
		}
		names := []string{"bookingId"} // said above the table
		for _, name := range quoted.FindAllStringSubmatch(cells[3], -1) {
			names = append(names, name[1])
		}
		listed[strings.Trim(cells[1], " `")] = inOrder(names)
	}
	if diff := cmp.Diff(ordered(promised), listed); diff != "" {
		t.Errorf("docs/telemetry.md: promised -, listed +:\n%s", diff)
	}
}

func TestTheObserverHandsEventsOnWithTheirTrace(t *testing.T) {
	endpoint := &ingestion{}
	i, _ := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
	o, err := telemetry.NewObserver(telemetry.Config{Log: newLogger(t, &bytes.Buffer{}, "info", "json"), Insights: i})
	if err != nil {
		t.Fatal(err)
	}
	a := attempt(ptpu.ExternalMovementInserted, ptpu.NoLongerMatters(ptpu.MovementNotFound, ptpu.Facts{}), nil)
	ctx, trace := o.Attempting(t.Context(), a.Before)
	before := time.Now().Truncate(time.Microsecond)
	o.Attempted(ctx, a)
	o.Expired(t.Context(), a.Before, a.After) // outside any trace
	closeInsights(t, i)
	_, arrived := endpoint.got()
	if len(arrived) != 3 {
		t.Fatalf("got %d events, want 3", len(arrived))
	}
	for _, got := range arrived[:2] {
		if id := got.Tags["ai.operation.id"]; id != trace.TraceID() || got.Time.Before(before) {
			t.Errorf("%s: got operation %q at %v, want %q from %v on", got.Data.BaseData.Name, id, got.Time, trace.TraceID(), before)
		}
	}
	if id, there := arrived[2].Tags["ai.operation.id"]; there {
		t.Errorf("outside a trace: got operation %q, want none", id)
	}
}

func TestManyEventsGoInFewRequestsAndInOrder(t *testing.T) {
	endpoint := &ingestion{}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	i, _ := newInsights(t, telemetry.InsightsConfig{ConnectionString: connectionString(server.URL)})
	const events = 3000
	for n := range events {
		i.Track(traceID, numbered(n), happened)
	}
	closeInsights(t, i)
	endpoint.wantNoFaults(t)
	if diff := cmp.Diff(upTo(events), endpoint.numbers()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if requests, _ := endpoint.got(); requests > events/500+1 {
		t.Errorf("got %d requests for %d events, want 500 in each", requests, events)
	}
}

func TestNothingIsLostUncountedWhenManyTrackAndOneCloses(t *testing.T) {
	endpoint := &ingestion{}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	i, count := newInsights(t, telemetry.InsightsConfig{ConnectionString: connectionString(server.URL)})
	const writers, each = 8, 500
	var tracking sync.WaitGroup
	half := make(chan struct{}, writers)
	for w := range writers {
		tracking.Go(func() {
			for n := range each {
				i.Track(traceID, numbered(w*each+n), happened)
				if n == each/2 {
					half <- struct{}{}
				}
			}
		})
	}
	<-half
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_ = i.Close(ctx) // whether events came too late is up to the scheduler
	tracking.Wait()
	sent, dropped := count.read()
	if _, arrived := endpoint.got(); len(arrived) != sent {
		t.Errorf("told %d sent, %d arrived", sent, len(arrived))
	}
	if sent+dropped[telemetry.DroppedClosed] != writers*each || sent == 0 {
		t.Errorf("got %d sent and %v dropped, want %d in all", sent, dropped, writers*each)
	}
}

func TestTheCallerMayGoOnWithItsProperties(t *testing.T) {
	endpoint := &ingestion{}
	i, _ := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
	e := numbered(1)
	i.Track(traceID, e, happened)
	e.Properties["n"] = "2"
	closeInsights(t, i)
	if got := endpoint.numbers(); !slices.Equal(got, []int{1}) {
		t.Errorf("got %v, want the event as it was when it was tracked", got)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	for name, reply := range map[string]func(w http.ResponseWriter, r *http.Request, n int, items []item){
		"an endpoint that answers": nil,
		"one that hangs":           func(_ http.ResponseWriter, r *http.Request, _ int, _ []item) { <-r.Context().Done() },
		"one that is over its quota": func(w http.ResponseWriter, _ *http.Request, _ int, _ []item) {
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint, asked := &ingestion{reply: reply}, make(chan struct{}, 1000)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				endpoint.ServeHTTP(w, r)
			}))
			defer server.Close()
			others := goleak.IgnoreCurrent()
			i, count := newInsights(t, telemetry.InsightsConfig{ConnectionString: connectionString(server.URL)})
			for n := range 600 {
				i.Track(traceID, numbered(n), happened)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if reply != nil {
				<-asked
				cancel()
			}
			err := i.Close(ctx)
			sent, dropped := count.read()
			if sent+dropped[telemetry.DroppedClosed] != 600 || (err == nil) != (sent == 600) || (sent > 0) != (reply == nil) {
				t.Errorf("got %d sent, %v dropped and error %v; want 600 in all, and an error when they were lost", sent, dropped, err)
			}
			goleak.VerifyNone(t, others) // while the server is there: no connection either
		})
	}
}

func TestAfterCloseEventsAreDropped(t *testing.T) {
	endpoint := &ingestion{}
	i, count := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
	closeInsights(t, i)
	i.Track(traceID, numbered(0), happened)
	closeInsights(t, i) // a second time: nothing of its own was lost
	if _, dropped := count.read(); dropped[telemetry.DroppedClosed] != 1 {
		t.Errorf("got %v dropped, want one", dropped)
	}
}

func TestInsightsNeedAVersion(t *testing.T) {
	_, err := telemetry.NewInsights(telemetry.InsightsConfig{ConnectionString: connectionString("http://localhost/")})
	if err == nil || !strings.Contains(err.Error(), "Version") {
		t.Errorf("got error %v, want one that asks for a version", err)
	}
}

func ordered(lists map[string]string) map[string]string {
	all := map[string]string{}
	for name, list := range lists {
		all[name] = inOrder(strings.Fields(list))
	}
	return all
}

func inOrder(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " ")
}
