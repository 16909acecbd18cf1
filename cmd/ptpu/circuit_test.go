package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ptpu"
	"ptpu/localstack"
)

// pings counts the requests that only ask whether an upstream is there.
func pings(requests []localstack.Request, of localstack.Upstream) (pings, others int) {
	for _, r := range requests {
		switch {
		case r.Upstream != of:
		case strings.HasSuffix(r.Route, "/health/ping"):
			pings++
		default:
			others++
		}
	}
	return pings, others
}

// While prison-api is down nothing is received: a notice that could only be
// handed back would come nearer to the dead letters each time.
func TestAnOutageOfNOMISPutsNothingOnTheDeadLetters(t *testing.T) {
	t.Parallel()
	const events = 60
	people := localstack.Generated(events, 1400000)
	r := serveWorld(t, people, nil)
	if err := r.world.Misbehave(localstack.Fault{Upstream: localstack.PrisonAPI, Effect: localstack.Answer, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, b := range people.Bookings {
		bodies = append(bodies, notice(fmt.Sprintf("n%d", b.BookingID), fmt.Sprintf(`{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":%d}`, b.BookingID)))
	}
	r.send(bodies...)
	eventually(t, "the circuit opens", func() bool {
		return strings.Contains(r.out.String(), `"msg":"circuit","upstream":"prison-api","state":"open"`)
	})
	scraped := func() string { _, body := r.get("/prometheus", ""); return body }
	if !strings.Contains(scraped(), `ptpu_upstream_circuit_state{state="open",upstream="prison-api"} 1`) {
		t.Error("the metrics do not show the open circuit")
	}
	// Counted over five pings: so many go out in five seconds, and nothing else.
	before, calls := pings(r.world.Requests(), localstack.PrisonAPI)
	eventually(t, "five pings more", func() bool {
		now, _ := pings(r.world.Requests(), localstack.PrisonAPI)
		return now >= before+5
	})
	if _, now := pings(r.world.Requests(), localstack.PrisonAPI); now > calls+events/2 {
		t.Errorf("%d calls while the circuit was open, want none but those under way", now-calls)
	}
	r.world.Behave()
	s := r.store()
	for _, b := range people.Bookings {
		eventually(t, fmt.Sprintf("booking %d is carried out", b.BookingID), func() bool {
			all := messages(t, s, ptpu.BookingID(b.BookingID))
			return len(all) == 1 && all[0].State == ptpu.Completed
		})
	}
	counts, err := r.backend().deadLetters.Counts(t.Context())
	if err != nil || counts.Visible+counts.InFlight > 0 {
		t.Errorf("dead letters: %+v, error %v, want none", counts, err)
	}
}

// While Delius is down no attempt is begun and none is counted.
func TestAnOutageOfDeliusCountsNoAttempt(t *testing.T) {
	t.Parallel()
	const events = 40
	people := localstack.Generated(events, 1500000)
	r := serveWorld(t, people, nil)
	if err := r.world.Misbehave(localstack.Fault{Upstream: localstack.CommunityAPI, Effect: localstack.Answer, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, b := range people.Bookings {
		bodies = append(bodies, notice(fmt.Sprintf("n%d", b.BookingID), fmt.Sprintf(`{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":%d}`, b.BookingID)))
	}
	r.send(bodies...)
	eventually(t, "the circuit opens", func() bool { return strings.Contains(r.out.String(), `"upstream":"community-api","state":"open"`) })
	s := r.store()
	before, _ := pings(r.world.Requests(), localstack.CommunityAPI)
	eventually(t, "five pings more", func() bool {
		now, _ := pings(r.world.Requests(), localstack.CommunityAPI)
		return now >= before+5
	})
	untouched := 0
	for _, b := range people.Bookings {
		for _, m := range messages(t, s, ptpu.BookingID(b.BookingID)) {
			if m.Retries != 0 {
				t.Errorf("booking %d: the outage counted %d retries", b.BookingID, m.Retries)
			}
			if m.Attempts == 0 {
				untouched++
			}
		}
	}
	if untouched == 0 {
		t.Error("every message was attempted during the outage, want those not begun to wait")
	}
	r.world.Behave()
	eventually(t, "what was not begun is carried out", func() bool {
		completed := 0
		for _, b := range people.Bookings {
			if all := messages(t, s, ptpu.BookingID(b.BookingID)); len(all) == 1 && all[0].State == ptpu.Completed {
				completed++
			}
		}
		return completed >= untouched
	})
}
