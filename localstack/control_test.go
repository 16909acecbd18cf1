package localstack_test

import (
	"net/http"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

func (s *site) control(method, path string, body any, want int) {
	s.t.Helper()
	if status, text := s.call(method, "/control"+path, body); status != want {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, status, text, want)
	}
}

// Whatever Go can see and do, the control can.
func TestControl(t *testing.T) {
	s := with(t, offenders(jo()))
	stale := s.bearer

	s.control(http.MethodPost, "/faults", object{"route": localstack.RouteCustody, "effect": "answer", "status": 503, "count": 1}, 204)
	s.control(http.MethodPost, "/faults", []object{{"pathContains": "A1111BC", "effect": "answer", "status": 502}}, 204)
	for _, want := range []int{503, 502} {
		if got := s.move().Status; got != want {
			t.Errorf("struck: got %d, want %d", got, want)
		}
	}
	s.control(http.MethodDelete, "/faults", nil, 204)
	if got := s.move().Status; got != 200 {
		t.Errorf("no more faults: got %d, want 200", got)
	}

	var requests []localstack.Request
	s.get("/control/requests", &requests)
	compare(t, "requests", s.Requests(), requests)
	var counts localstack.Counts
	s.get("/control/counts", &counts)
	compare(t, "counts", s.Counts(), counts)
	var changes []localstack.Change
	s.get("/control/changes", &changes)
	compare(t, "changes", s.Changes(), changes)
	var writes []localstack.Write
	s.get("/control/writes", &writes)
	compare(t, "writes", s.Writes(), writes)
	if len(requests) != 3 || len(changes) != 1 || len(writes) != 3 {
		t.Errorf("got %d requests, %d changes, %d writes; want 3, 1, 3", len(requests), len(changes), len(writes))
	}

	s.control(http.MethodPost, "/reset-counts", nil, 204)
	for _, list := range []string{"/requests", "/changes", "/writes"} {
		if status, body := s.call(http.MethodGet, "/control"+list, nil); status != 200 || string(body) != "[]\n" {
			t.Errorf("%s after a reset: got %d %s, want an empty list", list, status, body)
		}
	}

	s.control(http.MethodPost, "/expire-tokens", nil, 204)
	if got := s.status(stale); got != 401 {
		t.Errorf("an expired token: got %d, want 401", got)
	}
	fresh := s.token("ptpu", "ptpu-secret")
	s.control(http.MethodPost, "/rotate-keys", nil, 204)
	if got := s.status(fresh); got != 401 {
		t.Errorf("a token of the old key: got %d, want 401", got)
	}
	s.control(http.MethodGet, "/nowhere", nil, 404)
}

func compare[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-in Go +by control):\n%s", what, diff)
	}
}

func TestPeopleComeAndChange(t *testing.T) {
	s := with(t, offenders(jo()))
	var people localstack.People
	s.get("/control/people", &people)
	compare(t, "people", s.People(), people)

	moved := inside()
	moved.AgencyID = "LEI"
	renamed := jo(func(o *localstack.Offender) { o.Surname, o.NomsNumber = "Changed", "" })
	other := jo(func(o *localstack.Offender) { o.CRN = "X100002" })
	s.control(http.MethodPut, "/people", localstack.People{
		Bookings: []localstack.Booking{moved}, Offenders: []localstack.Offender{renamed, other},
	}, 204)
	want := localstack.People{
		Bookings: []localstack.Booking{moved}, Offenders: []localstack.Offender{renamed, other},
	}
	compare(t, "people", want, s.People())

	// The search has forgotten the old name, and the number leads to its new holder.
	asked := object{"firstName": "Jo", "surname": "Tester", "dateOfBirth": "1980-03-04", "activeSentence": true}
	if diff := cmp.Diff(found{"ALL_SUPPLIED", []string{"X100002"}}, s.search(asked)); diff != "" {
		t.Errorf("search (-want +got):\n%s", diff)
	}
	asked["surname"], asked["nomsNumber"] = "Nobody", "A1111BC"
	if diff := cmp.Diff(found{"HMPPS_KEY", []string{"X100002"}}, s.search(asked)); diff != "" {
		t.Errorf("search (-want +got):\n%s", diff)
	}

	for name, wrong := range map[string]any{
		"a booking without an id":   object{"bookings": []object{{"offenderNo": "A1111BC", "bookingNo": "41001A", "dateOfBirth": "1980-01-01"}}},
		"a strange CRN":             object{"offenders": []object{{"crn": "1", "surname": "Tester"}}},
		"a strange NOMS number":     object{"offenders": []object{{"crn": "X100001", "surname": "Tester", "nomsNumber": "1"}}},
		"a fault that is none":      object{"faults": []object{{"effect": "explode"}}},
		"a field that is none":      object{"persons": []object{}},
		"a script of somebody else": object{"bookings": []any{scriptedAsAnother()}},
	} {
		if status, body := s.call(http.MethodPut, "/control/people", wrong); status != 400 {
			t.Errorf("%s: got %d %s, want 400", name, status, body)
		}
	}
	compare(t, "people after refusals", want, s.People())
}

func scriptedAsAnother() localstack.Booking {
	b, another := inside(), inside()
	another.BookingID++
	b.Later = &localstack.Later{Route: localstack.RouteBooking, Becomes: &another}
	return b
}
