package upstreamtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/upstream"
)

// Answered makes one call of a client and names what its result lacks and must
// never lack; empty when it is complete. The body is that of the answer, for what
// a result cannot show of it.
type Answered func(ctx context.Context, api upstream.API, body []byte) (lacks string, err error)

// Arbitrary fuzzes the calls with arbitrary answers. Whatever is answered, a
// call returns a whole result of a 200, or a *ptpu.CallError that repeats no
// part of the answer. It begins with the samples in testdata, and the seeds;
// together they must know every field that is read.
func Arbitrary(f *testing.F, c upstream.Config, calls map[string]Answered, seeds ...string) {
	f.Helper()
	bodies := append(samples(f), seeds...)
	names := slices.Sorted(maps.Keys(calls))
	for _, call := range names {
		for _, body := range bodies {
			f.Add(call, uint16(http.StatusOK), "application/json", "", []byte(body))
		}
		canaries := []byte(`{"developerMessage": "bookingNumber ` + strings.Join(Canaries, " ") + `"}`)
		f.Add(call, uint16(http.StatusNotFound), "text/html; charset=utf-8", "", canaries)
		f.Add(call, uint16(http.StatusNotFound), "Application/Problem+JSON;", "", canaries)
		f.Add(call, uint16(http.StatusServiceUnavailable), "", "18446744073709551616", []byte(nil))
		f.Add(call, uint16(http.StatusTooManyRequests), "", "Fri, 31 Dec 9999 23:59:59 GMT", canaries)
	}
	said := wording(bodies)
	f.Fuzz(func(t *testing.T, name string, status uint16, contentType, retryAfter string, body []byte) {
		answer := arbitrary{status: 100 + int(status-100)%900, body: body, header: http.Header{}}
		answer.header.Set("Content-Type", contentType)
		answer.header.Set("Retry-After", retryAfter)
		if calls[name] == nil {
			name = names[crc32.ChecksumIEEE([]byte(name))%uint32(len(names))]
		}
		// In a bubble, because a call is repeated after a pause.
		synctest.Test(t, func(t *testing.T) {
			lacks, err := calls[name](t.Context(), answer.api(t, c), body)
			if err != nil {
				answer.wantHarmless(t, name, err, said)
			} else if lacks != "" || answer.status != http.StatusOK {
				t.Errorf("%s takes %d %q, want an error: it lacks %q", name, answer.status, body, lacks)
			}
		})
	})
}

// arbitrary is one answer, given to every request.
type arbitrary struct {
	status int
	header http.Header
	body   []byte
}

// RoundTrip implements http.RoundTripper.
func (a arbitrary) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

func (a arbitrary) api(t *testing.T, c upstream.Config) upstream.API {
	t.Helper()
	c.Version, c.Base = "test", a
	client, err := upstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	base, err := upstream.ParseBase("https://neighbour.example", false)
	if err != nil {
		t.Fatal(err)
	}
	return upstream.API{Name: "neighbour", Base: base, HTTP: client}
}

func (a arbitrary) wantHarmless(t *testing.T, call string, err error, said *regexp.Regexp) {
	t.Helper()
	var failure *ptpu.CallError
	if !errors.As(err, &failure) {
		t.Fatalf("%s answered with %d %q: got error %v, want a *ptpu.CallError", call, a.status, a.body, err)
	}
	if failure.Status != a.status && (failure.Status != 0 || a.status/100 != 2) || failure.RetryAfter < 0 || failure.RetryAfter > time.Hour {
		t.Errorf("%s answered with %d: status %d, to be left alone for %s", call, a.status, failure.Status, failure.RetryAfter)
	}
	if !said.MatchString(err.Error()) {
		t.Errorf("%s answered with %d %q: error %q, want words of our own and names of fields", call, a.status, a.body, err)
	}
}

// wording is everything that an error may say: our own words, and where an
// answer is wrong by the names of fields that the samples know.
func wording(samples []string) *regexp.Regexp {
	var names []string
	for name := range fieldsOf(samples) {
		names = append(names, regexp.QuoteMeta(name))
	}
	slices.Sort(names)
	var kinds []string
	for _, kind := range []error{ptpu.ErrNotFound, ptpu.ErrConflict, ptpu.ErrUnavailable, ptpu.ErrDenied, ptpu.ErrRefused} {
		kinds = append(kinds, kind.Error())
	}
	field := "(" + strings.Join(names, "|") + ")"
	return regexp.MustCompile(fmt.Sprintf(`^neighbour [A-Z]+ /[A-Za-z/{}-]+: (%s)( \(status [0-9]{3}\))?`+
		`(: unreadable answer(: (at|without) %s(\.%s)*)?|: a gateway's answer, not the API's)?$`, strings.Join(kinds, "|"), field, field))
}

// fieldsOf are the names of all fields in the JSON texts.
func fieldsOf(texts []string) map[string]bool {
	names := map[string]bool{}
	var gather func(any)
	gather = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, inner := range value {
				names[name] = true
				gather(inner)
			}
		case []any:
			for _, inner := range value {
				gather(inner)
			}
		}
	}
	for _, text := range texts {
		var value any
		if json.Unmarshal([]byte(text), &value) == nil {
			gather(value)
		}
	}
	return names
}

func samples(f *testing.F) []string {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("samples: %v, %v", files, err)
	}
	var bodies []string
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	return bodies
}
