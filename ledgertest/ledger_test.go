package ledgertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/embedded/embeddedtest"
	"ptpu/faulttest"
	"ptpu/ledgertest"
	"ptpu/queue"
	queuesqlite "ptpu/queue/sqlite"
	"ptpu/table"
	"ptpu/table/sqlite"
	"ptpu/topic"
)

// account is a ledger with the seams below it.
type account struct {
	*ledgertest.Ledger
	t      *testing.T
	rows   table.Table // of pod-1
	other  table.Table // of pod-2
	events queue.Queue
	dead   queue.Queue
	topic  topic.Topic
	delius http.RoundTripper // of pod-1
	faults int
}

// heard is a topic that takes everything.
type heard struct{}

func (heard) Publish(context.Context, topic.Message) (string, error) { return "id", nil }

// open begins an account in a bubble.
func open(t *testing.T) *account {
	t.Helper()
	file := embeddedtest.Open(t, t.TempDir())
	rows, err := sqlite.Open(t.Context(), file, sqlite.Spec{Name: "rows", Indexes: []table.Index{{Name: "due"}}})
	if err != nil {
		t.Fatal(err)
	}
	a := &account{t: t}
	a.Ledger = ledgertest.New(ledgertest.Config{
		Holdback: 15 * time.Minute, Tick: time.Second, Zone: ptpu.London,
		Whose:  func(*http.Request) string { return "7" },
		Faults: func(string) int { return a.faults }, Refusals: func(string) int { return 0 },
		Disturbed: func() time.Time { return time.Time{} },
	})
	a.rows, a.other = a.Table("pod-1", rows), a.Table("pod-2", rows)
	identity := func(n queue.Notice) (string, bool) { return n.Body, n.Body != "" }
	for name, q := range map[string]*queue.Queue{"events": &a.events, "dead": &a.dead} {
		inner, err := queuesqlite.Open(t.Context(), file, queuesqlite.Spec{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		*q = a.Queue(inner, identity)
	}
	a.topic = a.Topic(heard{})
	a.delius = a.RoundTripper("pod-1", faulttest.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	return a
}

// in begins an account and holds that what is done breaks only this invariant,
// saying this; nothing when it is empty.
func in(t *testing.T, invariant, says string, do func(a *account)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		a := open(t)
		do(a)
		all := a.Violations()
		if invariant == "" {
			for _, v := range all {
				t.Errorf("found %s, want nothing wrong", v)
			}
			return
		}
		for _, v := range all {
			if v.Invariant == invariant && strings.Contains(v.String(), says) {
				return
			}
		}
		t.Errorf("found %v, want %s saying %q", all, invariant, says)
	})
}

// attributes of rows, changed by pairs of a name and a value.
type attributes map[string]any

func (a attributes) with(pairs ...any) attributes {
	changed := attributes{}
	for name, value := range a {
		changed[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		if changed[name] = pairs[i+1]; pairs[i+1] == nil {
			delete(changed, name)
		}
	}
	return changed
}

func at(instant time.Time) string { return instant.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// fresh is a new status message of booking 7.
func fresh(id string) attributes {
	now := time.Now()
	return attributes{
		"id": id, "bookingId": int64(7), "eventType": "IMPRISONMENT_STATUS-CHANGED", "status": "VALIDATED", "retryCount": int64(0),
		"createdDate": at(now), "firstSeen": at(now), "due": at(now.Add(15 * time.Minute)), "eventTime": at(now),
		"deleteBy": now.Add(30 * 24 * time.Hour).Unix(), "traceParent": "00-" + strings.Repeat("0", 31) + "7-0000000000000001-01",
	}
}

func message(a attributes) table.Action {
	id, _ := a["id"].(string)
	return table.Put(table.Item{Key: table.Key{Partition: "7", Sort: "message#" + id}, Attributes: table.Attributes(a)}, table.Always())
}

func claim(owner string, term int64, ended bool) table.Action {
	a := table.Attributes{"owner": owner, "term": term, "ended": ended}
	return table.Put(table.Item{Key: table.Key{Partition: "7", Sort: "claim"}, Attributes: a}, table.Always())
}

func (a *account) write(rows table.Table, actions ...table.Action) {
	a.t.Helper()
	if err := rows.Write(a.t.Context(), actions...); err != nil {
		a.t.Fatal(err)
	}
}

// stored stores a message, and lets it ripen.
func (a *account) stored(id string) attributes {
	a.t.Helper()
	a.Sent(ledgertest.Notice{ID: id, Booking: "7", EventType: "IMPRISONMENT_STATUS-CHANGED"})
	m := fresh(id)
	a.write(a.rows, message(m))
	time.Sleep(15 * time.Minute)
	return m
}

// settled ends an attempt on the message.
func settled(m attributes, state string, pairs ...any) attributes {
	now := time.Now()
	done := m.with("status", state, "attempts", int64(1), "processedDate", at(now), "due", nil, "deleteBy", now.Add(30*24*time.Hour).Unix())
	return done.with(pairs...)
}

// missed ends one with a business miss.
func missed(m attributes, due time.Time, pairs ...any) attributes {
	return m.with("status", "NO_MATCH", "attempts", int64(1), "retryCount", int64(1), "due", at(due)).with(pairs...)
}

// nextHour is when a short-tier retry is due.
func nextHour() time.Time { return time.Now().Truncate(time.Hour).Add(time.Hour) }

func TestGoodWorkBreaksNothing(t *testing.T) {
	in(t, "", "", func(a *account) {
		m := a.stored("n1")
		a.write(a.rows, claim("one", 1, false))
		m = missed(m, nextHour())
		a.write(a.rows, claim("one", 1, true), message(m))
		time.Sleep(time.Until(nextHour()))
		a.write(a.other, claim("two", 2, false))
		a.write(a.other, claim("two", 2, true), message(settled(m, "COMPLETED", "attempts", int64(2))))
		a.Settled(time.Second)
		a.NothingLost(nil, nil)
		if _, err := a.Agrees(a.t.Context(), a.rows); err != nil {
			a.t.Error(err)
		}
		a.MetricsAgree(0, `
ptpu_attempts_total{event_type="IMPRISONMENT_STATUS-CHANGED",state="NO_MATCH"} 1
ptpu_retries_scheduled_total{tier="short"} 1
`, `
ptpu_attempts_total{event_type="IMPRISONMENT_STATUS-CHANGED",state="COMPLETED"} 1
ptpu_messages_ended_total{event_type="IMPRISONMENT_STATUS-CHANGED",state="COMPLETED"} 1
ptpu_statusChangeCounter_total{type="total"} 1
ptpu_statusChangeCounter_total{type="success"} 1
`)
	})
}

func TestEveryWayToBreakAnInvariantIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		invariant, says string
		do              func(a *account)
	}{
		"a stale write of a claim": {"I3", "stale", func(a *account) {
			a.write(a.rows, claim("one", 1, false))
			time.Sleep(6 * time.Second)
			a.write(a.other, claim("two", 2, false))
			a.write(a.rows, claim("one", 1, false))
		}},
		"a claim that moves is taken": {"I3", "takes the claim", func(a *account) {
			a.write(a.rows, claim("one", 1, false))
			time.Sleep(4 * time.Second)
			a.write(a.other, claim("two", 2, false))
		}},
		"a message is changed without a claim": {"I3", "without writing the claim", func(a *account) {
			a.write(a.rows, message(settled(a.stored("n1"), "COMPLETED")))
		}},
		"a processed message is changed": {"I7", "processed as COMPLETED", func(a *account) {
			m := settled(a.stored("n1"), "COMPLETED")
			a.write(a.rows, claim("one", 1, false), message(m))
			a.write(a.rows, claim("one", 1, false), message(m.with("status", "EXPIRED")))
		}},
		"an attempt comes early": {"I6", "nothing of its booking was due", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false), message(missed(m, nextHour())))
			a.write(a.rows, claim("one", 1, true))
			a.write(a.rows, claim("one", 2, false))
			a.write(a.rows, claim("one", 2, true), message(missed(m, nextHour(), "attempts", int64(2), "retryCount", int64(2))))
		}},
		"an attempt comes late": {"I6", "after it was due", func(a *account) {
			a.stored("n1")
			time.Sleep(time.Minute)
			a.write(a.rows, claim("one", 1, false))
		}},
		"an outage counts": {"I6", "an outage consumes an attempt", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false))
			a.write(a.rows, claim("one", 1, true), message(missed(m, time.Now().Add(time.Minute), "status", "ERROR", "stumbles", int64(1))))
		}},
		"a retry is due at another hour": {"I6", "want 2000-01-01 01:00", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false))
			a.write(a.rows, claim("one", 1, true), message(missed(m, nextHour().Add(time.Hour))))
		}},
		"the older supersedes the newer": {"I2", "which is older", func(a *account) {
			older := a.stored("n1")
			newer := a.stored("n2")
			a.write(a.rows, claim("one", 1, false), message(older), message(settled(newer, "SUPERSEDED", "supersededBy", "n1", "attempts", nil)))
		}},
		"the clock restarts": {"I7", "takes its place as seen at", func(a *account) {
			older := a.stored("n1")
			newer := a.stored("n2")
			a.write(a.rows, claim("one", 1, false), message(newer), message(settled(older, "SUPERSEDED", "supersededBy", "n2", "attempts", nil)))
		}},
		"a message is poison for nothing": {"I5", "set aside as poison", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false), message(m.with("status", "ERROR", "reason", "poison", "due", nil)))
		}},
		"a message expires before its time": {"I7", "before its delete-by", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false), message(settled(m, "EXPIRED", "attempts", nil)))
		}},
		"a notice is deleted before it is stored": {"I1", "before anything of it is durable", func(a *account) {
			a.Sent(ledgertest.Notice{ID: "n1", Booking: "7"})
			a.write(a.rows, claim("one", 1, true))
			d := a.delivered("n1")
			if err := a.events.Delete(a.t.Context(), d.Receipt); err != nil {
				a.t.Fatal(err)
			}
		}},
		"a notice is nowhere": {"I1", "and is nowhere", func(a *account) {
			a.Sent(ledgertest.Notice{ID: "n1", Booking: "7"})
			a.NothingLost(map[string]int{"n2": 1}, nil)
		}},
		"a row is gone": {"I1", "is gone", func(a *account) {
			a.stored("n1")
			if _, err := a.Agrees(a.t.Context(), empty{}); err != nil {
				a.t.Error(err)
			}
		}},
		"nobody knows that it is stored": {"I7", "nobody says", func(a *account) {
			a.stored("n1")
			a.OwnSuccess(func(string) bool { return false })
		}},
		"a write without a claim": {"I3", "does not hold the claim", func(a *account) { a.put("MDI") }},
		"a write after the delete-by": {"I8", "after its delete-by", func(a *account) {
			a.stored("n1")
			time.Sleep(31 * 24 * time.Hour)
			a.put("MDI")
		}},
		"older data after newer": {"I2", "is set back", func(a *account) {
			a.stored("n1")
			a.write(a.rows, claim("one", 1, false))
			for _, prison := range []string{"MDI", "LEI"} {
				a.Fact("7", ledgertest.Institution, prison)
			}
			a.put("LEI")
			a.put("MDI")
		}},
		"what was never so": {"I2", "never so", func(a *account) { a.put("MDI") }},
		"Delius ends behind": {"I2", "Delius ends with institution", func(a *account) {
			a.Fact("7", ledgertest.Institution, "MDI")
			a.Newest(map[string]map[string]string{"7": {ledgertest.Institution: "LEI"}})
		}},
		"an effect is written again": {"I2", "was sent 3 times", func(a *account) {
			a.faults = 1
			a.stored("n1")
			a.write(a.rows, claim("one", 1, false))
			a.Fact("7", ledgertest.Institution, "MDI")
			for range 3 {
				a.put("MDI")
			}
			a.Repeats()
		}},
		"no event for a change": {"I4", "no event says so", func(a *account) {
			a.Announced([]ledgertest.Change{{Booking: "7", CRN: "X100001", To: "A1111BC"}})
		}},
		"an event for nothing": {"I4", "never told", func(a *account) { a.publish("e1") }},
		"an event with two ids": {"I4", "has id", func(a *account) {
			a.publish("e1")
			a.publish("e2")
		}},
		"an owed event is forgotten": {"I4", "no longer owed", func(a *account) {
			key := table.Key{Partition: "7", Sort: "outbox#x"}
			owed := table.Attributes{"change": `{"crn":"X100001","offenderNo":"A1111BC","bookNumber":"1"}`}
			a.write(a.rows, claim("one", 1, false), table.Put(table.Item{Key: key, Attributes: owed}, table.Always()))
			a.write(a.rows, claim("one", 1, true), table.Delete(key, table.Always()))
		}},
		"due work is left": {"I5", "was due at", func(a *account) {
			a.stored("n1")
			time.Sleep(time.Hour)
			a.Settled(time.Minute)
		}},
		"an open write is left": {"I5", "unfinished is left", func(a *account) {
			a.write(a.rows, table.Put(table.Item{Key: table.Key{Partition: "7", Sort: "unfinished#x"}}, table.Always()))
			a.Settled(time.Minute)
		}},
		"the metrics say less": {"I7", "the rows say 1, the metrics 0", func(a *account) {
			m := a.stored("n1")
			a.write(a.rows, claim("one", 1, false))
			a.write(a.rows, claim("one", 1, true), message(settled(m, "COMPLETED")))
			a.MetricsAgree(0, "")
		}},
		"the metrics say more": {"I7", "the rows say 0, the metrics 2", func(a *account) {
			a.MetricsAgree(5, `ptpu_movement_total{type="success"} 2`)
		}},
		"a name in a text": {"I9", "personal data in a log line", func(a *account) {
			a.NoCanary("a log line", []string{"FENWICK"}, `{"name":"Fenwick"}`)
		}},
	} {
		t.Run(name, func(t *testing.T) { in(t, c.invariant, c.says, c.do) })
	}
}

// Two deaths with the message in hand are reason enough.
func TestPoisonAfterTwoCutsIsRight(t *testing.T) {
	in(t, "", "", func(a *account) {
		m := a.stored("n1")
		a.write(a.rows, claim("one", 1, false))
		a.Cut("pod-1")
		time.Sleep(6 * time.Second)
		a.write(a.other, claim("two", 2, false))
		a.Cut("pod-2")
		time.Sleep(6 * time.Second)
		a.write(a.rows, claim("one", 3, false), message(m.with("status", "ERROR", "reason", "poison", "due", nil)))
		a.Settled(time.Second)
	})
}

func TestFaultsExcuseRepeatedWrites(t *testing.T) {
	in(t, "", "", func(a *account) {
		a.faults = 2
		a.stored("n1")
		a.write(a.rows, claim("one", 1, false))
		a.Fact("7", ledgertest.Institution, "MDI")
		for range 2 {
			a.put("MDI")
		}
		if writes, extra := a.Repeats(); writes != 2 || extra != 2 {
			a.t.Errorf("%d writes, %d of them extra; want 2 and 2, for no attempt came to an end", writes, extra)
		}
	})
}

// empty is a table without rows.
type empty struct{ table.Table }

func (empty) Query(context.Context, string, table.Range) (table.Page, error) {
	return table.Page{}, nil
}

func (a *account) delivered(body string) queue.Delivery {
	a.t.Helper()
	if _, err := a.events.Send(a.t.Context(), queue.Notice{Body: body}); err != nil {
		a.t.Fatal(err)
	}
	got, err := a.events.Receive(a.t.Context(), 1, 0, time.Minute)
	if err != nil || len(got) != 1 {
		a.t.Fatal(got, err)
	}
	return got[0]
}

// put has pod-1 set the location for the message of the trace.
func (a *account) put(prison string) {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), http.MethodPut,
		"http://delius/community-api/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A",
		strings.NewReader(`{"nomsPrisonInstitutionCode":"`+prison+`"}`))
	r.Header.Set("Traceparent", "00-"+strings.Repeat("0", 31)+"7-0000000000000002-01")
	response, err := a.delius.RoundTrip(r)
	if err != nil {
		a.t.Fatal(err)
	}
	response.Body.Close()
}

// publish has an event published.
func (a *account) publish(id string) {
	a.t.Helper()
	body := `{"eventType":"probation-case.prison-identifier.added","additionalInformation":{"bookingNumber":"1"},` +
		`"personReference":{"identifiers":[{"type":"CRN","value":"X100001"},{"type":"NOMS","value":"A1111BC"}]}}`
	if _, err := a.topic.Publish(a.t.Context(), topic.Message{Body: body, Attributes: map[string]string{"eventId": id}}); err != nil {
		a.t.Fatal(err)
	}
}
