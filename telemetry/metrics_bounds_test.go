package telemetry_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"ptpu"
	"ptpu/telemetry"
)

// Nothing that comes from outside, and no mistake in the wiring, may grow the
// number of series without end.
func TestOddLabelsDoNotGrowTheSeries(t *testing.T) {
	o, m := observed(t)
	tellOdd(t, o, m, 0, 2_000)
	before := len(series(t, m))
	tellOdd(t, o, m, 2_000, 12_000)
	after := series(t, m)
	if len(after) != before {
		t.Errorf("10,000 odd labels made %d series into %d", before, len(after))
	}
	for _, want := range []string{
		`ptpu_notices_total{event_type="other",decision="other"}`, `ptpu_notices_ignored_total{event_type="other",reason="other"}`,
		`ptpu_attempts_total{event_type="other",state="other"}`, `ptpu_http_request_duration_seconds{method="other",route="other",status="404"}`,
		`ptpu_lease_held{lease="other"}`, `ptpu_custom_events_dropped_total{reason="other"}`, `ptpu_queue_oldest_age_seconds{queue="other"}`,
	} {
		name, labels, _ := strings.Cut(strings.TrimSuffix(want, "}"), "{")
		found := false
		for _, line := range after {
			found = found || strings.HasPrefix(line, name) && containsAll(line, strings.Split(labels, ","))
		}
		if !found {
			t.Errorf("no series %s", want)
		}
	}
}

// tellOdd tells of things with labels that nobody has met before.
func tellOdd(t *testing.T, o *telemetry.Observer, m *telemetry.Metrics, from, to int) {
	t.Helper()
	ctx := t.Context()
	for i := from; i < to; i++ {
		odd := "ODD-" + strconv.Itoa(i)
		if i%7 == 3 {
			odd += "\xff\n\"" // no UTF-8, and what would end a label
		}
		message := ptpu.Message{EventType: ptpu.EventType(odd), State: ptpu.State(odd), Processed: noon}
		o.Ruled(ctx, ptpu.Ruling{Decision: ptpu.Decision(odd), Payload: ptpu.Payload{EventType: ptpu.EventType(odd)}})
		o.Ruled(ctx, ptpu.Ruling{Decision: ptpu.Ignored, Payload: ptpu.Payload{EventType: ptpu.EventType(odd)}, Reason: ptpu.Reason(odd)})
		o.Attempted(ctx, ptpu.Attempt{Before: message, After: message})
		o.Superseded(ctx, message)
		o.Expired(ctx, message, message)
		o.Poisoned(ctx, message)
		o.Did(ctx, odd, time.Second, nil)
		_, ended := o.Calling(odd)(ctx, odd, "/"+odd)
		ended(i%1000, nil)
		m.Served(odd, "GET /"+odd, i%1000, time.Second)
		m.LeaseHeld(odd, true)
		m.EventDropped(1, odd)
		m.QueueMeasured(odd, 1, 1, 1, time.Second, true)
	}
}

// A word that the domain gains must not drown in "other".
func TestTheDomainsOwnWordsAreLabels(t *testing.T) {
	o, m := observed(t)
	want := map[string]bool{}
	for _, decision := range words(t, "../decision.go", "Decision") {
		o.Ruled(t.Context(), ptpu.Ruling{Decision: ptpu.Decision(decision)})
		want[`decision="`+decision+`"`] = false
	}
	for _, reason := range words(t, "../matters.go", "Reason") {
		o.Ruled(t.Context(), ptpu.Ruling{Decision: ptpu.Ignored, Reason: ptpu.Reason(reason)})
		want[`reason="`+reason+`"`] = false
	}
	for _, state := range words(t, "../outcome.go", "State") {
		o.Attempted(t.Context(), ptpu.Attempt{After: ptpu.Message{State: ptpu.State(state)}})
		want[`state="`+state+`"`] = false
	}
	for _, line := range series(t, m) {
		for label := range want {
			want[label] = want[label] || strings.Contains(line, label)
		}
	}
	for label, shown := range want {
		if !shown {
			t.Errorf("no series has %s", label)
		}
	}
}

// words are the constants of a type that a file declares.
func words(t *testing.T, file, typeName string) []string {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(syntax, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && fmt.Sprint(spec.Type) == typeName && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				word, _ := strconv.Unquote(literal.Value) // the parser has checked it
				all = append(all, word)
			}
		}
		return true
	})
	if len(all) == 0 {
		t.Fatalf("%s declares no %s", file, typeName)
	}
	return all
}

// series are the lines of a scrape without their values.
func series(t *testing.T, m *telemetry.Metrics) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(scrape(t, m)) {
		if strings.HasPrefix(line, "ptpu_") {
			all = append(all, line[:strings.LastIndexByte(line, ' ')])
		}
	}
	return all
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
