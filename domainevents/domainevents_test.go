package domainevents_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ptpu"
	"ptpu/domainevents"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// published is one event that was handed to the topic.
type published struct {
	Body       string
	Attributes map[string]string
}

// topic remembers what was published. It fails when told to.
type topic struct {
	published []published
	err       error
}

func (f *topic) Publish(_ context.Context, body string, attributes map[string]string) error {
	f.published = append(f.published, published{body, attributes})
	return f.err
}

var (
	added    = ptpu.IdentifierChange{CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A"}
	replaced = ptpu.IdentifierChange{CRN: "X100004", OffenderNo: "A1114BC", Previous: "A9999BC", BookNumber: "41004A"}
	summer   = time.Date(2026, 7, 1, 12, 30, 15, 250_000_000, time.UTC)
	winter   = time.Date(2026, 1, 15, 12, 30, 0, 0, time.UTC)
)

// Others read these bytes: a change of them is a change of a promise.
func TestGoldenBodies(t *testing.T) {
	for name, c := range map[string]struct {
		change ptpu.IdentifierChange
		since  time.Time
	}{
		"added":   {added, summer},
		"updated": {replaced, winter},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".golden")
			got := announce(t, c.change, c.since).Body
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		change ptpu.IdentifierChange
		want   map[string]string
	}{
		"added": {added, map[string]string{
			"eventType": "probation-case.prison-identifier.added", "eventId": "d58b3f6e-7921-5a2c-b2b8-d659e717c6c2",
		}},
		"updated": {replaced, map[string]string{
			"eventType": "probation-case.prison-identifier.updated", "eventId": "2e3e2b0b-9f14-5527-b678-5b685c777599",
		}},
	} {
		if diff := cmp.Diff(c.want, announce(t, c.change, summer).Attributes); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

// Subscribers tell a second copy by its id, however late it comes.
func TestAnEventPublishedAgainHasTheSameID(t *testing.T) {
	for _, change := range []ptpu.IdentifierChange{added, replaced} {
		first, second := announce(t, change, summer).Attributes["eventId"], announce(t, change, winter).Attributes["eventId"]
		if first != second || first != domainevents.ID(change) {
			t.Errorf("%s: got ids %s, then %s, want both %s", change.CRN, first, second, domainevents.ID(change))
		}
		if id, err := uuid.Parse(first); err != nil || id.Version() != 5 {
			t.Errorf("%s: got id %s, want a UUID of version 5", change.CRN, first)
		}
	}
}

func TestEachChangeHasAnIDOfItsOwn(t *testing.T) {
	changes := map[string]ptpu.IdentifierChange{
		"added":               added,
		"another person":      {CRN: "X100002", OffenderNo: "A1111BC", BookNumber: "41001A"},
		"another NOMS number": {CRN: "X100001", OffenderNo: "A2222BC", BookNumber: "41001A"},
		"another book number": {CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001B"},
		"replaced":            {CRN: "X100001", OffenderNo: "A1111BC", BookNumber: "41001A", Previous: "A9999BC"},
	}
	names := map[string]string{}
	for name, change := range changes {
		id := domainevents.ID(change)
		if other, ok := names[id]; ok {
			t.Errorf("%s and %s have the same id %s", name, other, id)
		}
		names[id] = name
	}
}

func TestOccurredAtIsLondonTime(t *testing.T) {
	for name, c := range map[string]struct {
		since  time.Time
		clock  string
		offset time.Duration
	}{
		"summer":                          {summer, "2026-07-01 13:30:15.25", time.Hour},
		"winter":                          {winter, "2026-01-15 12:30:00", 0},
		"the last second of winter time":  {time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC), "2026-03-29 00:59:59", 0},
		"the first second of summer time": {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), "2026-03-29 02:00:00", time.Hour},
		"the last second of summer time":  {time.Date(2026, 10, 25, 0, 59, 59, 0, time.UTC), "2026-10-25 01:59:59", time.Hour},
		"the first second of winter time": {time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), "2026-10-25 01:00:00", 0},
		"told in another zone":            {summer.In(time.FixedZone("elsewhere", -5*60*60)), "2026-07-01 13:30:15.25", time.Hour},
	} {
		var body struct {
			OccurredAt string `json:"occurredAt"`
		}
		if err := json.Unmarshal([]byte(announce(t, added, c.since).Body), &body); err != nil {
			t.Fatal(err)
		}
		got, err := time.Parse(time.RFC3339Nano, body.OccurredAt)
		if err != nil {
			t.Fatalf("%s: got occurredAt %q, want an ISO time with its offset", name, body.OccurredAt)
		}
		_, offset := got.Zone()
		clock := got.Format("2006-01-02 15:04:05.999999999")
		if !got.Equal(c.since) || clock != c.clock || time.Duration(offset)*time.Second != c.offset {
			t.Errorf("%s: got %s, want the clock to show %s with offset %s", name, body.OccurredAt, c.clock, c.offset)
		}
	}
}

func TestAnEventThatIsNotTakenIsAnError(t *testing.T) {
	away := errors.New("topic away")
	f := &topic{err: away}
	err := publisher(t, f).Announce(t.Context(), ptpu.Announcement{Change: added, Since: summer})
	if !errors.Is(err, away) || !strings.Contains(err.Error(), "X100001") || !strings.Contains(err.Error(), domainevents.IdentifierAdded) {
		t.Errorf("got error %v, want one that wraps %v and names event and CRN", err, away)
	}
	if len(f.published) != 1 {
		t.Errorf("published %d times, want once: the outbox tries again", len(f.published))
	}
}

func TestAnEventCarriesTheTraceOfItsAttempt(t *testing.T) {
	f := &topic{}
	trace := ptpu.TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if err := publisher(t, f).Announce(t.Context(), ptpu.Announcement{Change: added, Since: summer, Trace: trace}); err != nil {
		t.Fatal(err)
	}
	if got := f.published[0].Attributes["traceparent"]; got != string(trace) {
		t.Errorf("traceparent is %q, want %q", got, trace)
	}
}

func TestNewRefusesToPublishNowhere(t *testing.T) {
	if _, err := domainevents.New(nil); err == nil || !strings.Contains(err.Error(), "topic") {
		t.Errorf("got error %v, want one that names the topic", err)
	}
}

// announce is the one event that is published for the change.
func announce(t *testing.T, change ptpu.IdentifierChange, since time.Time) published {
	t.Helper()
	f := &topic{}
	if err := publisher(t, f).Announce(t.Context(), ptpu.Announcement{Change: change, Since: since}); err != nil {
		t.Fatal(err)
	}
	if len(f.published) != 1 {
		t.Fatalf("published %d events, want 1", len(f.published))
	}
	return f.published[0]
}

func publisher(t *testing.T, f *topic) *domainevents.Publisher {
	t.Helper()
	p, err := domainevents.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
