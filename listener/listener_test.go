package listener_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/listener"
)

// fakeQueue holds deliveries and remembers what was done with each.
type fakeQueue struct {
	mu          sync.Mutex
	waiting     []listener.Delivery
	done        map[string]string // what was done, by receipt
	maxReceives int
	err         error // of Receive
	carryOut    error // of everything else
	asked       []int
}

func (q *fakeQueue) Receive(ctx context.Context, limit int) ([]listener.Delivery, error) {
	q.mu.Lock()
	q.asked = append(q.asked, limit)
	if q.err != nil {
		defer q.mu.Unlock()
		return nil, q.err
	}
	n := min(limit, len(q.waiting))
	got := q.waiting[:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()
	if n == 0 {
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
	return got, nil
}

func (q *fakeQueue) do(d listener.Delivery, format string, args ...any) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.carryOut != nil {
		return q.carryOut
	}
	q.done[d.Receipt] += fmt.Sprintf(format, args...)
	return nil
}

func (q *fakeQueue) Keep(_ context.Context, d listener.Delivery) error {
	return q.do(d, "kept, ")
}

func (q *fakeQueue) Acknowledge(_ context.Context, d listener.Delivery) error {
	return q.do(d, "acknowledged")
}

func (q *fakeQueue) HandBack(_ context.Context, d listener.Delivery, delay time.Duration) error {
	return q.do(d, "back in %s", delay)
}

func (q *fakeQueue) DeadLetter(_ context.Context, d listener.Delivery, why string) error {
	return q.do(d, "dead: %s", why)
}
func (q *fakeQueue) MaxReceives() int { return q.maxReceives }

func (q *fakeQueue) fate(receipt string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.done[receipt]
}

type fakeStore struct {
	mu       sync.Mutex
	messages map[ptpu.MessageID]ptpu.Message
	entries  []ptpu.Entry
	err      error
	// added is called while a message is being stored.
	added func()
}

func (s *fakeStore) Has(_ context.Context, _ ptpu.BookingID, id ptpu.MessageID) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.messages[id]
	return ok, nil
}

func (s *fakeStore) Add(_ context.Context, m ptpu.Message, e ptpu.Entry) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false, s.err
	}
	if s.added != nil {
		s.added()
	}
	if _, ok := s.messages[m.ID]; ok {
		return false, nil
	}
	s.messages[m.ID] = m
	s.entries = append(s.entries, e)
	return true, nil
}

func (s *fakeStore) Record(_ context.Context, e ptpu.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.entries = append(s.entries, e)
	return nil
}

// judge answers as it is told and counts the questions.
type judge struct {
	mu    sync.Mutex
	asked int
	says  func(ctx context.Context, p ptpu.Payload) (ptpu.Verdict, error)
}

func (j *judge) Matters(ctx context.Context, p ptpu.Payload) (ptpu.Verdict, error) {
	j.mu.Lock()
	j.asked++
	j.mu.Unlock()
	if j.says == nil {
		return ptpu.Verdict{Booking: ptpu.Booking{ID: p.BookingID, OffenderNo: "A1111BC", Agency: "MDI"}}, nil
	}
	return j.says(ctx, p)
}

type fakeObserver struct {
	mu       sync.Mutex
	rulings  []ptpu.Ruling
	stumbles []error
	came     []ptpu.TraceParent
}

func (o *fakeObserver) Receiving(ctx context.Context, came ptpu.TraceParent) (context.Context, ptpu.TraceParent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.came = append(o.came, came)
	return ctx, trace
}

// trace is that of every notice.
const (
	trace   = ptpu.TraceParent("00-" + traceID + "-00f067aa0ba902b7-01")
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
)

func (o *fakeObserver) Ruled(_ context.Context, r ptpu.Ruling) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rulings = append(o.rulings, r)
}

func (o *fakeObserver) Stumbled(_ context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stumbles = append(o.stumbles, err)
}

type world struct {
	queue    *fakeQueue
	store    *fakeStore
	judge    *judge
	observer *fakeObserver
	held     atomic.Bool // nothing is to be received
}

func worldOf(deliveries ...listener.Delivery) *world {
	for i := range deliveries {
		if deliveries[i].Receipt == "" {
			deliveries[i].Receipt = fmt.Sprintf("r%d", i+1)
		}
		deliveries[i].Receives = max(deliveries[i].Receives, 1)
	}
	return &world{
		queue:    &fakeQueue{waiting: deliveries, done: map[string]string{}, maxReceives: 10},
		store:    &fakeStore{messages: map[ptpu.MessageID]ptpu.Message{}},
		judge:    &judge{},
		observer: &fakeObserver{},
	}
}

// run listens until everything that waits has been dealt with.
func (w *world) run(t *testing.T) {
	t.Helper()
	stop := w.start(t)
	time.Sleep(time.Second)
	synctest.Wait()
	stop()
}

// start listens until the function that it returns is called.
func (w *world) start(t *testing.T) (stop func()) {
	t.Helper()
	l, err := listener.New(listener.Config{
		Queue: w.queue, Store: w.store, Judge: w.judge, Observer: w.observer,
		Holdback: 15 * time.Minute, Concurrency: 16, Grace: 10 * time.Second, Hold: w.held.Load,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.Run(ctx)
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// delivered is a sample notice as the queue gives it.
func delivered(t *testing.T, name string) listener.Delivery {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "testdata", "notices", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return listener.Delivery{Body: string(body)}
}

func TestANoticeThatMattersIsStoredAndThenAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "imprisonment-status-changed"))
		w.store.added = func() {
			if fate := w.queue.fate("r1"); fate != "" {
				t.Errorf("%s before it was stored", fate)
			}
		}
		received := time.Now()
		w.run(t)
		m, ok := w.store.messages["ccec47a5-e45b-5cd2-acb8-2f7419ec752d"]
		if !ok || m.BookingID != 1300101 || m.OffenderNo != "A1111BC" || m.State != ptpu.Validated || !m.Due.Equal(received.Add(15*time.Minute)) {
			t.Errorf("stored %t: %+v", ok, m)
		}
		if !strings.HasPrefix(m.Payload, `{"eventType":"IMPRISONMENT_STATUS-CHANGED"`) {
			t.Errorf("the raw payload is %s", m.Payload)
		}
		if fate := w.queue.fate("r1"); fate != "acknowledged" {
			t.Errorf("the notice is %q", fate)
		}
		if e := w.store.entries[0]; e.Kind != ptpu.EntryStored || e.MessageID != m.ID || e.TraceID != traceID {
			t.Errorf("the entry is %+v", e)
		}
		if r := w.observer.rulings[0]; r.Decision != ptpu.Stored || r.ID != m.ID || r.Receives != 1 {
			t.Errorf("the ruling is %+v", r)
		}
	})
}

func TestEverySampleNoticeIsUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join("..", "testdata", "notices", "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			w := worldOf(delivered(t, strings.TrimSuffix(filepath.Base(file), ".json")))
			w.run(t)
			want := ptpu.Stored
			if strings.Contains(file, "some-other-event") {
				want = ptpu.Ignored
			}
			if r := w.observer.rulings; len(r) != 1 || r[0].Decision != want || r[0].ID == "" {
				t.Errorf("%s: %+v, want %s", filepath.Base(file), r, want)
			}
		}
	})
}

func TestAHundredDeliveriesOfOneNoticeAreOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(slices.Repeat([]listener.Delivery{delivered(t, "sentence-dates-changed")}, 100)...)
		w.run(t)
		if len(w.store.messages) != 1 || len(w.store.entries) != 1 || len(w.queue.done) != 100 {
			t.Errorf("%d messages, %d entries, %d of 100 dealt with", len(w.store.messages), len(w.store.entries), len(w.queue.done))
		}
		for receipt, fate := range w.queue.done {
			if fate != "acknowledged" {
				t.Errorf("%s is %q", receipt, fate)
			}
		}
		if w.judge.asked > 16 {
			t.Errorf("judged %d times; only those in hand together may be", w.judge.asked)
		}
	})
}

func TestARawNoticeIsKnownByItsContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := `{"eventType":"SENTENCE_DATES-CHANGED","bookingId":12}`
		attributes := map[string]string{"eventType": "SENTENCE_DATES-CHANGED"}
		w := worldOf(
			listener.Delivery{Body: body, Attributes: attributes},
			listener.Delivery{Body: body, Attributes: attributes},
			listener.Delivery{Body: body},
			listener.Delivery{Body: `{"bookingId":12}`, Attributes: attributes},
			listener.Delivery{Body: `{"bookingId":12}`},
		)
		w.run(t)
		if len(w.store.messages) != 3 {
			t.Errorf("%d messages, want 3: the repeated one counts once", len(w.store.messages))
		}
		for _, m := range w.store.messages {
			if m.EventType != ptpu.SentenceDatesChanged || m.BookingID != 12 {
				t.Errorf("stored %+v", m)
			}
		}
		if fate := w.queue.fate("r5"); !strings.HasPrefix(fate, "dead: malformed notice: no event type") {
			t.Errorf("without an event type anywhere it is %q", fate)
		}
	})
}

func TestANoticeBringsItsTraceAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attribute := map[string]string{"traceparent": string(trace)}
		inside := fmt.Sprintf(`{"MessageId":"m","Message":"{}","MessageAttributes":{"traceparent":{"Type":"String","Value":%q}}}`, trace)
		for name, d := range map[string]listener.Delivery{
			"inside the envelope":       {Body: inside},
			"beside the envelope":       {Body: `{"MessageId":"m","Message":"{}"}`, Attributes: attribute},
			"beside a raw notification": {Body: `{"eventType":"X"}`, Attributes: attribute},
		} {
			w := worldOf(d)
			w.run(t)
			if !slices.Equal(w.observer.came, []ptpu.TraceParent{trace}) {
				t.Errorf("%s: came with %v", name, w.observer.came)
			}
		}
	})
}

func TestANoticeThatDoesNotMatterLeavesOnlyAnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"), delivered(t, "some-other-event"))
		w.judge.says = func(context.Context, ptpu.Payload) (ptpu.Verdict, error) {
			return ptpu.Verdict{Reason: ptpu.NotActiveBooking}, nil
		}
		w.run(t)
		if len(w.store.messages) != 0 || w.queue.fate("r1") != "acknowledged" || w.queue.fate("r2") != "acknowledged" {
			t.Errorf("%d messages; %q, %q", len(w.store.messages), w.queue.fate("r1"), w.queue.fate("r2"))
		}
		if len(w.store.entries) != 1 || w.store.entries[0].Kind != ptpu.EntryIgnored || w.store.entries[0].Reason != ptpu.NotActiveBooking {
			t.Errorf("entries are %+v; an unknown event type has no booking to keep one for", w.store.entries)
		}
		reasons := map[ptpu.Reason]bool{}
		for _, r := range w.observer.rulings {
			reasons[r.Reason] = r.Decision == ptpu.Ignored
		}
		if !reasons[ptpu.NotActiveBooking] || !reasons[ptpu.UnknownEventType] {
			t.Errorf("rulings are %+v", w.observer.rulings)
		}
	})
}

func TestWhatCanNeverBeValidatedIsADeadLetterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		envelope := func(message string) string {
			return fmt.Sprintf(`{"Type":"Notification","MessageId":"m","Message":%q}`, message)
		}
		for body, why := range map[string]string{
			"garbage":                     "not a JSON object",
			"":                            "not a JSON object",
			envelope("garbage"):           "not a JSON object",
			envelope(`{"bookingId":1}`):   "no event type",
			`{"Message":"{}"}`:            "without a MessageId",
			strings.Repeat("x", 300*1024): "larger than 262144 bytes",
			envelope(`{"eventType":"SENTENCE_DATES-CHANGED"}`):                          "no booking id",
			envelope(`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":"x"}`):          "booking id is not a whole number",
			envelope(`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":-5}`):           "booking id is not positive",
			envelope(`{"eventType":"EXTERNAL_MOVEMENT_RECORD-INSERTED","bookingId":5}`): "no movement sequence",
		} {
			w := worldOf(listener.Delivery{Body: body})
			w.run(t)
			if fate := w.queue.fate("r1"); !strings.HasPrefix(fate, "dead: ") || !strings.Contains(fate, why) {
				t.Errorf("%.60q is %q, want dead because %s", body, fate, why)
			}
			if w.judge.asked != 0 || len(w.store.entries) != 0 {
				t.Errorf("%.60q was judged %d times", body, w.judge.asked)
			}
		}
	})
}

func TestWhatCannotBeAskedNowGoesBackWithAGrowingDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for receives, want := range map[int]string{
			1: "back in 1s", 2: "back in 10s", 3: "back in 1m0s", 4: "back in 10m0s", 9: "back in 10m0s",
			10: "dead: reading booking 1300105: unavailable", 11: "dead: reading booking 1300105: unavailable",
		} {
			for name, fail := range map[string]func(*world){
				"judge": func(w *world) {
					w.judge.says = func(context.Context, ptpu.Payload) (ptpu.Verdict, error) {
						return ptpu.Verdict{}, fmt.Errorf("reading booking 1300105: %w", ptpu.ErrUnavailable)
					}
				},
				"store": func(w *world) { w.store.err = fmt.Errorf("reading booking 1300105: %w", ptpu.ErrUnavailable) },
			} {
				d := delivered(t, "sentence-dates-changed")
				d.Receives = receives
				w := worldOf(d)
				fail(w)
				w.run(t)
				if fate := w.queue.fate("r1"); fate != want {
					t.Errorf("%s fails at receive %d: %q, want %q", name, receives, fate, want)
				}
				if len(w.store.messages) != 0 {
					t.Errorf("%s fails and %d messages are stored", name, len(w.store.messages))
				}
			}
		}
	})
}

func TestAnIgnoredNoticeIsNotAcknowledgedBeforeItsEntryIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"))
		w.judge.says = func(context.Context, ptpu.Payload) (ptpu.Verdict, error) {
			return ptpu.Verdict{Reason: ptpu.NotActiveBooking}, nil
		}
		w.store.err = ptpu.ErrUnavailable
		w.run(t)
		if fate := w.queue.fate("r1"); fate != "back in 1s" {
			t.Errorf("the notice is %q", fate)
		}
	})
}

func TestADecisionThatCannotBeCarriedOutLeavesTheNoticeOnTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"))
		w.queue.carryOut = errors.New("queue gone")
		w.run(t)
		if len(w.store.messages) != 1 || len(w.observer.rulings) != 0 || len(w.observer.stumbles) != 1 {
			t.Errorf("%d messages, rulings %v, stumbles %v", len(w.store.messages), w.observer.rulings, w.observer.stumbles)
		}
	})
}

func TestAQueueThatIsGoneIsAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"))
		w.queue.err = errors.New("queue gone")
		stop := w.start(t)
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		w.queue.mu.Lock()
		asked := len(w.queue.asked)
		w.queue.err = nil
		w.queue.mu.Unlock()
		if asked > 3601 {
			t.Errorf("asked %d times in an hour", asked)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(w.store.messages) != 1 {
			t.Error("it did not go on when the queue was back")
		}
	})
}

func TestNothingIsReceivedWhileItIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"))
		w.held.Store(true)
		stop := w.start(t)
		defer stop()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if asked := len(w.queue.asked); asked != 0 {
			t.Errorf("the queue was asked %d times, want not once", asked)
		}
		w.held.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(w.store.messages) != 1 {
			t.Error("it did not go on when it was held no longer")
		}
	})
}

func TestNoMoreNoticesAreTakenThanThereAreHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deliveries []listener.Delivery
		for i := range 100 {
			deliveries = append(deliveries, listener.Delivery{Body: fmt.Sprintf(`{"eventType":"SENTENCE_DATES-CHANGED","bookingId":%d}`, i+1)})
		}
		w := worldOf(deliveries...)
		inHand, most := 0, 0
		var mu sync.Mutex
		w.judge.says = func(context.Context, ptpu.Payload) (ptpu.Verdict, error) {
			mu.Lock()
			inHand++
			most = max(most, inHand)
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			inHand--
			mu.Unlock()
			return ptpu.Verdict{}, nil
		}
		w.run(t)
		if len(w.store.messages) != 100 || most != 16 {
			t.Errorf("%d stored, at most %d in hand; want 100 and 16", len(w.store.messages), most)
		}
		if slices.Max(w.queue.asked) > 10 {
			t.Errorf("asked for %d at once", slices.Max(w.queue.asked))
		}
	})
}

func TestANoticeIsKeptWhileItIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"))
		w.judge.says = func(context.Context, ptpu.Payload) (ptpu.Verdict, error) {
			time.Sleep(10 * time.Second)
			return ptpu.Verdict{}, nil
		}
		stop := w.start(t)
		time.Sleep(time.Minute)
		stop()
		if fate := w.queue.fate("r1"); fate != "kept, kept, kept, acknowledged" {
			t.Errorf("the notice is %q", fate)
		}
	})
}

func TestStoppingFinishesOrHandsBackWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worldOf(delivered(t, "sentence-dates-changed"), delivered(t, "booking-number-changed"))
		w.judge.says = func(ctx context.Context, p ptpu.Payload) (ptpu.Verdict, error) {
			if p.EventType == ptpu.SentenceDatesChanged {
				time.Sleep(2 * time.Second)
				return ptpu.Verdict{}, ctx.Err()
			}
			<-ctx.Done()
			return ptpu.Verdict{}, ctx.Err()
		}
		stop := w.start(t)
		time.Sleep(time.Second)
		stopping := time.Now()
		stop()
		if took := time.Since(stopping); took != 10*time.Second {
			t.Errorf("stopped after %s, want the grace", took)
		}
		if a, b := w.queue.fate("r1"), w.queue.fate("r2"); a != "acknowledged" || b != "kept, kept, kept, back in 0s" {
			t.Errorf("the one that could finish is %q, the other %q", a, b)
		}
	})
}

func TestAListenerRefusesNonsense(t *testing.T) {
	w := worldOf()
	good := listener.Config{Queue: w.queue, Store: w.store, Judge: w.judge, Observer: w.observer, Concurrency: 1}
	for name, spoil := range map[string]func(*listener.Config){
		"no queue":            func(c *listener.Config) { c.Queue = nil },
		"no hands":            func(c *listener.Config) { c.Concurrency = 0 },
		"a negative holdback": func(c *listener.Config) { c.Holdback = -1 },
	} {
		c := good
		spoil(&c)
		if _, err := listener.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := listener.New(good); err != nil {
		t.Error(err)
	}
}
