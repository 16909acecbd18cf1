package units_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/aggregator"
	"ptpu/domainevents"
	"ptpu/listener"
	"ptpu/matcher"
	"ptpu/processor"
	"ptpu/store"
	"ptpu/table"
	"ptpu/table/sqlite"
	"ptpu/table/units"
	"ptpu/telemetry"
)

// world is ptpu's own code, from the notice to the domain event, on a counted
// table, with neighbours that answer as theirs do in the usual case.
type world struct {
	t      *testing.T
	table  *stepwise
	store  *store.Store
	nomis  *nomis
	delius *delius

	listening   *listener.Listener
	queue       *queue
	aggregating *aggregator.Aggregator
}

const (
	booking  ptpu.BookingID = 1300101
	holdback                = 15 * time.Minute
)

// play runs a story in a bubble, where waiting takes no time.
func play(t *testing.T, story func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(newWorld(t)) })
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t:     t,
		table: &stepwise{Counted: counted(t, sqlite.Spec{Name: "messages", Indexes: store.Indexes()})},
		nomis: &nomis{}, delius: &delius{}, queue: &queue{},
	}
	var err error
	if w.store, err = store.New(store.Config{Rows: w.table, Version: "2026-11-21.1234.abcdef0"}); err != nil {
		t.Fatal(err)
	}
	observer, err := telemetry.NewObserver(telemetry.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := matcher.New(w.delius, w.delius)
	if err != nil {
		t.Fatal(err)
	}
	processing, err := processor.New(w.nomis, w.delius, chain, nil)
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := domainevents.New(topic{})
	if err != nil {
		t.Fatal(err)
	}
	w.aggregating, err = aggregator.New(aggregator.Config{
		Store: w.store, Processor: processing, Announcer: publisher, Observer: observer, Rhythm: hourly{},
		Owner: "ptpu-7d9c5b6f4-x2x8z-1-ABCDEFGH",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.listening, err = listener.New(listener.Config{
		Queue: w.queue, Store: w.store, Judge: processing, Observer: observer, Holdback: holdback, Concurrency: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// receive has the listener take the notice off the queue, and returns once the
// message it became is ripe.
func (w *world) receive() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.queue.acknowledged = stop
	w.listening.Run(ctx)
	time.Sleep(holdback)
}

// attempt has the aggregator do what is due, and wants it to end in the state.
func (w *world) attempt(want ptpu.State) {
	w.t.Helper()
	if held, err := w.aggregating.Handle(w.t.Context(), booking); held || err != nil {
		w.t.Fatalf("held %t, error %v", held, err)
	}
	counted := w.table.take()
	messages, err := w.store.Messages(w.t.Context(), booking)
	if err != nil || len(messages) != 1 || messages[0].State != want {
		w.t.Fatalf("messages %+v, error %v; want one in state %s", messages, err, want)
	}
	w.table.forget(counted)
}

// again has the next attempt made. What was counted before is forgotten.
func (w *world) again(want ptpu.State) {
	w.t.Helper()
	time.Sleep(time.Hour)
	w.table.take()
	w.attempt(want)
}

// stepwise keeps what each call of the table took, in order.
type stepwise struct {
	*units.Counted
	mu    sync.Mutex
	steps []units.Account
}

var _ table.Table = (*stepwise)(nil)

func (s *stepwise) step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, s.Take())
}

// take returns the steps since the last take.
func (s *stepwise) take() []units.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	steps := s.steps
	s.steps = nil
	return steps
}

// forget leaves nothing of what was counted but these steps.
func (s *stepwise) forget(but []units.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = but
}

func (s *stepwise) Get(ctx context.Context, key table.Key) (table.Item, error) {
	defer s.step()
	return s.Counted.Get(ctx, key)
}

func (s *stepwise) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	defer s.step()
	return s.Counted.Query(ctx, partition, r)
}

func (s *stepwise) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	defer s.step()
	return s.Counted.QueryIndex(ctx, index, partition, r)
}

func (s *stepwise) Write(ctx context.Context, actions ...table.Action) error {
	defer s.step()
	return s.Counted.Write(ctx, actions...)
}

// queue delivers one notice and then nothing.
type queue struct {
	listener.Queue
	acknowledged func()
	delivered    bool
}

// notice is one as SNS delivers it.
const notice = `{"Type":"Notification","MessageId":"ccec47a5-e45b-5cd2-acb8-2f7419ec752d","Message":` +
	`"{\"eventType\":\"IMPRISONMENT_STATUS-CHANGED\",\"eventDatetime\":\"2026-11-20T14:04:24.125533\",\"bookingId\":1300101,` +
	`\"imprisonmentStatusSeq\":0,\"nomisEventType\":\"OFF_IMP_STAT_OASYS\"}"}`

func (q *queue) Receive(ctx context.Context, _ int) ([]listener.Delivery, error) {
	if q.delivered {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	q.delivered = true
	return []listener.Delivery{{Body: notice, Receipt: "receipt", Receives: 1}}, nil
}

func (q *queue) Acknowledge(context.Context, listener.Delivery) error {
	q.acknowledged()
	return nil
}

func (q *queue) MaxReceives() int { return 0 }

type topic struct{}

// Publish takes a moment: a timeline keeps one entry of a message at an instant.
func (topic) Publish(context.Context, string, map[string]string) error {
	time.Sleep(time.Millisecond)
	return nil
}

// hourly is a rhythm.
type hourly struct{}

func (hourly) Next(_ ptpu.Tier, after time.Time) time.Time {
	return after.Truncate(time.Hour).Add(time.Hour)
}
