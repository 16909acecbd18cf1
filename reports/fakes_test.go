package reports

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ptpu"
)

// fakeStore holds messages and remembers what it was asked.
type fakeStore struct {
	mu       sync.Mutex
	messages []ptpu.Message
	// err comes after the messages; refuses is the answer to an action.
	err, refuses error
	// reading, when set, answers in place of the messages.
	reading func(context.Context) iter.Seq2[ptpu.Message, error]

	selections []ptpu.Selection
	actions    []ptpu.Action
}

func (s *fakeStore) Select(ctx context.Context, asked ptpu.Selection) iter.Seq2[ptpu.Message, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selections = append(s.selections, asked)
	if s.reading != nil {
		return s.reading(ctx)
	}
	messages := slices.Clone(s.messages)
	slices.SortStableFunc(messages, func(a, b ptpu.Message) int { return a.Created.Compare(b.Created) })
	return func(yield func(ptpu.Message, error) bool) {
		for _, m := range messages {
			if m.Open() == asked.Processed ||
				!asked.After.IsZero() && !m.Created.After(asked.After) ||
				!asked.Before.IsZero() && !m.Created.Before(asked.Before) {
				continue
			}
			if !yield(m, nil) {
				return
			}
		}
		if s.err != nil {
			yield(ptpu.Message{}, s.err)
		}
	}
}

func (s *fakeStore) RecordAction(_ context.Context, a ptpu.Action) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses != nil {
		return s.refuses
	}
	s.actions = append(s.actions, a)
	return nil
}

func (s *fakeStore) asked() ([]ptpu.Selection, []ptpu.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.selections), slices.Clone(s.actions)
}

// failures remembers what the reports stumbled over.
type failures struct {
	mu   sync.Mutex
	errs []error
}

func (f *failures) add(_ context.Context, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (f *failures) all() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.errs)
}

// served is the report routes on a store, with the API that documents them.
type served struct {
	http.Handler
	*Reports
	api      huma.API
	stumbles *failures
}

func serve(tb testing.TB, store *fakeStore) served {
	tb.Helper()
	stumbles := &failures{}
	r, err := New(Config{Store: store, Who: func(context.Context) string { return "a.reader" }, Stumbled: stumbles.add})
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("ptpu", "test")
	config.CreateHooks = nil
	api := humago.New(mux, config)
	r.Register(api)
	return served{Handler: mux, Reports: r, api: api, stumbles: stumbles}
}

// get asks without a network.
func (s served) get(path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

// message is an unprocessed one; with changes it.
func message(id ptpu.BookingID, created time.Time, with ...func(*ptpu.Message)) ptpu.Message {
	m := ptpu.Message{
		ID: ptpu.MessageID(id.String()), BookingID: id, EventType: ptpu.ImprisonmentStatusChanged, State: ptpu.Validated,
		Created: created, FirstSeen: created, DeleteBy: created.Add(ptpu.Retention), Reportable: true,
		OffenderNo: "A1111BC", BookNumber: "41001A", LocationID: "MDI", LocationDescription: "Moorland (HMP)",
		LegalStatus: "SENTENCED",
	}
	for _, change := range with {
		change(&m)
	}
	return m
}

func in(state ptpu.State) func(*ptpu.Message) {
	return func(m *ptpu.Message) { m.State = state }
}

func processedAt(t time.Time) func(*ptpu.Message) {
	return func(m *ptpu.Message) { m.Processed, m.DeleteBy = t, t.Add(ptpu.Retention) }
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("an instant of the test: %v", err)
	}
	return at.UTC()
}
