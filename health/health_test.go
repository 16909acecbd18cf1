package health_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ptpu/health"
)

func TestAThousandCallersAskEachComponentOnceInTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var one, other calls
		quick := func(ctx context.Context) health.Component { time.Sleep(100 * time.Millisecond); return up(ctx) }
		h := newHealth(t, health.Config{Checks: map[string]health.Check{"one": one.counted(quick), "other": other.counted(up)}})
		for second := range 3 {
			var callers sync.WaitGroup
			for range 1000 {
				callers.Go(func() {
					if got := h.Now(t.Context()).Status; got != health.Up {
						t.Errorf("after %d s: got %s, want UP", second, got)
					}
				})
			}
			callers.Wait()
			time.Sleep(time.Second)
		}
		// The first answer was there after 0.1 s, and so was good until 2.1 s.
		for name, c := range map[string]*calls{"one": &one, "other": &other} {
			if begun, most := c.seen(); begun != 2 || most != 1 {
				t.Errorf("%s: called %d times, %d at once; want 2 times, 1 at once", name, begun, most)
			}
		}
	})
}

func TestAChangeShowsWhenTheAnswerIsTwoSecondsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked calls
		flapping := func(ctx context.Context) health.Component {
			defer asked.end()
			if asked.begin()%2 == 0 {
				return down(ctx)
			}
			return up(ctx)
		}
		h := newHealth(t, health.Config{Checks: map[string]health.Check{"flapping": flapping}})
		var got []health.Status
		for range 9 {
			got = append(got, h.Now(t.Context()).Status)
			time.Sleep(time.Second - time.Nanosecond)
			got = append(got, h.Now(t.Context()).Status)
			time.Sleep(time.Nanosecond)
		}
		want := strings.Repeat("UP UP UP UP DOWN DOWN DOWN DOWN ", 5)
		if text := strings.Trim(fmt.Sprint(got), "[]"); !strings.HasPrefix(want, text) {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	})
}

func TestAHangingCheckIsDownAndNotCalledAgainUntilItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked calls
		hangs := func(context.Context) health.Component { // whatever its context says
			time.Sleep(time.Minute)
			return health.Component{Status: health.Up}
		}
		h := newHealth(t, health.Config{Checks: map[string]health.Check{"hangs": asked.counted(hangs), "well": up}})
		began := time.Now()
		first := h.Now(t.Context())
		if waited := time.Since(began); waited > 2*time.Second {
			t.Errorf("the answer took %v, want at most 2s", waited)
		}
		if got := asJSON(t, first.Components["hangs"]); got != `{"status":"DOWN","details":{"error":"no answer in time"}}` {
			t.Errorf("hangs: got %s", got)
		}
		if first.Status != health.Down || first.Components["well"].Status != health.Up {
			t.Errorf("got %+v, want DOWN, well UP", first)
		}
		for time.Since(began) < time.Minute {
			asking := time.Now()
			if got := h.Now(t.Context()); got.Status != health.Down {
				t.Fatalf("after %v: got %s, want DOWN", time.Since(began), got.Status)
			}
			if waited := time.Since(asking); waited != 0 {
				t.Errorf("after %v: waited %v for a check that is known to hang", time.Since(began), waited)
			}
			time.Sleep(time.Second)
		}
		if begun, _ := asked.seen(); begun != 1 {
			t.Errorf("called %d times while it hung, want once", begun)
		}
		time.Sleep(2 * time.Second) // it has returned, and whoever asks now asks anew
		h.Now(t.Context())
		if begun, most := asked.seen(); begun != 2 || most != 1 {
			t.Errorf("called %d times, %d at once; want 2 times, 1 at once", begun, most)
		}
		time.Sleep(time.Minute) // the bubble ends with its goroutines
	})
}

func TestACheckThatHeedsItsContextSaysWhatItKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(t, health.Config{Checks: map[string]health.Check{
			"table": health.Table("messages", func(ctx context.Context) (int64, string, error) {
				<-ctx.Done()
				return 0, "", fmt.Errorf("describing table messages: %w", ctx.Err())
			}),
		}})
		got := asJSON(t, h.Now(t.Context()).Components["table"])
		if want := `{"status":"DOWN","details":{"error":"no answer in time","tableName":"messages"}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestNobodyWaitsLongerThanTwoSecondsWhateverTheChecksDo(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		takes := rapid.SliceOfN(rapid.IntRange(0, 4000), 1, 6).Draw(r, "milliseconds that the checks take")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 4000), 1, 8).Draw(r, "milliseconds between questions")
		synctest.Test(t, func(t *testing.T) {
			checks := map[string]health.Check{}
			for i, ms := range takes {
				checks[fmt.Sprint(i)] = func(ctx context.Context) health.Component {
					time.Sleep(time.Duration(ms) * time.Millisecond)
					return up(ctx)
				}
			}
			h := newHealth(t, health.Config{Checks: checks})
			for _, pause := range pauses {
				began := time.Now()
				got := h.Now(t.Context())
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("checks of %v ms: waited %v", takes, waited)
				}
				if len(got.Components) != len(takes) {
					t.Errorf("checks of %v ms: %d components, want %d", takes, len(got.Components), len(takes))
				}
				time.Sleep(time.Duration(pause) * time.Millisecond)
			}
			time.Sleep(5 * time.Second)
		})
	})
}

func TestACheckThatPanicsIsDownAndTold(t *testing.T) {
	var told []string
	h := newHealth(t, health.Config{
		Checks: map[string]health.Check{
			"panics": func(context.Context) health.Component { panic("a nil map") },
			"exits":  func(context.Context) health.Component { runtime.Goexit(); return health.Component{} },
			"well":   up,
		},
		Stumbled: func(_ context.Context, err error) { told = append(told, err.Error()) },
	})
	got := h.Now(t.Context())
	for _, name := range []string{"panics", "exits"} {
		if text := asJSON(t, got.Components[name]); text != `{"status":"DOWN","details":{"error":"the check broke off"}}` {
			t.Errorf("%s: got %s", name, text)
		}
	}
	if got.Status != health.Down || got.Components["well"].Status != health.Up {
		t.Errorf("got %+v, want DOWN, well UP", got)
	}
	if text := strings.Join(told, "; "); text != "checking panics: panic: a nil map" {
		t.Errorf("told %q", text)
	}
}

func TestACheckThatSaysNothingIsDown(t *testing.T) {
	h := newHealth(t, health.Config{Checks: map[string]health.Check{
		"silent": func(context.Context) health.Component { return health.Component{} },
	}})
	if got := h.Now(t.Context()); got.Status != health.Down || got.Components["silent"].Status != health.Down {
		t.Errorf("got %+v, want DOWN", got)
	}
}

func TestACallerWhoGoesAwayTakesNoAnswerFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked calls
		slow := func(ctx context.Context) health.Component {
			select {
			case <-ctx.Done():
				return down(ctx)
			case <-time.After(time.Second):
				return up(ctx)
			}
		}
		h := newHealth(t, health.Config{Checks: map[string]health.Check{"slow": asked.counted(slow)}})
		impatient, leave := context.WithCancel(t.Context())
		answers := make(chan health.Report, 2)
		go func() { answers <- h.Now(impatient) }()
		synctest.Wait()
		go func() { answers <- h.Now(t.Context()) }()
		synctest.Wait()
		leave()
		if got := <-answers; got.Status != health.Down || got.Components != nil {
			t.Errorf("who leaves gets %+v, want DOWN without components", got)
		}
		if got := <-answers; got.Status != health.Up {
			t.Errorf("who stays gets %+v, want UP", got)
		}
		for range 50 {
			if got := h.Now(impatient); got.Status != health.Up {
				t.Fatalf("an answer that is there: got %+v, want UP", got)
			}
		}
		if begun, _ := asked.seen(); begun != 1 {
			t.Errorf("called %d times, want once", begun)
		}
	})
}

func TestNewNamesTheCheckThatIsMissing(t *testing.T) {
	for want, checks := range map[string]map[string]health.Check{
		"no check for messageTable": {"messageTable": nil},
		"a check without a name":    {"": up},
	} {
		if _, err := health.New(health.Config{Checks: checks}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestTablesAndQueuesAreShownAsTheirReadersExpect(t *testing.T) {
	table := func(rows int64, status string, err error) health.Check {
		return health.Table("messages", func(context.Context) (int64, string, error) { return rows, status, err })
	}
	depth := func(waiting, inFlight int, err error) health.Depth {
		return func(context.Context) (int, int, error) { return waiting, inFlight, err }
	}
	away := errors.New("connection refused by https://someone:secret@queue.example/1?token=abc")
	for _, c := range []struct {
		name  string
		check health.Check
		want  string
	}{
		{"a table", table(1204, "ACTIVE", nil), `{"status":"UP","details":{"rows":1204,"tableName":"messages","tableStatus":"ACTIVE"}}`},
		{"a table that is updated", table(0, "UPDATING", nil), `{"status":"UP","details":{"rows":0,"tableName":"messages","tableStatus":"UPDATING"}}`},
		{"a table on its way out", table(7, "DELETING", nil), `{"status":"DOWN","details":{"rows":7,"tableName":"messages","tableStatus":"DELETING"}}`},
		{"a table to come", table(0, "CREATING", nil), `{"status":"DOWN","details":{"rows":0,"tableName":"messages","tableStatus":"CREATING"}}`},
		{"a table that nobody can reach", table(0, "", away), `{"status":"DOWN","details":{"error":"connection refused by (address)","tableName":"messages"}}`},
		{
			"a queue", health.Queue("events", depth(3, 1, nil), "dead", depth(5, 2, nil)),
			`{"status":"UP","details":{"dlqName":"dead","dlqStatus":"UP","messagesInFlight":"1","messagesOnDlq":"5","messagesOnQueue":"3","queueName":"events"}}`,
		},
		{
			"a queue that nobody can reach", health.Queue("events", depth(0, 0, away), "dead", depth(5, 2, nil)),
			`{"status":"DOWN","details":{"dlqName":"dead","dlqStatus":"UP","error":"connection refused by (address)","messagesOnDlq":"5","queueName":"events"}}`,
		},
		{
			"dead letters that nobody can reach", health.Queue("events", depth(3, 1, nil), "dead", depth(0, 0, away)),
			`{"status":"DOWN","details":{"dlqError":"connection refused by (address)","dlqName":"dead","dlqStatus":"DOWN","messagesInFlight":"1","messagesOnQueue":"3","queueName":"events"}}`,
		},
		{"a version", health.Info("2026-11-21.4"), `{"status":"UP","details":{"version":"2026-11-21.4"}}`},
	} {
		if got := asJSON(t, c.check(t.Context())); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
