package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/telemetry"
)

type replies = func(w http.ResponseWriter, r *http.Request, n int, items []item)

// status answers every request with the status and nothing else.
func status(code int, header ...string) replies {
	return func(w http.ResponseWriter, _ *http.Request, _ int, _ []item) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// hang never answers.
func hang(_ http.ResponseWriter, r *http.Request, _ int, _ []item) { <-r.Context().Done() }

func TestAnEventWaitsAFewSecondsForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &ingestion{}
		i, _ := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
		defer closeInsights(t, i)
		want := func(requests, events int) {
			t.Helper()
			synctest.Wait()
			if r, accepted := endpoint.got(); r != requests || len(accepted) != events {
				t.Errorf("after %v: got %d events in %d requests, want %d in %d", time.Since(start), len(accepted), r, events, requests)
			}
		}
		i.Track(traceID, numbered(0), happened)
		time.Sleep(4 * time.Second)
		i.Track(traceID, numbered(1), happened)
		want(0, 0)
		time.Sleep(time.Second)
		want(1, 2)
		for n := range 499 {
			i.Track(traceID, numbered(2+n), happened)
		}
		want(1, 2)
		i.Track(traceID, numbered(501), happened) // the batch is full
		want(2, 502)
		time.Sleep(time.Hour)
		want(2, 502)
	})
}

// start is when every bubble begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestEventsArriveOnceTheTroubleIsOver(t *testing.T) {
	const trouble = 10 * time.Minute
	for name, c := range map[string]struct {
		reply       replies // nil: the connection fails
		most, least int     // requests while it lasts
	}{
		"too many requests":                  {status(http.StatusTooManyRequests), 25, 10},
		"over the quota":                     {status(439), 25, 10},
		"the endpoint asks for five minutes": {status(http.StatusTooManyRequests, "Retry-After", "300"), 3, 2},
		"and for an instant":                 {status(http.StatusServiceUnavailable, "Retry-After", "Sat, 01 Jan 2000 00:09:00 GMT"), 8, 4},
		"and for nonsense":                   {status(http.StatusServiceUnavailable, "Retry-After", "soon"), 25, 10},
		"it fails":                           {status(http.StatusInternalServerError), 25, 10},
		"a gateway fails":                    {status(http.StatusBadGateway), 25, 10},
		"it is not for us":                   {status(http.StatusForbidden), 25, 10},
		"it hangs":                           {hang, 20, 8},
		"the connection fails":               {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				endpoint := &ingestion{}
				endpoint.reply = func(w http.ResponseWriter, r *http.Request, n int, items []item) {
					if time.Since(began) < trouble {
						c.reply(w, r, n, items)
						return
					}
					endpoint.accept(w, items)
				}
				broken := func() bool { return c.reply == nil && time.Since(began) < trouble }
				i, count := newInsights(t, telemetry.InsightsConfig{Transport: failing{broken, inProcess{endpoint}}})
				defer closeInsights(t, i)
				for n := range 20 {
					i.Track(traceID, numbered(n), happened)
				}
				time.Sleep(trouble - time.Second)
				synctest.Wait()
				requests, accepted := endpoint.got()
				if requests > c.most || requests < c.least || len(accepted) != 0 {
					t.Errorf("got %d requests while the trouble lasted, want %d to %d", requests, c.least, c.most)
				}
				time.Sleep(time.Minute + 6*time.Second) // the longest rest, and the time to gather
				if strings.Contains(name, "five minutes") {
					time.Sleep(4 * time.Minute)
				}
				synctest.Wait()
				if diff := cmp.Diff(upTo(20), endpoint.numbers()); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
				if sent, dropped := count.read(); sent != 20 || len(dropped) != 0 {
					t.Errorf("told %d sent and %v dropped, want 20 and none", sent, dropped)
				}
			})
		})
	}
}

// Events go where the connection string says and nowhere else. Until the
// endpoint takes them itself they wait.
func TestARedirectIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		elsewhere, endpoint := &ingestion{}, &ingestion{}
		endpoint.reply = func(w http.ResponseWriter, r *http.Request, n int, items []item) {
			if n == 1 {
				http.Redirect(w, r, "http://elsewhere.example/v2/track", http.StatusPermanentRedirect)
				return
			}
			endpoint.accept(w, items)
		}
		byHost := transport(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "elsewhere.example" {
				return inProcess{elsewhere}.RoundTrip(r)
			}
			return inProcess{endpoint}.RoundTrip(r)
		})
		i, count := newInsights(t, telemetry.InsightsConfig{Transport: byHost})
		i.Track(traceID, numbered(0), happened)
		closeInsights(t, i)
		if requests, _ := elsewhere.got(); requests != 0 {
			t.Errorf("elsewhere got %d requests, want none", requests)
		}
		if sent, dropped := count.read(); sent != 1 || len(dropped) != 0 {
			t.Errorf("got %d sent and %v dropped, want the event sent at the second try", sent, dropped)
		}
	})
}

func TestAnEndpointMayNotAskForMoreThanAnHour(t *testing.T) {
	for name, ask := range map[string]string{"seconds": "2000000000", "a date": "Fri, 31 Dec 2100 23:59:59 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			endpoint := &ingestion{reply: status(http.StatusTooManyRequests, "Retry-After", ask)}
			i, _ := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
			i.Track(traceID, numbered(0), happened)
			time.Sleep(59 * time.Minute)
			synctest.Wait()
			if requests, _ := endpoint.got(); requests != 1 {
				t.Errorf("%s: got %d requests in the first hour, want 1", name, requests)
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if requests, _ := endpoint.got(); requests != 2 {
				t.Errorf("%s: got %d requests, want another one after an hour", name, requests)
			}
			closeBy(t, i, time.Second)
		})
	}
}

// An hour without the endpoint: what fits the queue arrives when it is back, in
// order, and the rest is counted.
func TestAnHourOfOutageKeepsWhatFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		broken := func() bool { return time.Since(began) < time.Hour }
		endpoint := &ingestion{}
		i, count := newInsights(t, telemetry.InsightsConfig{Transport: failing{broken, inProcess{endpoint}}})
		tracked := 0
		for broken() {
			for range 10 {
				i.Track(traceID, numbered(tracked), happened)
				tracked++
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		sent, dropped := count.read()
		full := dropped[telemetry.DroppedFull]
		if held := tracked - full - sent; sent != 0 || held > 10_500 || held < 10_000 {
			t.Errorf("got %d held and %d sent at the end of the outage, want the queue's 10000 and a batch of 500 at most, and none", held, sent)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		numbers := endpoint.numbers()
		if !slices.Equal(numbers, upTo(len(numbers))) || len(numbers) != tracked-full {
			t.Errorf("got %d events a minute after the outage, want the oldest %d in order", len(numbers), tracked-full)
		}
		i.Track(traceID, numbered(tracked), happened)
		tracked++
		closeInsights(t, i)
		if sent, dropped := count.read(); sent+dropped[telemetry.DroppedFull] != tracked || len(dropped) != 1 {
			t.Errorf("got %d sent and %v dropped, want %d in all", sent, dropped, tracked)
		}
	})
}

func TestTrackNeverWaitsForAnEndpointThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &ingestion{reply: hang}
		i, count := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
		const tracked = 25_000
		for n := range tracked {
			i.Track(traceID, numbered(n), happened)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("tracking took %v, want no time", took)
		}
		_, dropped := count.read()
		if full := dropped[telemetry.DroppedFull]; full < tracked-10_500 || full > tracked-10_000 {
			t.Errorf("got %d dropped, want all but the queue's 10000 and perhaps a batch of 500", full)
		}
		closeBy(t, i, 7*time.Second)
		sent, dropped := count.read()
		if sent+dropped[telemetry.DroppedFull]+dropped[telemetry.DroppedClosed] != tracked {
			t.Errorf("got %d sent and %v dropped, want %d in all", sent, dropped, tracked)
		}
	})
}

// closeBy closes with a deadline that is not enough, and wants it kept.
func closeBy(t *testing.T, i *telemetry.Insights, deadline time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	began := time.Now()
	err := i.Close(ctx)
	if took := time.Since(began); err == nil || took != deadline {
		t.Errorf("closing took %v and gave %v, want %v and an error that tells of lost events", took, err, deadline)
	}
}

func TestCloseTriesAgainWhileItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &ingestion{}
		endpoint.reply = func(w http.ResponseWriter, r *http.Request, n int, items []item) {
			if time.Since(start) < 63*time.Second {
				status(http.StatusTooManyRequests, "Retry-After", "600")(w, r, n, items)
				return
			}
			endpoint.accept(w, items)
		}
		i, _ := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
		for n := range 600 {
			i.Track(traceID, numbered(n), happened)
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := i.Close(ctx); err != nil {
			t.Errorf("got error %v, want all sent within the deadline", err)
		}
		if diff := cmp.Diff(upTo(600), endpoint.numbers()); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

// A batch of which some were taken: only what may yet be taken goes again.
func TestWhatWasAcceptedIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &ingestion{}
		endpoint.reply = func(w http.ResponseWriter, _ *http.Request, n int, items []item) {
			if n > 1 {
				endpoint.accept(w, items)
				return
			}
			endpoint.take(items[0], items[2])
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, `{"itemsReceived":5,"itemsAccepted":2,"errors":[
				{"index":4,"statusCode":500,"message":"try later"},
				{"index":3,"statusCode":400,"message":"too old"},
				{"index":1,"statusCode":429,"message":"too many"},
				{"index":77,"statusCode":500},{"index":-1,"statusCode":500},{"statusCode":500}]}`)
		}
		i, count := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
		for n := range 5 {
			i.Track(traceID, numbered(n), happened)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]int{0, 2, 1, 4}, endpoint.numbers()); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if sent, dropped := count.read(); sent != 4 || dropped[telemetry.DroppedRefused] != 1 {
			t.Errorf("told %d sent and %v dropped, want 4 and 1 refused", sent, dropped)
		}
		closeInsights(t, i)
	})
}

func TestWhatIsRefusedDoesNotHoldUpTheRest(t *testing.T) {
	for name, refuse := range map[string]replies{
		"a bad request":  status(http.StatusBadRequest),
		"not found":      status(http.StatusNotFound),
		"too large":      status(http.StatusRequestEntityTooLarge),
		"no content":     status(http.StatusNoContent),
		"unreadable 206": status(http.StatusPartialContent),
	} {
		synctest.Test(t, func(t *testing.T) {
			endpoint := &ingestion{}
			endpoint.reply = func(w http.ResponseWriter, r *http.Request, n int, items []item) {
				if n == 1 {
					refuse(w, r, n, items)
					return
				}
				endpoint.accept(w, items)
			}
			i, count := newInsights(t, telemetry.InsightsConfig{Transport: inProcess{endpoint}})
			for n := range 510 {
				i.Track(traceID, numbered(n), happened)
			}
			synctest.Wait()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			sent, dropped := count.read()
			if refused := dropped[telemetry.DroppedRefused]; refused == 0 || sent+refused != 510 || sent < 10 {
				t.Errorf("%s: got %d sent and %v dropped, want the first batch refused and the second one sent", name, sent, dropped)
			}
			closeInsights(t, i)
		})
	}
}

// An answer without end is cut off, and its status counts.
func TestAnAnswerIsReadOnlySoFar(t *testing.T) {
	endless := transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(spaces{}), Request: r}, nil
	})
	i, count := newInsights(t, telemetry.InsightsConfig{Transport: endless})
	i.Track(traceID, numbered(0), happened)
	closeInsights(t, i)
	if sent, _ := count.read(); sent != 1 {
		t.Errorf("told %d sent, want 1", sent)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestTroubleIsToldOncePerMinuteAndWithoutTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		transport := failing{func() bool { return true }, nil}
		i, _ := newInsights(t, telemetry.InsightsConfig{Transport: transport, Log: newLogger(t, &out, "info", "json")})
		i.Track(traceID, numbered(0), happened)
		time.Sleep(10*time.Minute + time.Second)
		closeBy(t, i, time.Second)
		if strings.Contains(out.String(), instrumentationKey) {
			t.Errorf("got the key in %s", out.String())
		}
		told := lines(t, &out)
		if len(told) < 5 || len(told) > 11 {
			t.Errorf("got %d lines in ten minutes, want one a minute at most:\n%s", len(told), out.String())
		}
		first := told[0]
		if first["level"] != "WARN" || first["error"] != "connection refused" || first["waiting"] != 1.0 {
			t.Errorf("got %v, want a warning of the one event that waits, and why", first)
		}
	})
}
