package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ptpu"
	"ptpu/domainevents"
	"ptpu/localstack"
	"ptpu/queue"
	"ptpu/store"
)

// The stream that is killed, and how often.
const (
	killedEvents = 2000
	kills        = 20
)

// The process is killed again and again under a stream of events, while the
// upstreams live on in a process of their own and keep the ledger. Nothing may
// be lost, and nothing written twice but what an attempt that was cut off had
// under way.
func TestKilledAgainAndAgainNothingIsLostOrDoneTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes for half a minute")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	url := simulators(t, killedEvents)
	r := &running{t: t, environ: worldSettings(url), out: &output{}}
	for name, value := range map[string]string{
		"SERVER_PORT": "0", "PTPU_DATA_DIR": t.TempDir(), "PTPU_LOG_LEVEL": "error",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":      "500ms",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY": "100",
	} {
		r.environ[name] = value
	}
	sent := make(chan error, 1)
	sender := r.backend()
	go func() { sent <- sendStream(sender) }()

	for kill := range kills {
		victim := startChild(t, r.environ, "serve")
		// Somewhere in this kill's share of the whole, at a random write.
		target := killedEvents * 4 * (kill + 1) / (kills + 1)
		target += random.IntN(killedEvents / kills)
		// No life is so long that it takes over what the last one had in hand: a
		// message that is in hand at three kills in a row is poison, rightly.
		long := time.After(ptpu.ClaimLength * 4 / 5)
		eventually(t, fmt.Sprintf("%d writes", target), func() bool {
			select {
			case <-long:
				return true
			default:
				return deliusWrites(t, url) >= target
			}
		})
		victim.kill()
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	last := startChild(t, r.environ, "serve")
	s, b := r.store(), r.backend()
	unfinished := make([]int, killedEvents)
	for i := range unfinished {
		unfinished[i] = i
	}
	t.Cleanup(func() {
		if t.Failed() {
			tellUnfinished(t, s, b, unfinished)
		}
	})
	eventually(t, "every message is completed and every event published", func() bool {
		unfinished = slices.DeleteFunc(unfinished, func(i int) bool {
			all := messages(t, s, firstGenerated+ptpu.BookingID(i))
			return len(all) == 1 && all[0].State == ptpu.Completed
		})
		return len(unfinished) == 0 && len(publishedEvents(t, b)) == killedEvents
	})
	if code := last.interrupt(); code != exitOK {
		t.Errorf("exit code %d after the interrupt:\n%s", code, last.out)
	}

	cutOffs := wantWritesOnce(t, r, url)
	wantChangesOnce(t, url)
	t.Logf("%d events, %d kills, %d attempts cut off; nothing lost, nothing changed twice, in %d bookings (rate below %.2g at 95 %%)",
		killedEvents, kills, cutOffs, killedEvents, 3.0/killedEvents)
}

// tellUnfinished says what is left, so that a failure can be understood.
func tellUnfinished(t *testing.T, s *store.Store, b *backend, unfinished []int) {
	t.Helper()
	counts, err := b.events.Counts(context.Background())
	t.Logf("%d unfinished; queue %+v, %v; %d events published", len(unfinished), counts, err, len(publishedEvents(t, b)))
	for _, i := range unfinished[:min(len(unfinished), 5)] {
		waiting, err := s.Waiting(context.Background(), firstGenerated+ptpu.BookingID(i))
		t.Logf("%+v, %v", waiting, err)
	}
}

// sendStream puts the events on the queue as `ptpu send` would, beside whatever
// process is alive.
func sendStream(b *backend) error {
	for i := range killedEvents {
		payload := fmt.Sprintf(`{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":%d,"imprisonmentStatusSeq":0}`, firstGenerated+i)
		if _, err := b.events.Send(context.Background(), queue.Notice{Body: notice("notice-"+strconv.Itoa(i), payload)}); err != nil {
			return err
		}
	}
	return nil
}

// deliusWrites is how many writes Delius was asked for.
func deliusWrites(t *testing.T, url string) int {
	t.Helper()
	var counts localstack.Counts
	ask(t, url+"/control/counts", &counts)
	n := 0
	for _, route := range counts.Routes {
		if route.Upstream == localstack.CommunityAPI && route.Method != http.MethodGet {
			n += route.Total
		}
	}
	return n
}

// publishedEvents counts the domain events by id.
func publishedEvents(t *testing.T, b *backend) map[string]int {
	t.Helper()
	published, err := b.published.Published(context.WithoutCancel(t.Context()), 0, 10*killedEvents)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, p := range published {
		var event domainevents.Event
		if err := json.Unmarshal([]byte(p.Body), &event); err != nil || event.EventType != domainevents.IdentifierAdded {
			t.Fatalf("published %s: %v", p.Body, err)
		}
		times[p.Attributes["eventId"]]++
	}
	return times
}

// wantWritesOnce compares the simulators' ledger with the timelines: a write is
// repeated at most once for each attempt of its booking that was cut off. It
// returns how many attempts were.
func wantWritesOnce(t *testing.T, r *running, url string) (cutOffs int) {
	t.Helper()
	var writes []localstack.Write
	ask(t, url+"/control/writes", &writes)
	type effect struct {
		booking int64
		what    string
	}
	times := map[effect]int{}
	for _, w := range writes {
		times[effect{w.BookingID, w.Method + " " + w.Route}]++
	}
	s := r.store()
	for i := range killedEvents {
		booking := int64(firstGenerated + i)
		entries, err := s.Timeline(t.Context(), ptpu.BookingID(booking))
		if err != nil {
			t.Fatal(err)
		}
		cut := 0
		for _, e := range entries {
			if e.Kind == ptpu.EntryCutOff {
				cut++
			}
		}
		cutOffs += cut
		for _, route := range []string{
			"PUT " + localstack.RouteSetNomsNumber, "PUT " + localstack.RouteBookingNumber,
			"PUT " + localstack.RouteCustody, "POST " + localstack.RouteKeyDates,
		} {
			if n := times[effect{booking, route}]; n < 1 || n > 1+cut {
				t.Errorf("booking %d: %s was sent %d times; %d attempts were cut off", booking, route, n, cut)
			}
		}
	}
	return cutOffs
}

// wantChangesOnce looks at what changed: each field of each person once.
func wantChangesOnce(t *testing.T, url string) {
	t.Helper()
	var changes []localstack.Change
	ask(t, url+"/control/changes", &changes)
	times := map[string]int{}
	for _, c := range changes {
		times[c.CRN+" "+c.Field]++
	}
	for what, n := range times {
		if n != 1 {
			t.Errorf("%s changed %d times", what, n)
		}
	}
	if want := killedEvents * 10; len(changes) != want {
		t.Errorf("%d changes in Delius, want %d", len(changes), want)
	}
	var counts localstack.Counts
	ask(t, url+"/control/counts", &counts)
	for person, most := range counts.MostWrites {
		if most > 1 {
			t.Errorf("%s had %d writes in flight at once", person, most)
		}
	}
}

// Ctrl-C in the middle, then the same folder again: it carries on, and what was
// completed is not done again.
func TestLocalStartedAgainCarriesOnAndRepeatsNothing(t *testing.T) {
	environ := map[string]string{"PTPU_DATA_DIR": t.TempDir(), "SERVER_PORT": "0", "PRISONTOPROBATION_HOLD_BACK_DURATION": "1s"}
	first := startChild(t, environ, "local")
	first.says("COMPLETED")
	if code := first.interrupt(); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, first.out)
	}
	second := startChild(t, environ, "local")
	second.says("1300105   SENTENCE_DATES-CHANGED") // a sample from the middle of the stream
	if code := second.interrupt(); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, second.out)
	}
	both := first.out.String() + second.out.String()
	completed := map[string]int{}
	for line := range strings.Lines(both) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[3] == string(ptpu.Completed) {
			completed[fields[1]+" "+fields[2]]++
		}
	}
	if len(completed) < 2 {
		t.Errorf("completed: %v", completed)
	}
	for message, n := range completed {
		if n != 1 {
			t.Errorf("%s was completed %d times", message, n)
		}
	}
}
