package reports

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
)

// limit bounds a test whose answer never comes.
const limit = 20 * time.Second

// world is the reports behind a real server, with a client that shows bytes as
// they come.
type world struct {
	served
	server *httptest.Server
	client *http.Client
}

func listen(t *testing.T, store *fakeStore) world {
	t.Helper()
	s := serve(t, store)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return world{served: s, server: server, client: &http.Client{Transport: transport, Timeout: limit}}
}

func (w world) ask(ctx context.Context, t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", encoding)
	answer, err := w.client.Do(request)
	if err != nil {
		t.Fatalf("asking for %s: %v", path, err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// plain reads the answer's text as it comes.
func plain(t *testing.T, answer *http.Response) io.Reader {
	t.Helper()
	if answer.Header.Get("Content-Encoding") != "gzip" {
		return answer.Body
	}
	unpacked, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatalf("unpacking the answer: %v", err)
	}
	return unpacked
}

// paused reads one message, then waits to be told to go on. stopped is closed
// when nobody wants more.
type paused struct {
	goOn, stopped chan struct{}
	// then are the messages after the pause, and the error that ends them.
	then []ptpu.Message
	err  error
	once sync.Once
}

func newPaused() *paused {
	return &paused{goOn: make(chan struct{}), stopped: make(chan struct{})}
}

func (p *paused) read(ctx context.Context) iter.Seq2[ptpu.Message, error] {
	return func(yield func(ptpu.Message, error) bool) {
		defer p.once.Do(func() { close(p.stopped) })
		created := time.Now().Add(-time.Hour)
		if !yield(message(1, created), nil) {
			return
		}
		select {
		case <-p.goOn:
		case <-ctx.Done():
			yield(ptpu.Message{}, ctx.Err())
			return
		}
		for _, m := range p.then {
			if !yield(m, nil) {
				return
			}
		}
		if p.err != nil {
			yield(ptpu.Message{}, p.err)
		}
	}
}

func wait(t *testing.T, happened <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(limit):
		t.Fatalf("%s: did not happen within %s", what, limit)
	}
}

func readLines(t *testing.T, from *bufio.Reader, n int) string {
	t.Helper()
	var lines strings.Builder
	for range n {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatalf("reading a line after %q: %v", lines.String(), err)
		}
		lines.WriteString(line)
	}
	return lines.String()
}

func TestTheFirstRowIsOutBeforeTheLastIsRead(t *testing.T) {
	for _, encoding := range []string{"identity", "gzip"} {
		p := newPaused()
		p.then = []ptpu.Message{message(2, time.Now())}
		w := listen(t, &fakeStore{reading: p.read})
		answer := w.ask(t.Context(), t, "/report/in-progress", encoding)
		if got := answer.Header.Get("Content-Encoding") == "gzip"; got != (encoding == "gzip") {
			t.Errorf("asked for %s: got gzip = %v", encoding, got)
		}
		body := bufio.NewReader(plain(t, answer))
		if first := readLines(t, body, 2); !strings.HasPrefix(first, header+`"1",`) {
			t.Fatalf("%s: got %q before the second row was read, want header and first row", encoding, first)
		}
		close(p.goOn)
		rest, err := io.ReadAll(body)
		if err != nil || !strings.HasPrefix(string(rest), `"2",`) {
			t.Errorf("%s: then got %q and error %v, want the second row and the end", encoding, rest, err)
		}
	}
}

func TestAReportThatBreaksOffIsNotTakenForAWholeOne(t *testing.T) {
	for _, encoding := range []string{"identity", "gzip"} {
		p := newPaused()
		p.then = []ptpu.Message{message(2, time.Now())}
		p.err = ptpu.ErrUnavailable
		w := listen(t, &fakeStore{reading: p.read})
		answer := w.ask(t.Context(), t, "/report/in-progress", encoding)
		body := bufio.NewReader(plain(t, answer))
		readLines(t, body, 2)
		close(p.goOn)
		if rest, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: then got %q and error %v, want the connection cut", encoding, rest, err)
		}
		if got := w.stumbles.all(); len(got) != 1 || !errors.Is(got[0], ptpu.ErrUnavailable) {
			t.Errorf("%s: stumbled over %v, want the failure once", encoding, got)
		}
		wantAllSlotsFree(t, w)
	}
}

// wantAllSlotsFree waits until as many reports can be made as at any time.
func wantAllSlotsFree(t *testing.T, w world) {
	t.Helper()
	free := make(chan struct{})
	go func() {
		defer close(free)
		for range atOnce {
			w.slots <- struct{}{}
		}
		for range atOnce {
			<-w.slots
		}
	}()
	wait(t, free, "all slots being free")
}

func TestAClientThatGoesAwayStopsTheRead(t *testing.T) {
	p := newPaused()
	w := listen(t, &fakeStore{reading: p.read})
	ctx, leave := context.WithCancel(t.Context())
	answer := w.ask(ctx, t, "/report/in-progress", "identity")
	readLines(t, bufio.NewReader(answer.Body), 2)
	leave()
	wait(t, p.stopped, "the end of the read")
	wantAllSlotsFree(t, w)
	if got := w.stumbles.all(); len(got) > 0 {
		t.Errorf("stumbled over %v, want nothing: leaving is the client's right", got)
	}
}

// endless reads messages until nobody wants more, without a look at ctx; enough
// ends it when the test does.
type endless struct{ begun, stopped, enough chan struct{} }

func newEndless() endless {
	return endless{begun: make(chan struct{}), stopped: make(chan struct{}), enough: make(chan struct{})}
}

func (e endless) read(context.Context) iter.Seq2[ptpu.Message, error] {
	return func(yield func(ptpu.Message, error) bool) {
		close(e.begun)
		defer close(e.stopped)
		m := message(1, time.Now().Add(-time.Hour))
		for yield(m, nil) {
			select {
			case <-e.enough:
				return
			default:
			}
		}
	}
}

func TestAPageInHandDoesNotOutliveItsClient(t *testing.T) {
	e := newEndless()
	defer close(e.enough)
	w := listen(t, &fakeStore{reading: e.read})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() {
		<-e.begun
		leave()
	}()
	// It shows nothing, so that there is no write to fail.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/report/not-matched", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := w.client.Do(request); err == nil {
		answer.Body.Close()
		t.Fatalf("got status %d, want no answer", answer.StatusCode)
	}
	wait(t, e.stopped, "the end of the read")
}

// A client that does not read makes the server wait once the buffers between
// them are full.
func TestAClientThatDoesNotReadIsLeft(t *testing.T) {
	e := newEndless()
	defer close(e.enough)
	w := listen(t, &fakeStore{reading: e.read})
	w.patience = 100 * time.Millisecond
	connection, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, "GET /report/in-progress HTTP/1.1\r\nHost: ptpu\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	wait(t, e.stopped, "the end of the read")
	wantAllSlotsFree(t, w)
}

// slowClient takes a while over each write, and keeps to the deadline.
type slowClient struct {
	http.ResponseWriter
	takes    time.Duration
	deadline time.Time
	writes   int
}

func (c *slowClient) SetWriteDeadline(deadline time.Time) error {
	c.deadline = deadline
	return nil
}

func (c *slowClient) Write(b []byte) (int, error) {
	c.writes++
	time.Sleep(min(c.takes, time.Until(c.deadline)))
	if !time.Now().Before(c.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return len(b), nil
}

func TestASlowClientMayTakeHalfAMinuteOverEachPiece(t *testing.T) {
	created := time.Now().Add(-time.Hour)
	many := make([]ptpu.Message, 2000)
	for i := range many {
		many[i] = message(ptpu.BookingID(i+1), created)
	}
	for name, c := range map[string]struct {
		takes time.Duration
		whole bool
	}{
		"29 seconds": {29 * time.Second, true},
		"31 seconds": {31 * time.Second, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, &fakeStore{messages: many})
			client := &slowClient{ResponseWriter: httptest.NewRecorder(), takes: c.takes}
			cut := func() (cut any) {
				defer func() { cut = recover() }()
				s.ServeHTTP(client, httptest.NewRequest(http.MethodGet, "/report/in-progress", nil))
				return nil
			}()
			if whole := cut == nil; whole != c.whole || cut != nil && cut != http.ErrAbortHandler { //nolint:errorlint // a panic's value, not a wrapped error
				t.Errorf("%s for each piece: whole = %v (%v), want %v", name, whole, cut, c.whole)
			}
			if c.whole && client.writes < 5 {
				t.Errorf("%s for each piece: got %d pieces, want several", name, client.writes)
			}
			if len(s.slots) > 0 {
				t.Errorf("%s for each piece: %d slots are still taken, want none", name, len(s.slots))
			}
		})
	}
}

func TestAThirdReportAtATimeIsTurnedAway(t *testing.T) {
	first, second := newPaused(), newPaused()
	waiting := make(chan *paused, atOnce)
	waiting <- first
	waiting <- second
	store := &fakeStore{}
	store.reading = func(ctx context.Context) iter.Seq2[ptpu.Message, error] {
		select {
		case p := <-waiting:
			return p.read(ctx)
		default: // one that should have been turned away
			return func(func(ptpu.Message, error) bool) {}
		}
	}
	w := listen(t, store)
	underWay := []*http.Response{
		w.ask(t.Context(), t, "/report/in-progress", "identity"),
		w.ask(t.Context(), t, "/report/in-progress", "gzip"),
	}
	for _, path := range paths {
		answer := w.get(path)
		p := wantProblem(t, path, answer, http.StatusTooManyRequests)
		if got := answer.Header().Get("Retry-After"); got != "10" || !strings.Contains(p.Detail, "10 seconds") {
			t.Errorf("%s: got Retry-After %q and detail %q, want 10 seconds", path, got, p.Detail)
		}
	}
	if _, actions := store.asked(); len(actions) != atOnce {
		t.Errorf("got %d downloads on record, want the %d under way", len(actions), atOnce)
	}
	if got := w.stumbles.all(); len(got) > 0 {
		t.Errorf("stumbled over %v, want nothing: to be busy is no failure", got)
	}

	close(first.goOn)
	if _, err := io.ReadAll(underWay[0].Body); err != nil {
		t.Fatalf("reading the first report to its end: %v", err)
	}
	third := newPaused()
	close(third.goOn)
	waiting <- third
	if got := rows(t, "a report after the first", w.get("/report/in-progress")); got != "1" {
		t.Errorf("a report after the first shows %q, want 1", got)
	}
	close(second.goOn)
	if _, err := io.ReadAll(plain(t, underWay[1])); err != nil {
		t.Fatalf("reading the second report to its end: %v", err)
	}
	wantAllSlotsFree(t, w)
}

func TestALongReportComesWholeEitherWay(t *testing.T) {
	created := time.Now().Add(-time.Hour)
	many := make([]ptpu.Message, 5000)
	for i := range many {
		many[i] = message(ptpu.BookingID(i+1), created)
	}
	w := listen(t, &fakeStore{messages: many})
	var texts []string
	for _, encoding := range []string{"identity", "gzip"} {
		answer := w.ask(t.Context(), t, "/report/in-progress", encoding)
		text, err := io.ReadAll(plain(t, answer))
		if err != nil {
			t.Fatalf("%s: %v", encoding, err)
		}
		if got := strings.Count(string(text), "\n"); got != len(many)+1 {
			t.Errorf("%s: got %d lines, want a header and %d rows", encoding, got, len(many))
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Error("the report differs when it is compressed")
	}
}
