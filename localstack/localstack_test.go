package localstack_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"ptpu/localstack"
)

// signingKey is made once: a key takes longer than all the tests that need one.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// site is a world behind a real server, with a caller who has a token.
type site struct {
	*localstack.World
	t      *testing.T
	url    string
	bearer string
}

// open serves the world of the configuration until the test ends.
func open(t *testing.T, cfg localstack.Config) *site {
	t.Helper()
	if cfg.SigningKey == nil {
		cfg.SigningKey = signingKey()
	}
	world, err := localstack.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(world.Handler())
	t.Cleanup(func() {
		// What hangs is let go first: the server waits for it.
		if err := world.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	s := &site{World: world, t: t, url: server.URL}
	s.bearer = s.token("ptpu", "ptpu-secret")
	if err := world.ResetCounts(); err != nil {
		t.Fatal(err)
	}
	return s
}

// with opens a world in memory with the people given.
func with(t *testing.T, people localstack.People) *site {
	t.Helper()
	return open(t, localstack.Config{People: people})
}

func (s *site) token(id, secret string) string {
	s.t.Helper()
	var granted struct {
		Token string `json:"access_token"`
	}
	status, body := s.grant(id, secret, url.Values{"grant_type": {"client_credentials"}})
	if status != http.StatusOK {
		s.t.Fatalf("asking for a token: got %d %s", status, body)
	}
	s.decode(body, &granted)
	return granted.Token
}

func (s *site) grant(id, secret string, form url.Values) (int, []byte) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.url+"/auth/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.SetBasicAuth(id, secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, s.all(response)
}

// try makes a call that may fail on its way.
func (s *site) try(method, path string, body any) (*http.Response, error) {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.bearer)
	request.Header.Set("User-Agent", "ptpu/test")
	request.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	return http.DefaultClient.Do(request)
}

// call makes a call that must be answered.
func (s *site) call(method, path string, body any) (int, []byte) {
	s.t.Helper()
	response, err := s.try(method, path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, s.all(response)
}

// get reads a path into a value, and wants 200.
func (s *site) get(path string, into any) {
	s.t.Helper()
	status, body := s.call(http.MethodGet, path, nil)
	if status != http.StatusOK {
		s.t.Fatalf("GET %s: got %d %s", path, status, body)
	}
	s.decode(body, into)
}

func (s *site) decode(body []byte, into any) {
	s.t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		s.t.Fatalf("reading %s: %v", body, err)
	}
}

func (s *site) all(response *http.Response) []byte {
	s.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return body
}

// jo is somebody in Delius who has a NOMS number and one sentence to serve.
func jo(alter ...func(*localstack.Offender)) localstack.Offender {
	o := localstack.Offender{
		CRN: "X100001", FirstName: "Jo", Surname: "Tester", DateOfBirth: "1980-03-04",
		NomsNumber: "A1111BC", PNC: "2006/0123456X", CRO: "123456/06T",
		Events: []localstack.Event{{
			Index: "1", Active: true, SentenceStart: "2026-02-11",
			Custody: &localstack.Custody{Status: localstack.AboutToStart},
		}},
	}
	for _, change := range alter {
		change(&o)
	}
	return o
}

// inside is jo's booking.
func inside() localstack.Booking {
	return localstack.Booking{
		BookingID: 1300101, BookingNo: "41001A", OffenderNo: "A1111BC", FirstName: "Jo", LastName: "Tester",
		DateOfBirth: "1980-03-04", AgencyID: "MDI", Active: true,
	}
}

func offenders(all ...localstack.Offender) localstack.People {
	return localstack.People{Bookings: []localstack.Booking{inside()}, Offenders: all}
}
