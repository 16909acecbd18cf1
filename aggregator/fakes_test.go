package aggregator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"ptpu"
	"ptpu/aggregator"
)

const booking = ptpu.BookingID(1300101)

// fakeStore keeps one booking the way the store promises to: all or nothing, on
// the versions that were read.
type fakeStore struct {
	mu       sync.Mutex
	claim    ptpu.Claim
	messages map[ptpu.MessageID]ptpu.Message
	open     map[ptpu.Write]ptpu.OpenWrite
	owed     map[ptpu.IdentifierChange]ptpu.Announcement
	entries  []ptpu.Entry
	writes   []ptpu.Changes // as they came
	claims   []ptpu.Claim
	// fail, when set, may refuse a write before it is looked at.
	fail func(ptpu.Claim, ptpu.Changes) error
}

func storeOf(messages ...ptpu.Message) *fakeStore {
	s := &fakeStore{
		claim:    ptpu.Claim{BookingID: booking},
		messages: map[ptpu.MessageID]ptpu.Message{},
		open:     map[ptpu.Write]ptpu.OpenWrite{},
		owed:     map[ptpu.IdentifierChange]ptpu.Announcement{},
	}
	for _, m := range messages {
		m.Version = 1
		s.messages[m.ID] = m
	}
	return s
}

func (s *fakeStore) Waiting(_ context.Context, id ptpu.BookingID) (ptpu.Waiting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := ptpu.Waiting{Claim: s.claim}
	w.Claim.BookingID = id
	for _, m := range s.messages {
		if m.Open() {
			w.Messages = append(w.Messages, m)
		}
	}
	for _, o := range s.open {
		w.OpenWrites = append(w.OpenWrites, o)
	}
	for _, a := range s.owed {
		w.Announcements = append(w.Announcements, a)
	}
	return w, nil
}

func (s *fakeStore) Write(_ context.Context, claim ptpu.Claim, c ptpu.Changes) (ptpu.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(claim, c); err != nil {
			return claim, err
		}
	}
	if claim.Version != s.claim.Version {
		return claim, fmt.Errorf("version %d, stored %d: %w", claim.Version, s.claim.Version, ptpu.ErrClaimLost)
	}
	for _, m := range c.Messages {
		if m.Version != s.messages[m.ID].Version {
			return claim, fmt.Errorf("message %s has version %d, stored %d: %w", m.ID, m.Version, s.messages[m.ID].Version, ptpu.ErrClaimLost)
		}
	}
	if n := 1 + len(c.Messages) + len(c.Entries) + len(c.Unfinished) + len(c.Announce); n > 100 {
		return claim, fmt.Errorf("%d rows in one transaction", n)
	}
	for i := range c.Messages {
		c.Messages[i].Version++
		s.messages[c.Messages[i].ID] = c.Messages[i]
	}
	for _, o := range c.Unfinished {
		s.open[o.Write] = o
	}
	for _, o := range c.Finished {
		delete(s.open, o.Write)
	}
	for _, a := range c.Announce {
		s.owed[a.Change] = a
	}
	for _, a := range c.Announced {
		delete(s.owed, a.Change)
	}
	s.entries = append(s.entries, c.Entries...)
	s.writes = append(s.writes, c)
	claim.Version++
	s.claim = claim
	s.claims = append(s.claims, claim)
	return claim, nil
}

func (s *fakeStore) message(id ptpu.MessageID) ptpu.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages[id]
}

func (s *fakeStore) current() ptpu.Claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claim
}

// kinds are the kinds of the entries so far.
func (s *fakeStore) kinds() []ptpu.EntryKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kinds []ptpu.EntryKind
	for _, e := range s.entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// fakeProcessor answers as it is told, and remembers what it was given.
type fakeProcessor struct {
	mu       sync.Mutex
	given    []ptpu.MessageID
	finished []bool // mayWrite of each call of Finish
	process  func(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error)
	finish   func() ([]ptpu.CRN, error)
}

func (p *fakeProcessor) Process(ctx context.Context, m ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
	p.mu.Lock()
	p.given = append(p.given, m.ID)
	p.mu.Unlock()
	if p.process == nil {
		return ptpu.Completes(ptpu.Facts{}), nil
	}
	return p.process(ctx, m, trail)
}

func (p *fakeProcessor) Finish(_ context.Context, _ ptpu.Write, mayWrite bool) ([]ptpu.CRN, error) {
	p.mu.Lock()
	p.finished = append(p.finished, mayWrite)
	p.mu.Unlock()
	return p.finish()
}

// fakeAnnouncer publishes, or fails as often as it is told.
type fakeAnnouncer struct {
	mu        sync.Mutex
	failures  int
	published []ptpu.IdentifierChange
}

func (a *fakeAnnouncer) Announce(_ context.Context, owed ptpu.Announcement) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failures > 0 {
		a.failures--
		return ptpu.ErrUnavailable
	}
	a.published = append(a.published, owed.Change)
	return nil
}

// fakeObserver remembers what it was told, as short words.
type fakeObserver struct {
	mu   sync.Mutex
	told []string
}

func (o *fakeObserver) tell(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, fmt.Sprintf(format, args...))
}

func (o *fakeObserver) heard() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.told)
}

func (o *fakeObserver) Attempting(ctx context.Context, _ ptpu.Message) (context.Context, ptpu.TraceParent) {
	return ctx, trace
}

func (o *fakeObserver) Attempted(_ context.Context, a ptpu.Attempt) {
	o.tell("attempted %s %s", a.After.ID, a.After.State)
}

func (o *fakeObserver) Changed(_ context.Context, _ ptpu.BookingID, c ptpu.IdentifierChange) {
	o.tell("changed %s", c.CRN)
}

func (o *fakeObserver) Superseded(_ context.Context, m ptpu.Message) {
	o.tell("superseded %s by %s", m.ID, m.SupersededBy)
}

func (o *fakeObserver) Expired(_ context.Context, before, _ ptpu.Message) {
	o.tell("expired %s was %s", before.ID, before.State)
}
func (o *fakeObserver) Poisoned(_ context.Context, m ptpu.Message) { o.tell("poisoned %s", m.ID) }

func (o *fakeObserver) Published(_ context.Context, a ptpu.Announcement, err error) {
	o.tell("published %s %t", a.Change.CRN, err == nil)
}

// trace is that of every attempt.
const (
	trace   = ptpu.TraceParent("00-" + traceID + "-00f067aa0ba902b7-01")
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// hourly is a rhythm by which every retry comes an hour later.
type hourly struct{}

func (hourly) Next(_ ptpu.Tier, after time.Time) time.Time { return after.Add(time.Hour) }

// world is an aggregator with everything around it faked.
type world struct {
	store     *fakeStore
	processor *fakeProcessor
	announcer *fakeAnnouncer
	observer  *fakeObserver
	*aggregator.Aggregator
}

func worldOf(t *testing.T, store *fakeStore) *world {
	t.Helper()
	w := &world{store: store, processor: &fakeProcessor{}, announcer: &fakeAnnouncer{}, observer: &fakeObserver{}}
	w.Aggregator = w.worker(t, "worker")
	return w
}

// worker is another aggregator on the same store, as another pod would have.
func (w *world) worker(t *testing.T, owner string) *aggregator.Aggregator {
	t.Helper()
	a, err := aggregator.New(aggregator.Config{
		Store: w.store, Processor: w.processor, Announcer: w.announcer, Observer: w.observer, Rhythm: hourly{}, Owner: owner,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// handle works on the booking once and wants it not to be held elsewhere.
func (w *world) handle(t *testing.T) {
	t.Helper()
	held, err := w.Handle(t.Context(), booking)
	if held || err != nil {
		t.Fatalf("Handle: held %t, %v", held, err)
	}
}

// ripe is a message that is due now.
func ripe(id ptpu.MessageID, eventType ptpu.EventType) ptpu.Message {
	p := ptpu.Payload{EventType: eventType, BookingID: booking}
	return ptpu.NewMessage(id, p, "{}", ptpu.Booking{}, time.Now().Add(-time.Hour), time.Hour)
}

// setNumber is the write that sets a NOMS number, on a fresh trail.
var setNumber = ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"}

// writing is a processor that makes one identifier write, which ends as told.
func writing(err error, outcome ptpu.Outcome) func(context.Context, ptpu.Message, ptpu.Trail) (ptpu.Outcome, error) {
	return func(ctx context.Context, _ ptpu.Message, trail ptpu.Trail) (ptpu.Outcome, error) {
		if err := trail.Intend(ctx, setNumber); err != nil {
			return ptpu.Outcome{}, err
		}
		sent := trail.Write(ctx, setNumber, func(context.Context) ([]ptpu.CRN, error) {
			return []ptpu.CRN{setNumber.CRN}, err
		})
		return outcome, sent
	}
}

var errBroken = errors.New("broken")

func (o *fakeObserver) HandedBack(_ context.Context, m ptpu.Message) { o.tell("handed back %s", m.ID) }
