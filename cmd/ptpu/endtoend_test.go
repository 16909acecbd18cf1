package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ptpu"
	"ptpu/deadletters"
	"ptpu/localstack"
)

// Every sample through the whole of it: each promise of the samples is kept, and
// between them they show every state that a first attempt can reach.
func TestOnceShowsEveryOutcomeAndNoPersonalData(t *testing.T) {
	out, logs := &output{}, &output{}
	code := run(t.Context(), []string{"local", "--once", "--json"},
		map[string]string{"PTPU_LOG_LEVEL": "debug", "PTPU_LOG_FORMAT": "json"}, standard{out: out, err: logs})
	if code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, logs)
	}
	var rows []row
	if err := json.Unmarshal([]byte(out.String()), &rows); err != nil {
		t.Fatal(err)
	}
	states := map[string]bool{}
	for _, r := range rows {
		states[r.State] = true
	}
	for _, want := range []ptpu.State{
		ptpu.Completed, ptpu.NoMatch, ptpu.NoMatchWithSentenceDate, ptpu.TooManyMatches, ptpu.BookingNumberNotAssigned,
		ptpu.LocationNotUpdated, ptpu.KeyDatesNotUpdated, ptpu.NoLongerValid, ptpu.Failed, ptpu.Superseded, ptpu.Expired,
		"IGNORED", "DEAD_LETTER",
	} {
		if !states[string(want)] {
			t.Errorf("no sample shows %s", want)
		}
	}
	wantNoPersonalData(t, out.String()+logs.String())
}

// wantNoPersonalData looks for every name and date of birth of everybody.
func wantNoPersonalData(t *testing.T, printed string) {
	t.Helper()
	if !strings.Contains(printed, "1300101") {
		t.Fatal("nothing was printed about booking 1300101, so that nothing is proven")
	}
	lower := strings.ToLower(printed)
	secrets := map[string]bool{}
	people := localstack.Invented()
	for _, b := range people.Bookings {
		secrets[b.FirstName], secrets[b.LastName], secrets[string(b.DateOfBirth)] = true, true, true
		secrets[b.PNC], secrets[b.CRO] = true, true
	}
	for _, o := range people.Offenders {
		secrets[o.FirstName], secrets[o.Surname], secrets[string(o.DateOfBirth)] = true, true, true
	}
	secrets["ptpu-secret"] = true
	for secret := range secrets {
		if secret == "" {
			continue
		}
		if found, _ := regexp.MatchString(`(?i)\b`+regexp.QuoteMeta(strings.ToLower(secret))+`\b`, lower); found {
			t.Errorf("%q was printed", secret)
		}
	}
	if found := regexp.MustCompile(`eyJ[\w-]+\.[\w-]+`).FindString(printed); found != "" {
		t.Error("a token was printed")
	}
}

func TestAHundredDeliveriesMakeOneMessageAndOneChain(t *testing.T) {
	people := localstack.Generated(1, 2_000_000)
	r := serveWorld(t, people, nil)
	body := notice("the-one", `{"eventType":"IMPRISONMENT_STATUS-CHANGED","eventDatetime":"2026-11-20T14:04:24","bookingId":2000000,"imprisonmentStatusSeq":0}`)
	r.send(slices.Repeat([]string{body}, 100)...)
	s := r.store()
	b := r.backend()
	eventually(t, "the queue is empty and the message completed", func() bool {
		all := messages(t, s, 2_000_000)
		counts, err := b.events.Counts(t.Context())
		return err == nil && counts.Visible+counts.InFlight+counts.Delayed == 0 && len(all) > 0 && all[0].State == ptpu.Completed
	})
	if n := len(messages(t, s, 2_000_000)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	counts := r.world.Counts()
	for _, route := range []struct{ method, route string }{
		{http.MethodPut, localstack.RouteSetNomsNumber},
		{http.MethodPut, localstack.RouteBookingNumber},
		{http.MethodPut, localstack.RouteCustody},
		{http.MethodPost, localstack.RouteKeyDates},
	} {
		if n := counts.Of(localstack.CommunityAPI, route.method, route.route).Total; n != 1 {
			t.Errorf("%s %s was called %d times, want once", route.method, route.route, n)
		}
	}
}

// Three movements in each of their orders, each processed before the next
// arrives: Delius ends where the newest took the prisoner.
func TestAnyOrderOfMovementsEndsAtTheNewest(t *testing.T) {
	orders := [][]int{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}
	people := localstack.Generated(len(orders), 2_000_000)
	for i := range people.Bookings {
		b, o := &people.Bookings[i], &people.Offenders[i]
		b.AgencyID = "WWI"
		for seq, to := range []string{"MDI", "LEI", "WWI"} {
			b.Movements = append(b.Movements, localstack.Movement{Sequence: int64(seq + 1), FromAgency: "OUT", ToAgency: to, MovementType: "ADM", DirectionCode: "IN"})
		}
		o.NomsNumber = b.OffenderNo
		o.Events[0].Custody.BookingNumber = b.BookingNo
	}
	r := serveWorld(t, people, map[string]string{"PRISONTOPROBATION_HOLD_BACK_DURATION": "0s"})
	s := r.store()
	for i, order := range orders {
		booking := people.Bookings[i].BookingID
		for n, seq := range order {
			r.send(notice(fmt.Sprintf("%d-%d", booking, seq), fmt.Sprintf(`{"eventType":"EXTERNAL_MOVEMENT_RECORD-INSERTED","bookingId":%d,"movementSeq":%d}`, booking, seq)))
			eventually(t, "the movement is processed", func() bool {
				all := messages(t, s, ptpu.BookingID(booking))
				return len(all) == n+1 && !slices.ContainsFunc(all, ptpu.Message.Open)
			})
		}
	}
	for i, o := range r.world.People().Offenders {
		if prison := o.Events[0].Custody.Institution; prison != "WWI" {
			t.Errorf("after movements %v Delius says %s", orders[i], prison)
		}
	}
}

// Whatever arrives, the process lives and a good notice behind it goes through.
func TestNothingThatArrivesStopsTheProcess(t *testing.T) {
	r := serveWorld(t, localstack.Invented(), map[string]string{"PRISONTOPROBATION_ONLY_PRISONS": localstack.InterestedPrisons})
	r.send(
		"garbage", "{}", "[]", "null", `"text"`, strings.Repeat("x", 300*1024),
		notice("a", "garbage"), notice("b", `{"eventType":"SOME_OTHER-EVENT"}`),
		notice("c", `{"eventType":"SENTENCE_DATES-CHANGED","bookingId":-5}`),
		notice("d", `{"eventType":"EXTERNAL_MOVEMENT_RECORD-INSERTED","bookingId":1300183,"movementSeq":9}`),
		notice("e", `{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":1300102}`),
	)
	s, b := r.store(), r.backend()
	eventually(t, "the good notice is completed", func() bool {
		all := messages(t, s, 1300102)
		return len(all) == 1 && all[0].State == ptpu.Completed
	})
	eventually(t, "the bad ones are dead letters", func() bool {
		counts, err := b.deadLetters.Counts(t.Context())
		return err == nil && counts.Visible == 8
	})
	dead, err := b.deadLetters.Receive(t.Context(), 10, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dead {
		if d.Attributes[deadletters.AttributeWhy] == "" || d.Attributes[deadletters.AttributeWhen] == "" {
			t.Errorf("dead letter %.40q says neither why nor when: %v", d.Body, d.Attributes)
		}
	}
	if entries, err := s.Timeline(t.Context(), 1300183); err != nil || len(entries) != 1 || entries[0].Reason != ptpu.MovementNotFound {
		t.Errorf("the movement that does not exist left %+v, %v", entries, err)
	}
	if code := r.stop(); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, r.out)
	}
}
