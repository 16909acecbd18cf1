package localstack_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

// walker works off notices in the plainest way that the promises allow: no
// queue, no store, no retries. It is what the promises are measured by, and is
// written from the rules and not from anybody's code.
type walker struct{ *site }

type payload struct {
	EventType   string `json:"eventType"`
	Time        string `json:"eventDatetime"`
	BookingID   int64  `json:"bookingId"`
	StatusSeq   int    `json:"imprisonmentStatusSeq"`
	MovementSeq *int   `json:"movementSeq"`
}

// parse is false for what can never be validated.
func parse(n localstack.Notice) (p payload, id string, readable bool) {
	var envelope struct {
		MessageID string `json:"MessageId"`
		Message   string
	}
	if len(n.Body) > 256*1024 || json.Unmarshal(n.Body, &envelope) != nil {
		return payload{}, "", false
	}
	text := envelope.Message
	if envelope.MessageID == "" {
		text = string(n.Body)
	}
	if json.Unmarshal([]byte(text), &p) != nil || p.EventType == "" {
		return payload{}, "", false
	}
	switch p.EventType {
	case "EXTERNAL_MOVEMENT_RECORD-INSERTED":
		return p, envelope.MessageID, p.BookingID > 0 && p.MovementSeq != nil
	case "IMPRISONMENT_STATUS-CHANGED", "SENTENCE_DATES-CHANGED", "CONFIRMED_RELEASE_DATE-CHANGED", "BOOKING_NUMBER-CHANGED":
		return p, envelope.MessageID, p.BookingID > 0
	}
	return p, envelope.MessageID, true
}

// tell works a sample off, and says what came of it.
func (w walker) tell(sample localstack.Sample) localstack.Promise {
	var came localstack.Promise
	seen := map[string]bool{}
	var batch []payload
	for _, notice := range sample.Notices {
		p, id, readable := parse(notice)
		if !readable {
			came.DeadLetter = true
			continue
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		came.BookingID = p.BookingID
		if came.Ignored = w.reason(p); came.Ignored == "" {
			batch = append(batch, p)
		}
	}
	if len(batch) == 0 {
		return came
	}
	survivor := slices.MaxFunc(batch, func(a, b payload) int {
		if a.MovementSeq != nil {
			return *a.MovementSeq - *b.MovementSeq
		}
		return strings.Compare(a.Time, b.Time)
	})
	came.Superseded = len(batch) - 1
	before := len(w.Changes())
	came.State, came.Reason, came.CRNs = w.work(survivor)
	fields := map[string]bool{}
	for _, change := range w.Changes()[before:] {
		fields[change.Field] = true
	}
	came.Change = slices.Sorted(maps.Keys(fields))
	return came
}

func TestEverySampleKeepsItsPromise(t *testing.T) {
	w := walker{with(t, localstack.Invented())}
	for _, sample := range localstack.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			w.t = t
			if diff := cmp.Diff(sample.Promise, w.tell(sample), equateEmpty); diff != "" {
				t.Errorf("promised -, came +:\n%s", diff)
			}
		})
	}
}

func TestGeneratedPeopleComplete(t *testing.T) {
	const n, first = 20, 2_000_000
	w := walker{with(t, localstack.Generated(n, first))}
	for i := range int64(n) {
		state, _, crns := w.work(payload{EventType: "IMPRISONMENT_STATUS-CHANGED", BookingID: first + i})
		if state != "COMPLETED" || len(crns) != 1 {
			t.Errorf("booking %d: got %s %v, want COMPLETED with one CRN", first+i, state, crns)
		}
	}
	// Number, booking number, institution and seven dates of each.
	if got := len(w.Changes()); got != n*10 {
		t.Errorf("changes: got %d, want %d", got, n*10)
	}
}

// equateEmpty takes no list and an empty one for the same.
var equateEmpty = cmp.Transformer("joined", func(list []string) string { return strings.Join(list, ", ") })
