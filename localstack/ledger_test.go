package localstack_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRequestsAreCountedAndRecorded(t *testing.T) {
	s := with(t, offenders(jo()))
	s.move()
	s.move()
	s.call(http.MethodGet, "/prison-api/api/bookings/1300109?basicInfo=false", nil)
	s.call(http.MethodGet, "/prison-api/nowhere", nil)

	counts := s.Counts()
	for _, want := range []localstack.Count{
		{Upstream: localstack.CommunityAPI, Method: "PUT", Route: localstack.RouteCustody, Total: 2, Changed: 1, Statuses: map[int]int{200: 2}},
		{Upstream: localstack.PrisonAPI, Method: "GET", Route: localstack.RouteBooking, Total: 1, Statuses: map[int]int{404: 1}},
		{Upstream: localstack.PrisonAPI, Method: "GET", Route: localstack.RouteUnknown, Total: 1, Statuses: map[int]int{404: 1}},
		{Upstream: localstack.CommunityAPI, Method: "GET", Route: localstack.RouteCustody, Statuses: map[int]int{}},
	} {
		if diff := cmp.Diff(want, counts.Of(want.Upstream, want.Method, want.Route)); diff != "" {
			t.Errorf("count (-want +got):\n%s", diff)
		}
	}

	requests := s.Requests()
	want := localstack.Request{
		Upstream: localstack.CommunityAPI, Method: "PUT", Route: localstack.RouteCustody,
		Path: "/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A", Status: 200, Changed: true,
		Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", UserAgent: "ptpu/test",
	}
	if diff := cmp.Diff(want, requests[0], cmpopts.IgnoreFields(localstack.Request{}, "At")); diff != "" || len(requests) != 4 {
		t.Errorf("first of %d requests (-want +got):\n%s", len(requests), diff)
	}
	if time.Since(requests[0].At) > time.Minute || requests[1].Changed || requests[2].Path != "/api/bookings/1300109?basicInfo=false" {
		t.Errorf("requests: got %+v", requests)
	}

	writes := s.Writes()
	wantWrite := localstack.Write{
		Method: "PUT", Route: want.Route, Path: want.Path, NomsNumber: "A1111BC", BookingID: 1300101,
		Status: 200, Changed: true, Traceparent: want.Traceparent,
	}
	if diff := cmp.Diff(wantWrite, writes[0], cmpopts.IgnoreFields(localstack.Write{}, "At")); diff != "" || len(writes) != 2 {
		t.Errorf("first of %d writes (-want +got):\n%s", len(writes), diff)
	}

	if err := s.ResetCounts(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Requests()) + len(s.Counts().Routes) + len(s.Writes()) + len(s.Changes()) + len(s.Counts().MostWrites); n != 0 {
		t.Errorf("after a reset: got %d records, want none", n)
	}
}

func TestOldRequestsAreForgottenAndStillCounted(t *testing.T) {
	s := with(t, localstack.People{})
	handler := s.Handler()
	const n = 10_005
	for i := range n {
		request, err := http.NewRequest(http.MethodGet, fmt.Sprint("/auth/health/ping?n=", i), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(discard{}, request)
	}
	requests := s.Requests()
	if len(requests) != 10_000 || requests[0].Path != "/health/ping?n=5" || requests[9_999].Path != "/health/ping?n=10004" {
		t.Errorf("requests: got %d, from %s to %s", len(requests), requests[0].Path, requests[len(requests)-1].Path)
	}
	if got := s.Counts().Of(localstack.HMPPSAuth, "GET", localstack.RoutePing).Total; got != n {
		t.Errorf("count: got %d, want %d", got, n)
	}
}

// discard is a caller who does not listen.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func TestWritesInFlightPerPerson(t *testing.T) {
	s := with(t, offenders(jo()))
	if err := s.Misbehave(localstack.Fault{Effect: localstack.Hang}); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for _, write := range []struct{ path, number string }{
		{crnPath + "X100001/nomsNumber", "A1111BC"},
		{nomsPath + "A9999BC/nomsNumber", "A1111BC"},
		{crnPath + "X100002/nomsNumber", "A2222BC"},
	} {
		calls.Go(func() {
			if _, err := s.try(http.MethodPut, write.path, object{"nomsNumber": write.number}); err == nil {
				t.Errorf("PUT %s: got an answer, want none", write.path)
			}
		})
	}
	// All three hang by the time that the last has been counted.
	for arrived := 0; arrived < 3 && t.Context().Err() == nil; runtime.Gosched() {
		arrived = 0
		for _, count := range s.Counts().Routes {
			arrived += count.Total
		}
	}
	want := map[string]int{"A1111BC": 2, "A9999BC": 1, "X100001": 1, "X100002": 1, "A2222BC": 1}
	if diff := cmp.Diff(want, s.Counts().MostWrites); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
}
