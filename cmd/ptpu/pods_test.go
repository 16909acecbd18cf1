package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ptpu"
	"ptpu/deadletters"
	"ptpu/enginetest"
	"ptpu/localstack"
	"ptpu/queue"
	queuesqs "ptpu/queue/sqs"
	"ptpu/store"
	topicsns "ptpu/topic/sns"
)

// awsWorld is a world of simulators, and AWS on moto with everything set up
// under names of the test's own.
func awsWorld(t *testing.T, people localstack.People) (*localstack.World, map[string]string) {
	t.Helper()
	endpoint := enginetest.Moto(t)
	world, err := localstack.Open(localstack.Config{People: people})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = world.Close() }) // first: it lets hanging calls go
	name := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	environ := worldSettings(server.URL)
	maps.Copy(environ, map[string]string{
		"PTPU_BACKEND": "aws", "SERVER_PORT": "0",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":         "1s",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY":    "200",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME": "events-" + name,
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME":   "dead-" + name,
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN":        "arn:aws:sns:eu-west-2:123456789012:domain-" + name,
		"DYNAMODB_TABLENAME":                           "messages-" + name,
		"DYNAMODB_SCHEDULE_TABLENAME":                  "locks-" + name,
		"AWS_ENDPOINT_URL":                             endpoint,
		"AWS_ACCESS_KEY_ID":                            "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-2",
	})
	for name, value := range environ {
		if strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // for what runs in this process
		}
	}
	out := &output{}
	if code := run(t.Context(), []string{"setup"}, environ, standard{out: out, err: out}); code != exitOK {
		t.Fatalf("setup: exit code %d\n%s", code, out)
	}
	return world, environ
}

// sendStatuses sends a status event for each booking.
func sendStatuses(t *testing.T, b *backend, people localstack.People) {
	t.Helper()
	for _, p := range people.Bookings {
		body := notice(fmt.Sprintf("status-%d", p.BookingID), fmt.Sprintf(`{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":%d}`, p.BookingID))
		if _, err := b.events.Send(t.Context(), queue.Notice{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

// wantAllCompleted waits until every booking has its one message completed.
func wantAllCompleted(t *testing.T, s *store.Store, people localstack.People) {
	t.Helper()
	left := slices.Clone(people.Bookings)
	eventually(t, "every booking is completed", func() bool {
		left = slices.DeleteFunc(left, func(b localstack.Booking) bool {
			all := messages(t, s, ptpu.BookingID(b.BookingID))
			return len(all) == 1 && all[0].State == ptpu.Completed
		})
		return len(left) == 0
	})
}

// wantNoOverlap looks at what the simulators saw: no person had two writes in
// flight at once.
func wantNoOverlap(t *testing.T, world *localstack.World) {
	t.Helper()
	for person, most := range world.Counts().MostWrites {
		if most > 1 {
			t.Errorf("%s had %d writes in flight at once", person, most)
		}
	}
}

// entriesOf are the entries of a kind on a booking's timeline.
func entriesOf(t *testing.T, s *store.Store, booking int64, kind ptpu.EntryKind) []ptpu.Entry {
	t.Helper()
	entries, err := s.Timeline(t.Context(), ptpu.BookingID(booking))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(entries, func(e ptpu.Entry) bool { return e.Kind != kind })
}

func TestTheMainJobOnAWS(t *testing.T) {
	people := localstack.Generated(3, firstGenerated)
	world, environ := awsWorld(t, people)
	r := &running{t: t, environ: environ, out: &output{}}
	b := r.backend()
	watch := watchTopic(t, environ)
	serving := startChild(t, environ, "serve")
	sendStatuses(t, b, people)
	r.send(notice("status-2000000", `{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":2000000}`), "garbage") // a duplicate, and a dead letter
	wantAllCompleted(t, r.store(), people)
	wantNoOverlap(t, world)
	if n := len(world.Changes()); n != 3*10 {
		t.Errorf("%d changes in Delius, want 30", n)
	}
	events := map[string]queue.Delivery{}
	eventually(t, "three domain events arrive", func() bool {
		for _, d := range arrived(t, watch) {
			events[d.Attributes["eventId"]] = d
		}
		return len(events) == 3
	})
	for id, d := range events {
		if d.Attributes["eventType"] != "probation-case.prison-identifier.added" || ptpu.TraceParent(d.Attributes["traceparent"]).TraceID() == "" {
			t.Errorf("event %s carries %v", id, d.Attributes)
		}
	}
	var dead []queue.Delivery
	eventually(t, "the garbage is a dead letter", func() bool {
		dead = append(dead, arrived(t, b.deadLetters)...)
		return len(dead) > 0
	})
	if d := dead[0]; d.Body != "garbage" || d.Attributes[deadletters.AttributeWhy] == "" || d.Attributes[deadletters.AttributeWhen] == "" {
		t.Errorf("the dead letter is %+v", d)
	}
	if code := serving.interrupt(); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, serving.out)
	}
}

// watchTopic subscribes a queue of the test to the domain events.
func watchTopic(t *testing.T, environ map[string]string) queue.Queue {
	t.Helper()
	clients := clientsOf(enginetest.Config(environ["AWS_ENDPOINT_URL"]))
	name := "watch-" + environ["DYNAMODB_TABLENAME"]
	arn, _, err := queuesqs.Create(t.Context(), clients.sqs, queuesqs.Spec{Name: name, DeadLetters: name + "-dlq", MaxReceives: 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topicsns.Subscribe(t.Context(), clients.sns, environ["HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN"], arn, nil, true); err != nil {
		t.Fatal(err)
	}
	q, err := queuesqs.Open(t.Context(), clients.sqs, name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func arrived(t *testing.T, q queue.Queue) []queue.Delivery {
	t.Helper()
	got, err := q.Receive(t.Context(), queue.MaxBatch, 0, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A dead letter that is put back has a new SQS id; the notice in it has not.
func TestARedriveMakesNoSecondMessage(t *testing.T) {
	people := localstack.Generated(1, firstGenerated)
	world, environ := awsWorld(t, people)
	r := &running{t: t, environ: environ, out: &output{}}
	b, s := r.backend(), r.store()
	startChild(t, environ, "serve")
	sendStatuses(t, b, people)
	wantAllCompleted(t, s, people)
	body := notice("status-2000000", `{"eventType":"IMPRISONMENT_STATUS-CHANGED","bookingId":2000000}`)
	if _, err := b.deadLetters.Send(t.Context(), queue.Notice{Body: body}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dead letter is put back", func() bool {
		dead := arrived(t, b.deadLetters)
		for _, d := range dead {
			if err := b.deadLetters.Move(t.Context(), d, b.events, nil); err != nil {
				t.Fatal(err)
			}
		}
		return len(dead) > 0
	})
	eventually(t, "the event queue is empty", func() bool {
		counts, err := b.events.Counts(t.Context())
		return err == nil && counts.Visible+counts.InFlight == 0
	})
	if n := len(messages(t, s, firstGenerated)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	if n := world.Counts().Of(localstack.CommunityAPI, http.MethodPut, localstack.RouteBookingNumber).Total; n != 1 {
		t.Errorf("%d chains, want 1", n)
	}
}

// Two processes share the work; one is killed in the middle.
func TestTwoProcessesShareTheWorkAndOneIsKilled(t *testing.T) {
	people := localstack.Generated(100, firstGenerated)
	world, environ := awsWorld(t, people)
	if err := world.Misbehave(localstack.Fault{Upstream: localstack.CommunityAPI, Latency: localstack.Delay(20 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, environ: environ, out: &output{}}
	s := r.store()
	first, second := startChild(t, environ, "serve"), startChild(t, environ, "serve")
	first.says(`"msg":"ready"`)
	second.says(`"msg":"ready"`)
	sendStatuses(t, r.backend(), people)
	eventually(t, "both have completed something and half is done", func() bool {
		a, b := strings.Count(first.out.String(), `"state":"COMPLETED"`), strings.Count(second.out.String(), `"state":"COMPLETED"`)
		return a > 0 && b > 0 && a+b >= 40
	})
	first.kill()
	killed := time.Now()
	wantAllCompleted(t, s, people)
	wantNoOverlap(t, world)
	cut := 0
	var latest time.Duration
	for _, b := range people.Bookings {
		cutOff := entriesOf(t, s, b.BookingID, ptpu.EntryCutOff)
		for _, e := range cutOff {
			latest = max(latest, e.At.Sub(killed))
		}
		cut += len(cutOff)
		if done := entriesOf(t, s, b.BookingID, ptpu.EntryAttempt); len(done) != 1 || len(cutOff) > 1 {
			t.Errorf("booking %d: %d attempts settled, %d cut off", b.BookingID, len(done), len(cutOff))
		}
	}
	// Far beyond the 7.2 seconds that tick, claim and two more make: the figure
	// is for people, the limit only catches what is broken on any machine.
	if latest > 30*time.Second {
		t.Errorf("the last of %d was taken over %s after the kill", cut, latest)
	}
	t.Logf("100 bookings, %d attempts cut off by the kill, the last taken over after %s", cut, latest.Round(time.Millisecond))
}

// A process is stopped for longer than its claims last while it has work in
// hand, another finishes that work, and the first goes on: it may not write.
func TestAStoppedProcessWritesNothingWhenItGoesOn(t *testing.T) {
	people := localstack.Generated(4, firstGenerated)
	world, environ := awsWorld(t, people)
	// Each write takes so long that the process is stopped in the middle of one.
	if err := world.Misbehave(localstack.Fault{Upstream: localstack.CommunityAPI, Method: http.MethodPut, Latency: localstack.Delay(700 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, environ: environ, out: &output{}}
	s := r.store()
	stopped := startChild(t, environ, "serve")
	stopped.says(`"msg":"ready"`)
	sendStatuses(t, r.backend(), people)
	eventually(t, "a write of each booking is under way", func() bool {
		return world.Counts().Of(localstack.CommunityAPI, http.MethodPut, localstack.RouteSetNomsNumber).Total >= len(people.Bookings)
	})
	tell(t, stopped, syscall.SIGSTOP)
	other := startChild(t, environ, "serve")
	wantAllCompleted(t, s, people)
	before := len(world.Writes())
	said := stopped.out.String()
	tell(t, stopped, syscall.SIGCONT)
	// It has gone on once it says so of each booking that it lost, or stops.
	if code := stopped.interrupt(); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, stopped.out)
	}
	other.interrupt()
	if after := len(world.Writes()); after > before {
		t.Errorf("%d writes were sent by the process that went on: %+v", after-before, world.Writes()[before:])
	}
	if more := strings.TrimPrefix(stopped.out.String(), said); strings.Contains(more, `"msg":"attempt"`) {
		t.Errorf("the process that went on settled an attempt:\n%s", more)
	}
	for _, b := range people.Bookings {
		if n := len(entriesOf(t, s, b.BookingID, ptpu.EntryAttempt)); n != 1 {
			t.Errorf("booking %d: %d attempts settled, want the other's one", b.BookingID, n)
		}
	}
	wantNoOverlapBut(t, world, 2)
}

// wantNoOverlapBut allows for the one request that was in flight at the stop.
func wantNoOverlapBut(t *testing.T, world *localstack.World, allowed int) {
	t.Helper()
	for person, most := range world.Counts().MostWrites {
		if most > allowed {
			t.Errorf("%s had %d writes in flight at once, want at most %d", person, most, allowed)
		}
	}
}

func tell(t *testing.T, c *child, s syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Two sets of workers in one process, as two pods on one store.
func TestTwoWorkerSetsShareTwoThousandEvents(t *testing.T) {
	people := localstack.Generated(2000, firstGenerated)
	world, err := localstack.Open(localstack.Config{People: people})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	server := httptest.NewServer(world.Handler())
	defer server.Close()
	environ := worldSettings(server.URL)
	maps.Copy(environ, map[string]string{
		"PTPU_DATA_DIR": t.TempDir(), "PRISONTOPROBATION_HOLD_BACK_DURATION": "100ms", "PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY": "100",
	})
	s, err := readSettings(environ)
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBackend(t.Context(), s, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.close() }()
	ctx, stop := context.WithCancel(t.Context())
	var pods sync.WaitGroup
	defer pods.Wait()
	defer stop()
	outs := [2]*output{{}, {}}
	for _, out := range outs {
		o, err := observe(t.Context(), s, nil, out)
		if err != nil {
			t.Fatal(err)
		}
		apis, err := newUpstreams(s, version, o)
		if err != nil {
			t.Fatal(err)
		}
		pod, err := newService(s, b, apis, o.observer, o)
		if err != nil {
			t.Fatal(err)
		}
		pods.Go(func() { pod.run(ctx) })
	}
	sendStatuses(t, b, people)
	rows, err := store.New(store.Config{Rows: b.rows})
	if err != nil {
		t.Fatal(err)
	}
	wantAllCompleted(t, rows, people)
	wantNoOverlap(t, world)
	if n := len(world.Writes()); n != 4*2000 {
		t.Errorf("%d writes to Delius, want 8000", n)
	}
	for i, out := range outs {
		if n := strings.Count(out.String(), `"state":"COMPLETED"`); n < 200 {
			t.Errorf("pod %d completed %d of 2000, want a share", i+1, n)
		}
	}
}
