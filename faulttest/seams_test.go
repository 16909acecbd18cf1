package faulttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/embedded/embeddedtest"
	"ptpu/faulttest"
	"ptpu/queue"
	queuesqlite "ptpu/queue/sqlite"
	"ptpu/table"
)

func TestAnIndexThatLagsShowsWhatWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begins := time.Now().Add(time.Hour)
		f := faulttest.New(faulttest.Plan{Rules: []faulttest.Rule{{Kind: faulttest.Lag, Op: "due", Rate: 1, Latency: time.Minute, From: begins}}})
		rows := f.Lagging(tableOf(t), "due")
		place := func(sort string) {
			t.Helper()
			item := table.Item{Key: table.Key{Partition: "1", Sort: "row"}}
			if sort != "" {
				item.Index = map[string]table.IndexKey{"due": {Partition: "shard", Sort: sort}}
			}
			if err := rows.Write(t.Context(), table.Put(item, table.Always())); err != nil {
				t.Fatal(err)
			}
		}
		shown := func() string {
			t.Helper()
			page, err := rows.QueryIndex(t.Context(), "due", "shard", table.Range{To: "z"})
			if err != nil {
				t.Fatal(err)
			}
			sorts := ""
			for _, item := range page.Items {
				sorts += item.Index["due"].Sort
			}
			return sorts
		}
		place("a")
		if got := shown(); got != "a" {
			t.Errorf("without a lag it shows %q, want a at once", got)
		}
		time.Sleep(time.Hour)
		place("b")
		place("")
		if got := shown(); got != "a" {
			t.Errorf("right after the writes it shows %q, want still a", got)
		}
		time.Sleep(time.Minute)
		if got := shown(); got != "" {
			t.Errorf("a minute later it shows %q, want nothing", got)
		}
		if last := f.Last(); last.Before(begins) || last.After(begins.Add(time.Minute)) {
			t.Errorf("it lagged until %s, want within the minute", last)
		}
	})
}

func queueOf(t *testing.T, f *faulttest.Faults) (inner, faulty queue.Queue) {
	t.Helper()
	inner, err := queuesqlite.Open(t.Context(), embeddedtest.Open(t, t.TempDir()), queuesqlite.Spec{Name: "events"})
	if err != nil {
		t.Fatal(err)
	}
	return inner, f.Process("pod", func() {}).Queue(inner, func(n queue.Notice) string { return n.Body })
}

func TestWhatIsReceivedWithoutAnAnswerComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, q := queueOf(t, faulttest.New(faulttest.Plan{Rules: []faulttest.Rule{{
			Kind: faulttest.Lost, Op: "Receive", Rate: 1, Until: time.Now().Add(time.Second), From: time.Now(),
		}}}))
		if _, err := inner.Send(t.Context(), queue.Notice{Body: "a"}); err != nil {
			t.Fatal(err)
		}
		if got, err := q.Receive(t.Context(), 1, 0, 10*time.Second); !errors.Is(err, queue.ErrUnavailable) || len(got) != 0 {
			t.Errorf("received %v, %v", got, err)
		}
		time.Sleep(11 * time.Second)
		got, err := q.Receive(t.Context(), 1, 0, 10*time.Second)
		if err != nil || len(got) != 1 || got[0].ReceiveCount != 2 {
			t.Errorf("then received %+v, %v; want it a second time", got, err)
		}
	})
}

func TestADeliveryMayBeAnothersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, q := queueOf(t, faulttest.New(faulttest.Plan{Rules: []faulttest.Rule{{Kind: faulttest.Again, Op: "Receive", Rate: 1}}}))
		if _, err := inner.Send(t.Context(), queue.Notice{Body: "a"}); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if got, err := q.Receive(t.Context(), 1, 0, time.Minute); err != nil || len(got) != 1 {
				t.Errorf("receive %d: %v, %v; want the notice each time", i+1, got, err)
			}
		}
	})
}

// asked is a neighbour that counts its requests.
type asked struct{ times int }

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.times++
	if r.URL.Path == "/abort" {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"answer": "whole"}`)
}

// exchange makes one request with a deadline of ten seconds.
func exchange(t *testing.T, path string, rules ...faulttest.Rule) (a *asked, status int, body string, took time.Duration, err error) {
	t.Helper()
	a = &asked{}
	f := faulttest.New(faulttest.Plan{Rules: rules, Whose: func(*http.Request) string { return "1" }})
	carrier := f.Process("pod", func() {}).RoundTripper(faulttest.InProcess(a))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://neighbour"+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	response, err := carrier.RoundTrip(request)
	if err != nil {
		return a, 0, "", time.Since(began), err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 20<<20))
	return a, response.StatusCode, string(text), time.Since(began), err
}

func TestWaysForARequestToGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		rule   faulttest.Rule
		done   int
		status int
		fails  bool
		took   time.Duration // at least
	}{
		"well":           {path: "/a", rule: faulttest.Rule{Kind: faulttest.Down}, done: 1, status: 200},
		"no connection":  {path: "/a", rule: faulttest.Rule{Kind: faulttest.Down, Rate: 1}, fails: true},
		"no answer":      {path: "/a", rule: faulttest.Rule{Kind: faulttest.Lost, Rate: 1}, done: 1, fails: true},
		"silence":        {path: "/a", rule: faulttest.Rule{Kind: faulttest.Hang, Rate: 1}, fails: true, took: 10 * time.Second},
		"a status":       {path: "/a", rule: faulttest.Rule{Kind: faulttest.Status, Status: 503, Rate: 1}, status: 503},
		"half an answer": {path: "/a", rule: faulttest.Rule{Kind: faulttest.Truncated, Rate: 1}, done: 1, status: 200, fails: true},
		"a byte a second": {
			path: "/a", rule: faulttest.Rule{Kind: faulttest.Drip, Rate: 1}, done: 1, status: 200, fails: true, took: 10 * time.Second,
		},
		"an endless answer": {path: "/a", rule: faulttest.Rule{Kind: faulttest.Huge, Rate: 1}, status: 200},
		"an aborted answer": {path: "/abort", rule: faulttest.Rule{Kind: faulttest.Down}, done: 1, fails: true},
		"of another path":   {path: "/a", rule: faulttest.Rule{Kind: faulttest.Down, Op: "PUT /b", Rate: 1}, done: 1, status: 200},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, status, _, took, err := exchange(t, c.path, c.rule)
			if a.times != c.done || status != c.status || (err != nil) != c.fails || took < c.took {
				t.Errorf("%s: done %d times, status %d after %s, %v; want %d, %d, %s, failed: %t",
					name, a.times, status, took, err, c.done, c.status, c.took, c.fails)
			}
		})
	}
}

func TestGarbageIsNoJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, status, body, _, err := exchange(t, "/a", faulttest.Rule{Kind: faulttest.Garbage, Rate: 1})
		if status != http.StatusOK || strings.HasPrefix(body, "{") || err != nil {
			t.Errorf("status %d with %q, %v", status, body, err)
		}
	})
}

func TestSlowCallsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := faulttest.Rule{Kind: faulttest.Slow, Rate: 1, Latency: 4 * time.Second}
		_, status, _, took, err := exchange(t, "/a", slow, slow)
		if status != http.StatusOK || err != nil || took < 100*time.Millisecond || took > 9*time.Second {
			t.Errorf("status %d after %s, %v", status, took, err)
		}
	})
}
