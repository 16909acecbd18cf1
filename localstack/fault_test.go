package localstack_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

const movePath = nomsPath + "A1111BC/custody/bookingNumber/41001A"

// struck is what a caller of a struck route sees.
type struck struct {
	Status  int
	Header  string // of the one that matters
	Body    string
	Problem string // "no answer" or "broken off"
}

func (s *site) move() struck {
	s.t.Helper()
	response, err := s.try(http.MethodPut, movePath, object{"nomsPrisonInstitutionCode": "MDI"})
	if err != nil {
		return struck{Problem: "no answer"}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	seen := struck{Status: response.StatusCode, Header: response.Header.Get("Retry-After"), Body: string(body)}
	if err != nil {
		seen.Problem = "broken off"
	}
	return seen
}

func TestEachEffect(t *testing.T) {
	plain := with(t, offenders(jo())).move().Body
	for _, test := range []struct {
		name    string
		fault   localstack.Fault
		want    struck
		applied bool
	}{
		{"none", localstack.Fault{Latency: localstack.Delay(time.Nanosecond)}, struck{Status: 200, Body: plain}, true},
		{"too many requests", localstack.Fault{
			Effect: localstack.Answer, Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: "{}",
		}, struck{Status: 429, Header: "7", Body: "{}"}, false},
		{"an answer without a status", localstack.Fault{Effect: localstack.Answer}, struck{Status: 500}, false},
		{"reset", localstack.Fault{Effect: localstack.Reset}, struck{Problem: "no answer"}, false},
		{"garbage", localstack.Fault{Effect: localstack.Garbage}, struck{Status: 200, Body: "\x00\xff{]not json"}, false},
		{"huge", localstack.Fault{Effect: localstack.Huge, Size: 100_000}, struck{Status: 200, Body: strings.Repeat(" ", 100_000)}, false},
		{"a gzip bomb", localstack.Fault{Effect: localstack.Bomb, Size: 100_000}, struck{Status: 200, Body: strings.Repeat(" ", 100_000)}, false},
		{"a gateway's 404", localstack.Fault{Effect: localstack.GatewayGone}, struck{
			Status: 404, Body: "<html><body><h1>404 Not Found</h1><hr>nginx</body></html>",
		}, false},
		{"lost", localstack.Fault{Effect: localstack.Lost}, struck{Problem: "no answer"}, true},
		{"truncated", localstack.Fault{Effect: localstack.Truncate}, struck{
			Status: 200, Body: plain[:len(plain)/2], Problem: "broken off",
		}, true},
		{
			"a byte at a time",
			localstack.Fault{Effect: localstack.Drip, Pace: localstack.Delay(time.Microsecond)},
			struck{Status: 200, Body: plain},
			true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := with(t, offenders(jo()))
			test.fault.Route = localstack.RouteCustody
			if err := s.Misbehave(test.fault); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, s.move()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if applied := len(s.Changes()) == 1; applied != test.applied {
				t.Errorf("applied: got %t, want %t", applied, test.applied)
			}
			writes := s.Writes()
			if len(writes) != 1 || writes[0].Changed != test.applied || writes[0].Effect != test.fault.Effect {
				t.Errorf("writes: got %+v, want one, applied %t, by %q", writes, test.applied, test.fault.Effect)
			}
			s.Behave()
			if got := s.move(); got.Status != 200 || got.Body != plain {
				t.Errorf("without faults: got %+v, want the plain answer", got)
			}
		})
	}
}

func TestHangEndsWithItsCaller(t *testing.T) {
	s := with(t, offenders(jo()))
	if err := s.Misbehave(localstack.Fault{Upstream: localstack.PrisonAPI, Effect: localstack.Hang}); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: 20 * time.Millisecond}
	_, err := client.Get(s.url + "/prison-api/health/ping")
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a time-out", err)
	}
	// The other services answer; open's clean-up waits for the one that hangs.
	s.get("/community-api/health/ping", new(object))
}

func TestWhichCallsAreStruck(t *testing.T) {
	broken := func(f localstack.Fault) localstack.Fault {
		f.Effect, f.Status = localstack.Answer, 503
		return f
	}
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for _, test := range []struct {
		name  string
		fault localstack.Fault
		want  []int // of four calls
	}{
		{"all", localstack.Fault{}, []int{503, 503, 503, 503}},
		{"the first two", localstack.Fault{Count: 2}, []int{503, 503, 200, 200}},
		{"its service", localstack.Fault{Upstream: localstack.CommunityAPI}, []int{503, 503, 503, 503}},
		{"another service", localstack.Fault{Upstream: localstack.PrisonAPI}, []int{200, 200, 200, 200}},
		{"its method", localstack.Fault{Method: "put"}, []int{503, 503, 503, 503}},
		{"another method", localstack.Fault{Method: "POST"}, []int{200, 200, 200, 200}},
		{"its route", localstack.Fault{Route: localstack.RouteCustody}, []int{503, 503, 503, 503}},
		{"another route", localstack.Fault{Route: localstack.RouteKeyDates}, []int{200, 200, 200, 200}},
		{"its person", localstack.Fault{PathContains: "A1111BC"}, []int{503, 503, 503, 503}},
		{"another person", localstack.Fault{PathContains: "A2222BC"}, []int{200, 200, 200, 200}},
		{"its body", localstack.Fault{BodyContains: `"MDI"`}, []int{503, 503, 503, 503}},
		{"another body", localstack.Fault{BodyContains: `"LEI"`}, []int{200, 200, 200, 200}},
		{"an outage now", localstack.Fault{From: past, Until: future}, []int{503, 503, 503, 503}},
		{"an outage that is over", localstack.Fault{Until: past}, []int{200, 200, 200, 200}},
		{"an outage to come", localstack.Fault{From: future}, []int{200, 200, 200, 200}},
		{"always, by chance", localstack.Fault{Probability: 1}, []int{503, 503, 503, 503}},
		{"hardly ever, by chance", localstack.Fault{Probability: 1e-12}, []int{200, 200, 200, 200}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := with(t, offenders(jo()))
			if err := s.Misbehave(broken(test.fault)); err != nil {
				t.Fatal(err)
			}
			var got []int
			for range test.want {
				got = append(got, s.move().Status)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChanceRepeatsFromItsSeed(t *testing.T) {
	run := func(seed uint64) (statuses string) {
		s := with(t, offenders(jo()))
		fault := localstack.Fault{Effect: localstack.Answer, Status: 503, Probability: 0.5, Seed: seed}
		if err := s.Misbehave(fault); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			if s.move().Status == 503 {
				statuses += "x"
			} else {
				statuses += "."
			}
		}
		return statuses
	}
	first := run(1)
	if again := run(1); again != first {
		t.Errorf("the same seed: got %s, then %s", first, again)
	}
	if other := run(2); other == first {
		t.Errorf("another seed: got %s for both", other)
	}
	if !strings.Contains(first, "x") || !strings.Contains(first, ".") {
		t.Errorf("half of the calls: got %s", first)
	}
}

func TestLatencyStandsBesideAnEffect(t *testing.T) {
	s := with(t, offenders(jo()))
	const slow = 30 * time.Millisecond
	err := s.Misbehave(
		localstack.Fault{Latency: localstack.Delay(slow)},
		localstack.Fault{Effect: localstack.Answer, Status: 502, Count: 1},
		localstack.Fault{Effect: localstack.Answer, Status: 503, Count: 1},
	)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{502, 503, 200} {
		begun := time.Now()
		if got := s.move().Status; got != want || time.Since(begun) < slow {
			t.Errorf("call %d: got %d after %v, want %d after %v", i, got, time.Since(begun), want, slow)
		}
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	s := with(t, localstack.People{})
	for _, text := range []string{
		`{"effect":"explode"}`, `{"upstream":"prisonapi"}`, `{"probability":2}`, `{"count":-1}`,
		`{"effect":"answer","status":99}`, `{"latency":"soon"}`, `{"rout":"/match"}`, `[{"rout":"/match"}]`, `nonsense`,
	} {
		response, err := http.Post(s.url+"/control/faults", "application/json", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if body := s.all(response); response.StatusCode != http.StatusBadRequest || !json.Valid(body) {
			t.Errorf("%s: got %d %s, want 400", text, response.StatusCode, body)
		}
	}
	s.get("/auth/health/ping", new(object))
}
