package upstream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"ptpu"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read and write are one call of either kind.
var (
	read  = upstream.Request{Method: http.MethodGet, Route: "/read"}
	write = upstream.Request{Method: http.MethodPut, Route: "/write", Body: map[string]string{"nomsNumber": "A1111BC"}}
)

func TestIdentifies(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
	api := server.API(t, upstream.Config{Version: "1.2.3"}, "")
	for range 2 {
		if err := api.Call(t.Context(), write, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
	}
	traces := map[string]bool{}
	for _, asked := range server.Asked() {
		for name, want := range map[string]string{
			"User-Agent": "ptpu/1.2.3", "Accept": "application/json", "Content-Type": "application/json", "Authorization": "",
		} {
			if got := asked.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		parent := asked.Header.Get("traceparent")
		if !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`).MatchString(parent) {
			t.Errorf("got traceparent %q, want one of a trace that is not sampled", parent)
		}
		traces[parent] = true
	}
	if len(traces) != 2 {
		t.Errorf("got %d traces, want one for each call", len(traces))
	}
}

func TestContinuesTheTrace(t *testing.T) {
	span := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled,
	})
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusBadGateway, ""), upstreamtest.JSON(http.StatusOK, `{}`))
	err := server.API(t, upstream.Config{}, "").Call(trace.ContextWithSpanContext(t.Context(), span), read, nil)
	if err != nil {
		t.Fatalf("got error %v", err)
	}
	const want = "00-01000000000000000000000000000000-0200000000000000-01"
	for _, asked := range server.Asked() {
		if got := asked.Header.Get("traceparent"); got != want {
			t.Errorf("got traceparent %q, want %q", got, want)
		}
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for name, c := range map[string]upstream.Config{
		"Version":     {},
		"Timeout":     {Version: "1", Timeout: -time.Second},
		"Concurrency": {Version: "1", Concurrency: -1},
	} {
		if _, err := upstream.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want one that names %s", err, name)
		}
	}
}

// Every request ends by its deadline, wherever the other side stops. The server
// lets go when the client does; a client that did not would hang the test.
func TestDeadline(t *testing.T) {
	for name, stop := range map[string]func(w http.ResponseWriter, r *http.Request){
		"no answer": func(http.ResponseWriter, *http.Request) {},
		"head without a body": func(w http.ResponseWriter, _ *http.Request) {
			flush(w)
		},
		"half a body": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"bookingNo": "4100`)
			flush(w)
		},
		"a byte now and then": func(w http.ResponseWriter, r *http.Request) {
			ticker := time.NewTicker(time.Millisecond)
			defer ticker.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-ticker.C:
					fmt.Fprint(w, " ")
					flush(w)
				}
			}
		},
	} {
		for kind, request := range map[string]upstream.Request{"read": read, "write": write} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				server := upstreamtest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
					stop(w, r)
					<-r.Context().Done()
				})
				err := server.API(t, upstream.Config{Timeout: 50 * time.Millisecond}, "").Call(t.Context(), request, nil)
				if !errors.Is(err, ptpu.ErrUnavailable) || !strings.Contains(err.Error(), "deadline") {
					t.Errorf("got error %v, want %v by the deadline", err, ptpu.ErrUnavailable)
				}
				// Fewer when the machine is too busy to bring them all there in time.
				if got, most := len(server.Asked()), tries(request); got > most {
					t.Errorf("asked %d times, want at most %d", got, most)
				}
			})
		}
	}
}

func tries(r upstream.Request) int {
	if r.Method == http.MethodGet {
		return 2
	}
	return 1
}

// A 404 counts as soon as its head is there.
func TestDeadlineWithinTheBodyOfA404(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		neighbour := &told{answers: []answer{func(r *http.Request) (*http.Response, error) {
			response, err := status(http.StatusNotFound, "Content-Type", "application/json")(r)
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"text": "bookingNumber `), hanging{r.Context()}))
			return response, err
		}}}
		base := &url.URL{Scheme: "https", Host: "neighbour.example.org"}
		began := time.Now()
		err := upstream.API{Base: base, HTTP: newClient(t, upstream.Config{Base: neighbour})}.Call(t.Context(), read, nil)
		var failure *ptpu.CallError
		if !errors.As(err, &failure) || !errors.Is(err, ptpu.ErrNotFound) || !failure.NamesBookNumber {
			t.Errorf("got error %v, want %v that names the booking number", err, ptpu.ErrNotFound)
		}
		if took := time.Since(began); took != upstream.DefaultTimeout {
			t.Errorf("took %v, want the deadline of %v", took, upstream.DefaultTimeout)
		}
	})
}

// hanging is a body of which nothing more comes.
type hanging struct{ ctx context.Context } //nolint:containedctx // it hangs as long as its request

func (h hanging) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

// However much comes, ten megabytes are read.
func TestAnswersAreCapped(t *testing.T) {
	var bomb bytes.Buffer // one member of 16 MB, of which a stream may have many
	zip := gzip.NewWriter(&bomb)
	if _, err := zip.Write(bytes.Repeat([]byte(" "), 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte(" "), 1<<20)

	for name, c := range map[string]struct {
		block   []byte
		zipped  bool
		atMost  int64 // bytes sent
		request upstream.Request
	}{
		"a gigabyte":                  {block: block, atMost: 64 << 20, request: read},
		"a gigabyte after a write":    {block: block, atMost: 64 << 20, request: write},
		"a gigabyte packed in little": {block: bomb.Bytes(), zipped: true, atMost: 64 << 20, request: read},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			server := upstreamtest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if c.zipped {
					w.Header().Set("Content-Encoding", "gzip")
				}
				for range 1 << 30 / max(len(c.block), 1<<20) {
					n, err := w.Write(c.block)
					sent.Add(int64(n))
					if err != nil {
						return
					}
				}
			})
			err := server.API(t, upstream.Config{}, "").Call(t.Context(), c.request, nil)
			if !errors.Is(err, ptpu.ErrUnavailable) || !strings.Contains(err.Error(), "10 MB") {
				t.Errorf("got error %v, want %v over 10 MB", err, ptpu.ErrUnavailable)
			}
			if got := len(server.Asked()); got != 1 {
				t.Errorf("asked %d times, want 1: the next would be as large", got)
			}
			if got := sent.Load(); got > c.atMost {
				t.Errorf("took %d bytes, want at most %d", got, c.atMost)
			}
		})
	}
}

func TestAnswerJustWithinTheCap(t *testing.T) {
	body := `{"text": "` + strings.Repeat("x", 10<<20-12) + `"}`
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, body))
	var answer struct{ Text string }
	if err := server.API(t, upstream.Config{}, "").Call(t.Context(), read, &answer); err != nil {
		t.Fatalf("got error %v for %d bytes", err, len(body))
	}
	if len(answer.Text) != 10<<20-12 {
		t.Errorf("got %d bytes of text, want all", len(answer.Text))
	}
}

// What is laid around this client, such as a circuit, is to see a page in the
// place of an answer for the failure that it is.
func TestASuccessThatIsNotJSONIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		neighbour := &told{answers: []answer{body(http.StatusOK, "<html>Back soon</html>")}}
		if got, err := do(t.Context(), t, newClient(t, upstream.Config{Base: neighbour}), http.MethodGet); err == nil {
			t.Errorf("got status %d and no error", got)
		}
		if got := len(neighbour.times()); got != 1 {
			t.Errorf("asked %d times, want 1", got)
		}
	})
}

func TestHugeHeaderIsNoAnswer(t *testing.T) {
	server := upstreamtest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Canary", strings.Repeat("Canaria", 1<<14))
		fmt.Fprint(w, `{}`)
	})
	err := server.API(t, upstream.Config{}, "").Call(t.Context(), write, nil)
	if !errors.Is(err, ptpu.ErrUnavailable) || strings.Contains(err.Error(), "Canaria") {
		t.Errorf("got error %v, want %v", err, ptpu.ErrUnavailable)
	}
}

// A token must not travel to wherever an answer says.
func TestFollowsNoRedirect(t *testing.T) {
	elsewhere := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, `{}`))
	for _, location := range []string{elsewhere.URL() + "/read", "/read", "://Canaria"} {
		server := upstreamtest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		for _, request := range []upstream.Request{read, write} {
			err := server.API(t, upstream.Config{}, "").Call(t.Context(), request, nil)
			if !errors.Is(err, ptpu.ErrUnavailable) || strings.Contains(err.Error(), "Canaria") {
				t.Errorf("to %s: got error %v, want %v", location, err, ptpu.ErrUnavailable)
			}
		}
		if got := len(server.Asked()); got != 2 {
			t.Errorf("to %s: asked %d times, want once for each call", location, got)
		}
	}
	if asked := elsewhere.Asked(); len(asked) != 0 {
		t.Errorf("asked elsewhere: %+v", asked)
	}
}

// net/http would quote these in its errors.
func TestWhatIsNotHTTPIsNotShown(t *testing.T) {
	for name, answer := range map[string]string{
		"no status line":    "Canaria was born on 1984-02-29\r\n\r\n",
		"a broken status":   "HTTP/1.1 Canaria OK\r\n\r\n",
		"a broken header":   "HTTP/1.1 200 OK\r\nCanaria 1984-02-29\r\n\r\n{}",
		"a broken length":   "HTTP/1.1 200 OK\r\nContent-Length: Canaria\r\n\r\n{}",
		"a broken encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: Canaria\r\n\r\n{}",
		"a broken chunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCanaria\r\n",
		"a broken gzip":     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nCanaria",
		"a broken JSON":     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\"Canaria'",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprint(connection, answer)
				if err := connection.Close(); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			base, err := upstream.ParseBase(server.URL, false)
			if err != nil {
				t.Fatal(err)
			}
			request := upstream.Request{Method: http.MethodPut, Route: "/write"}
			request.Query = map[string][]string{"name": {"Canaria"}}
			err = upstream.API{Base: base, HTTP: newClient(t, upstream.Config{})}.Call(t.Context(), request, nil)
			if !errors.Is(err, ptpu.ErrUnavailable) || strings.Contains(err.Error(), "Canaria") || strings.Contains(err.Error(), "1984") {
				t.Errorf("got error %v, want %v", err, ptpu.ErrUnavailable)
			}
		})
	}
}

func TestWhatCannotBeReachedIsUnavailable(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base, err := upstream.ParseBase("http://"+listener.Addr().String(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil { // nobody listens there now
		t.Fatal(err)
	}
	err = upstream.API{Base: base, HTTP: newClient(t, upstream.Config{})}.Call(t.Context(), write, nil)
	if !errors.Is(err, ptpu.ErrUnavailable) || !strings.Contains(err.Error(), "connect") {
		t.Errorf("got error %v, want %v for want of a connection", err, ptpu.ErrUnavailable)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(upstreamtest.JSON(http.StatusOK, `{}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	base, err := upstream.ParseBase(server.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, upstream.Config{})
	defer client.CloseIdleConnections()
	for range 100 {
		if err := (upstream.API{Base: base, HTTP: client}).Call(t.Context(), read, nil); err != nil {
			t.Fatalf("got error %v", err)
		}
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("opened %d connections for 100 calls in a row, want 1", got)
	}
}

func TestIdleConnectionsCanBeClosed(t *testing.T) {
	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(upstreamtest.JSON(http.StatusOK, `{}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	server.Start()
	defer server.Close()
	base, err := upstream.ParseBase(server.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, upstream.Config{})
	if err := (upstream.API{Base: base, HTTP: client}).Call(t.Context(), read, nil); err != nil {
		t.Fatalf("got error %v", err)
	}
	client.CloseIdleConnections()
	<-closed
}

func TestTheCallersEndStaysVisible(t *testing.T) {
	arrived := make(chan struct{}, 1)
	for name, c := range map[string]struct {
		begin func(w http.ResponseWriter)
	}{
		"before the head": {begin: func(http.ResponseWriter) {}},
		"within the body": {begin: func(w http.ResponseWriter) { fmt.Fprint(w, "{"); flush(w) }},
		"within a 404":    {begin: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); flush(w) }},
		"within a 5xx too": {begin: func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadGateway)
			flush(w)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				c.begin(w)
				arrived <- struct{}{}
				<-r.Context().Done()
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-arrived
				cancel()
			}()
			err := server.API(t, upstream.Config{}, "").Call(ctx, read, nil)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, ptpu.ErrUnavailable) {
				t.Errorf("got error %v, want both %v and %v", err, context.Canceled, ptpu.ErrUnavailable)
			}
			if got := len(server.Asked()); got != 1 {
				t.Errorf("asked %d times, want 1", got)
			}
		})
	}
}

// flush sends what was written so far.
func flush(w http.ResponseWriter) { w.(http.Flusher).Flush() }

// However a neighbour misbehaves on the wire, each call ends by its deadline,
// and a few of them open the circuit.
func TestMisbehaviourOnTheWireOpensTheCircuit(t *testing.T) {
	for name, misbehave := range map[string]http.HandlerFunc{
		"a reset": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if err := connection.(*net.TCPConn).SetLinger(0); err != nil {
				t.Error(err)
			}
			if err := connection.Close(); err != nil {
				t.Error(err)
			}
		},
		"an end": upstreamtest.Break,
		"a byte now and then": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				flush(w)
				select {
				case <-r.Context().Done():
				case <-time.After(time.Millisecond):
				}
			}
		},
		"silence":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half a body":   upstreamtest.Cut(http.StatusOK, "application/json", `{"bookingNo"`),
		"too much":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, blanks{}, 1<<30) },
		"a page":        upstreamtest.Answer(http.StatusOK, "text/html", "<html>"),
		"another's 404": upstreamtest.Answer(http.StatusNotFound, "text/html", "<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := upstreamtest.Serve(t, misbehave)
			const timeout = 200 * time.Millisecond
			base, err := upstream.ParseBase(server.URL(), false)
			if err != nil {
				t.Fatal(err)
			}
			circuit, err := upstream.NewCircuit(upstream.CircuitConfig{Name: "neighbour", Base: base, Version: "1.2.3"})
			if err != nil {
				t.Fatal(err)
			}
			api := server.API(t, upstream.Config{Timeout: timeout, Circuit: circuit}, "")
			for range 5 {
				if err := api.Call(t.Context(), write, nil); !errors.Is(err, ptpu.ErrUnavailable) {
					t.Errorf("got error %v, want %v", err, ptpu.ErrUnavailable)
				}
			}
			if got := circuit.State(); got != upstream.Open {
				t.Errorf("the circuit is %s after five calls, want %s", got, upstream.Open)
			}
		})
	}
}

// A ping goes over a connection of its own, which Run closes in the end.
func TestAPingOverTheWire(t *testing.T) {
	asked := make(chan string, 1)
	server := upstreamtest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/health/ping") {
			asked <- r.URL.Path
			upstreamtest.JSON(http.StatusOK, `{"status": "UP"}`)(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	base, err := upstream.ParseBase(server.URL()+"/neighbour/", false)
	if err != nil {
		t.Fatal(err)
	}
	halfOpen := make(chan struct{})
	circuit, err := upstream.NewCircuit(upstream.CircuitConfig{
		Name: "neighbour", Base: base, Version: "1.2.3",
		Changed: func(_ string, state upstream.State, _ error) {
			if state == upstream.HalfOpen {
				close(halfOpen)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		circuit.Run(ctx)
		close(ended)
	}()
	if err := server.API(t, upstream.Config{Circuit: circuit}, "").Call(t.Context(), write, nil); !errors.Is(err, ptpu.ErrDenied) {
		t.Errorf("got error %v, want %v", err, ptpu.ErrDenied)
	}
	if got := <-asked; got != "/neighbour/health/ping" {
		t.Errorf("pinged %s", got)
	}
	<-halfOpen
	cancel()
	<-ended
}
