package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"ptpu"
	"ptpu/deadletters"
	"ptpu/listener"
	"ptpu/localstack"
)

// onceLimit is how long one run of all samples may take.
const onceLimit = 2 * time.Minute

// expiredSample is the name under which the seeded old message is shown.
const expiredSample = "status-expired-seeded"

// row is one line of the table that ptpu local --once prints.
type row struct {
	Event     string         `json:"event"`
	BookingID ptpu.BookingID `json:"bookingId"` // 0: the notice names none
	// State is the message's, or IGNORED or DEAD_LETTER for a notice that never
	// became one; Reason says why, where the state alone does not.
	State  string   `json:"state"`
	Reason string   `json:"reason,omitempty"`
	CRNs   []string `json:"crns"`
	// Changes are what changed in Delius, each as "field: from → to".
	Changes []string `json:"changes"`
}

// once puts every sample through, prints what came of each, and fails when that
// is not what the sample promises.
func (l *local) once(ctx context.Context, out io.Writer, asJSON bool) error {
	ctx, stop := context.WithTimeout(ctx, onceLimit)
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { l.service.run(ctx) })
	l.feed(ctx, 0)
	rows, broken, err := l.settled(ctx)
	stop()
	running.Wait()
	if err != nil {
		return err
	}
	if err := printRows(out, rows, asJSON); err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d of %d samples broke their promise:\n%s", len(broken), len(localstack.Samples())+1, strings.Join(broken, "\n"))
	}
	return nil
}

// settled waits until every sample has its first outcome, and returns the table
// and the promises that were not kept.
func (l *local) settled(ctx context.Context) (rows []row, broken []string, err error) {
	samples := append(localstack.Samples(), localstack.Sample{
		Name:    expiredSample,
		Promise: localstack.Promise{BookingID: localstack.ExpiredBookingID, State: string(ptpu.Expired)},
	})
	for _, sample := range samples {
		var outcome sampleOutcome
		for {
			if outcome, err = l.outcome(context.WithoutCancel(ctx), sample); err != nil {
				return nil, nil, err
			}
			if outcome.settled {
				break
			}
			select {
			case <-ctx.Done():
				outcome.settled = true
				broken = append(broken, sample.Name+": no outcome in time")
			case <-l.narrator.heard:
				continue
			}
			break
		}
		rows = append(rows, outcome.rows...)
		broken = append(broken, outcome.breaks(sample)...)
	}
	return rows, broken, nil
}

// sampleOutcome is what came of one sample so far.
type sampleOutcome struct {
	settled  bool
	rows     []row
	messages []ptpu.Message
	ignored  ptpu.Reason
	dead     string
	changes  []localstack.Change
}

// outcome looks at what came of a sample: in the store, in what was ruled, and
// among the dead letters.
func (l *local) outcome(ctx context.Context, sample localstack.Sample) (sampleOutcome, error) {
	var o sampleOutcome
	booking := ptpu.BookingID(sample.Promise.BookingID)
	var err error
	if booking != 0 {
		if o.messages, err = l.service.store.Messages(ctx, booking); err != nil {
			return o, err
		}
		for _, change := range l.world.Changes() {
			if change.BookingID == int64(booking) {
				o.changes = append(o.changes, change)
			}
		}
	}
	for _, m := range o.messages {
		r := row{Event: sample.Name, BookingID: booking, State: string(m.State), Reason: string(m.Reason), CRNs: texts(m.MatchingCRNs)}
		if m.State != ptpu.Superseded {
			r.Changes = describe(o.changes)
		}
		o.rows = append(o.rows, r)
	}
	unheard := 0
	for id, body := range distinct(sample.Notices) {
		if slices.ContainsFunc(o.messages, func(m ptpu.Message) bool { return m.ID == id }) {
			continue
		}
		ruling, ok := l.narrator.ruling(id)
		switch {
		case ok && ruling.Decision == ptpu.Ignored:
			o.ignored = ruling.Reason
			o.rows = append(o.rows, row{Event: sample.Name, BookingID: booking, State: "IGNORED", Reason: string(ruling.Reason)})
		case ok && ruling.Decision == ptpu.Stored:
		default:
			if o.dead, ok, err = l.deadLetter(ctx, body); err != nil {
				return o, err
			}
			if !ok {
				unheard++
				continue
			}
			o.rows = append(o.rows, row{Event: sample.Name, BookingID: booking, State: "DEAD_LETTER", Reason: o.dead})
		}
	}
	waiting := slices.ContainsFunc(o.messages, func(m ptpu.Message) bool { return m.Open() && m.Attempts == 0 })
	o.settled = unheard == 0 && !waiting && len(o.rows) > 0
	return o, nil
}

// distinct gives each notice of a sample once, by the identity that ptpu knows
// it by; one that nobody can read, by its body.
func distinct(notices []localstack.Notice) map[ptpu.MessageID]string {
	bodies := map[ptpu.MessageID]string{}
	for _, notice := range notices {
		body := string(notice.Body)
		id, ok := listener.IDOf(body, notice.Attributes)
		if !ok {
			id = ptpu.MessageID(body)
		}
		bodies[id] = body
	}
	return bodies
}

// deadLetter looks for a notice among the dead letters and says why it is there.
func (l *local) deadLetter(ctx context.Context, body string) (why string, ok bool, err error) {
	if l.dead[body] == "" {
		for {
			found, err := l.backend.deadLetters.Receive(ctx, 10, 0, onceLimit)
			if err != nil {
				return "", false, fmt.Errorf("looking at the dead letters: %w", err)
			}
			if len(found) == 0 {
				break
			}
			for _, d := range found {
				l.dead[d.Body] = d.Attributes[deadletters.AttributeWhy]
			}
		}
	}
	why, ok = l.dead[body]
	return why, ok, nil
}

// breaks lists where the outcome is not what the sample promises.
func (o sampleOutcome) breaks(sample localstack.Sample) []string {
	var broken []string
	want := func(what, got, promised string) {
		if got != promised {
			broken = append(broken, fmt.Sprintf("%s: %s is %q, promised %q", sample.Name, what, got, promised))
		}
	}
	p := sample.Promise
	want("ignored", string(o.ignored), p.Ignored)
	want("dead letter", fmt.Sprint(o.dead != ""), fmt.Sprint(p.DeadLetter))
	var state, reason, crns string
	superseded := 0
	for _, m := range o.messages {
		if m.State == ptpu.Superseded {
			superseded++
			continue
		}
		state, reason, crns = string(m.State), string(m.Reason), ptpu.JoinCRNs(m.MatchingCRNs)
	}
	want("state", state, p.State)
	want("superseded", fmt.Sprint(superseded), fmt.Sprint(p.Superseded))
	want("CRNs", crns, strings.Join(p.CRNs, ", "))
	if p.Reason != "" {
		want("reason", reason, p.Reason)
	}
	var fields []string
	for _, change := range o.changes {
		fields = append(fields, change.Field)
	}
	slices.Sort(fields)
	want("changed in Delius", strings.Join(slices.Compact(fields), ", "), strings.Join(p.Change, ", "))
	return broken
}

func texts(crns []ptpu.CRN) []string {
	list := make([]string, 0, len(crns))
	for _, crn := range crns {
		list = append(list, string(crn))
	}
	return list
}

func describe(changes []localstack.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, fmt.Sprintf("%s %s: %s → %s", c.CRN, c.Field, nothing(c.From), nothing(c.To)))
	}
	return list
}

func nothing(value string) string {
	if value == "" {
		return "–"
	}
	return value
}

// printRows prints the table, or the same as JSON.
func printRows(out io.Writer, rows []row, asJSON bool) error {
	if asJSON {
		for i := range rows {
			rows[i].CRNs, rows[i].Changes = listed(rows[i].CRNs), listed(rows[i].Changes)
		}
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EVENT\tBOOKING\tSTATE\tCRNS\tCHANGED IN DELIUS")
	for _, r := range rows {
		booking := "–"
		if r.BookingID != 0 {
			booking = r.BookingID.String()
		}
		state := r.State
		if r.Reason != "" {
			state += " (" + r.Reason + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Event, booking, state, few(r.CRNs), summary(r.Changes))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := text.WriteTo(out)
	return err
}

// few shows the first of many.
func few(values []string) string {
	const most = 3
	if len(values) <= most {
		return strings.Join(values, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(values[:most], ", "), len(values)-most)
}

// summary names what changed for each person, with the key dates as a number.
func summary(changes []string) string {
	var parts []string
	dates := 0
	for _, change := range changes {
		field, _, _ := strings.Cut(change, ":")
		if strings.Contains(field, " keyDates.") {
			dates++
			continue
		}
		parts = append(parts, change)
	}
	if dates > 0 {
		parts = append(parts, fmt.Sprintf("%d key dates", dates))
	}
	return strings.Join(parts, "; ")
}

// listed makes an empty list of none, so that JSON shows [] and not null.
func listed(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}
