package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"ptpu"
	"ptpu/localstack"
	"ptpu/queue"
	"ptpu/store"
)

// running is the whole service on a data folder of its own, against simulated
// upstreams over real HTTP.
type running struct {
	t       *testing.T
	world   *localstack.World
	environ map[string]string
	out     *output
	stop    func() int // stops the service and returns its exit code
}

// output is a writer that can be read while it is written to.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps the text.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// serveWorld runs the service for the people. more settings win over those of
// the test.
func serveWorld(t *testing.T, people localstack.People, more map[string]string) *running {
	t.Helper()
	world, err := localstack.Open(localstack.Config{People: people})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = world.Close() }) // first: it lets hanging calls go
	r := &running{t: t, world: world, environ: worldSettings(server.URL), out: &output{}}
	for name, value := range map[string]string{
		"SERVER_PORT": "0", "PTPU_DATA_DIR": t.TempDir(), "PTPU_LOG_LEVEL": "debug",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":      "1s",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY": "50",
	} {
		r.environ[name] = value
	}
	for name, value := range more {
		r.environ[name] = value
	}
	r.start()
	return r
}

// start starts the service; it is stopped with the test at the latest.
func (r *running) start() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"serve"}, r.environ, standard{out: r.out, err: r.out}) }()
	r.stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	r.t.Cleanup(func() { r.stop() })
}

// backend opens the data folder beside the service, as a short writer does.
func (r *running) backend() *backend {
	r.t.Helper()
	s, err := readSettings(r.environ)
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := openBackend(r.t.Context(), s, false)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = b.close() })
	return b
}

// store reads the data folder beside the service.
func (r *running) store() *store.Store {
	r.t.Helper()
	s, err := store.New(store.Config{Rows: r.backend().rows})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *running) send(bodies ...string) {
	r.t.Helper()
	b := r.backend()
	for _, body := range bodies {
		if _, err := b.events.Send(r.t.Context(), queue.Notice{Body: body}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// messages are the messages of a booking, all of them.
func messages(t *testing.T, s *store.Store, booking ptpu.BookingID) []ptpu.Message {
	t.Helper()
	all, err := s.Messages(t.Context(), booking)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// eventually waits until the condition holds. The limit is far beyond what any
// machine needs; it only ends a test that would hang.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-limit:
			t.Fatalf("it never came to this: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// notice is an SNS envelope around an event.
func notice(id, payload string) string {
	return fmt.Sprintf(`{"Type":"Notification","MessageId":%q,"Message":%q}`, id, payload)
}
