package processor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ptpu"
	"ptpu/processor"
)

// journal is what all neighbours were asked, one line a call, in order.
type journal struct {
	lines []string
	// fails has the error of a call, by its line or by its first words.
	fails map[string]error
}

func (j *journal) ask(call string, args ...any) error {
	line := words(call, args...)
	j.lines = append(j.lines, line)
	if err, ok := j.fails[line]; ok {
		return err
	}
	return j.fails[call]
}

func words(call string, args ...any) string {
	return strings.TrimSuffix(fmt.Sprintln(append([]any{call}, args...)...), "\n")
}

// nomis answers what it was told to, also beside an error: nobody may look.
type nomis struct {
	*journal
	booking     ptpu.Booking
	sentence    ptpu.SentenceDetail
	terms       []ptpu.SentenceTerm
	movement    ptpu.Movement
	prisoner    ptpu.Prisoner
	identifiers []ptpu.Identifier
}

func (n *nomis) Booking(_ context.Context, id ptpu.BookingID) (ptpu.Booking, error) {
	return n.booking, n.ask("booking", id)
}

func (n *nomis) SentenceDetail(_ context.Context, id ptpu.BookingID) (ptpu.SentenceDetail, error) {
	return n.sentence, n.ask("sentence detail", id)
}

func (n *nomis) SentenceTerms(_ context.Context, id ptpu.BookingID) ([]ptpu.SentenceTerm, error) {
	return n.terms, n.ask("sentence terms", id)
}

func (n *nomis) Movement(_ context.Context, id ptpu.BookingID, sequence int64) (ptpu.Movement, error) {
	return n.movement, n.ask("movement", id, sequence)
}

func (n *nomis) Prisoner(_ context.Context, no ptpu.OffenderNo) (ptpu.Prisoner, error) {
	return n.prisoner, n.ask("prisoner", no)
}

func (n *nomis) MergedIdentifiers(_ context.Context, id ptpu.BookingID) ([]ptpu.Identifier, error) {
	return n.identifiers, n.ask("identifiers", id)
}

// delius takes every write. A number without a holder is not found.
type delius struct {
	*journal
	replaced map[ptpu.OffenderNo][]ptpu.CRN
	numbers  map[ptpu.CRN]ptpu.OffenderNo
	holders  map[ptpu.OffenderNo]ptpu.CRN
}

func (d *delius) SetOffenderNo(ctx context.Context, crn ptpu.CRN, no ptpu.OffenderNo) error {
	return d.write(ctx, ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: crn, OffenderNo: no})
}

func (d *delius) ReplaceOffenderNo(ctx context.Context, from, to ptpu.OffenderNo) ([]ptpu.CRN, error) {
	err := d.write(ctx, ptpu.Write{Kind: ptpu.ReplaceOffenderNo, Previous: from, OffenderNo: to})
	if err != nil {
		return nil, err
	}
	return d.replaced[from], nil
}

func (d *delius) SetBookNumber(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, primary ptpu.Date) error {
	return d.write(ctx, ptpu.Write{Kind: ptpu.SetBookNumber, OffenderNo: no, BookNumber: number, SentenceStart: primary})
}

func (d *delius) SetLocation(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, prison ptpu.PrisonCode) error {
	return d.write(ctx, ptpu.Write{Kind: ptpu.SetLocation, OffenderNo: no, BookNumber: number, Prison: prison})
}

func (d *delius) ReplaceKeyDates(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, dates ptpu.KeyDates) error {
	return d.write(ctx, ptpu.Write{Kind: ptpu.ReplaceKeyDates, OffenderNo: no, BookNumber: number, KeyDates: dates})
}

func (d *delius) OffenderNoOf(_ context.Context, crn ptpu.CRN) (ptpu.OffenderNo, error) {
	return d.numbers[crn], d.ask("number of", crn)
}

func (d *delius) HolderOf(_ context.Context, no ptpu.OffenderNo) (ptpu.CRN, error) {
	crn, ok := d.holders[no]
	if err := d.ask("holder of", no); err != nil {
		return "", err
	}
	if !ok {
		return "", failed(ptpu.ErrNotFound)
	}
	return crn, nil
}

func (d *delius) write(ctx context.Context, w ptpu.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	call, args := sent(w)
	return d.ask(call, args...)
}

// sent is what Delius is told by a write.
func sent(w ptpu.Write) (call string, args []any) {
	switch w.Kind {
	case ptpu.SetOffenderNo:
		args = []any{w.CRN, w.OffenderNo}
	case ptpu.ReplaceOffenderNo:
		args = []any{w.Previous, w.OffenderNo}
	case ptpu.SetBookNumber:
		args = []any{w.OffenderNo, w.BookNumber, w.SentenceStart}
	case ptpu.SetLocation:
		args = []any{w.OffenderNo, w.BookNumber, w.Prison}
	case ptpu.ReplaceKeyDates:
		body, err := json.Marshal(w.KeyDates)
		if err != nil {
			panic(err)
		}
		args = []any{w.OffenderNo, w.BookNumber, string(body)}
	}
	return string(w.Kind), args
}

// chain is the match chain, with its answer ready. searched is what it hands on
// when it fails.
type chain struct {
	*journal
	match    ptpu.Match
	searched ptpu.Match
	asker    ptpu.Booking
}

func (c *chain) Match(_ context.Context, b ptpu.Booking, p ptpu.Prisoner, primary ptpu.Date) (ptpu.Match, error) {
	c.asker = b
	if err := c.ask("match", b.OffenderNo, p.PNC, primary); err != nil {
		return c.searched, err
	}
	return c.match, nil
}

// trail fails the test when a write is sent that was not intended, out of turn,
// or other than it was intended.
type trail struct {
	*journal
	t       *testing.T
	steps   []ptpu.Step
	intents []ptpu.Write // durable and not sent yet
	lost    map[ptpu.WriteKind]error
	ended   bool // the claim's context has ended
	writes  int
	changed []ptpu.IdentifierChange
}

func (l *trail) Learned(step ptpu.Step) { l.steps = append(l.steps, step) }

func (l *trail) Intend(_ context.Context, writes ...ptpu.Write) error {
	if l.writes > 0 {
		l.t.Errorf("%d writes are intended after %d were sent, want all intents before the first", len(writes), l.writes)
	}
	kinds := make([]string, len(writes))
	for i, w := range writes {
		kinds[i] = string(w.Kind)
	}
	if err := l.ask("intend", strings.Join(kinds, ", ")); err != nil {
		return err
	}
	l.intents = slices.Clone(writes)
	return nil
}

func (l *trail) Write(ctx context.Context, w ptpu.Write, send func(context.Context) ([]ptpu.CRN, error)) error {
	if len(l.intents) == 0 || l.intents[0] != w {
		l.t.Errorf("%+v is sent, want the next of the intents %+v", w, l.intents)
	} else {
		l.intents = l.intents[1:]
	}
	if err := l.lost[w.Kind]; err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if l.ended {
		cancel()
	}
	before := len(l.lines)
	crns, err := send(ctx)
	call, args := sent(w)
	if got, want := l.lines[before:], words(call, args...); !l.ended && !slices.Equal(got, []string{want}) {
		l.t.Errorf("sent %q, intended %q", got, want)
	}
	l.writes++
	if err != nil {
		return err
	}
	for _, crn := range crns {
		l.changed = append(l.changed, w.Change(crn))
	}
	return nil
}

// world is the neighbours of a processor, on a good day: the person is told
// from others by a conviction, and Delius takes every write.
type world struct {
	*journal
	nomis   *nomis
	delius  *delius
	chain   *chain
	trail   *trail
	prisons ptpu.Prisons
}

const (
	bookingID ptpu.BookingID  = 1200835
	no        ptpu.OffenderNo = "A1111BC"
	number    ptpu.BookNumber = "41001A"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	j := &journal{fails: map[string]error{}}
	follows := 1
	return &world{
		journal: j,
		prisons: ptpu.NewPrisons("MDI", "LEI"),
		nomis: &nomis{
			journal: j,
			booking: ptpu.Booking{
				ID: bookingID, BookNumber: number, OffenderNo: no, Active: true, Agency: "MDI",
				Person: ptpu.Person{FirstName: "Canaria", Surname: "Birdwhistle", DateOfBirth: date(1984, 2, 29)},
			},
			sentence: ptpu.SentenceDetail{
				SentenceStart:              date(2026, 1, 5), // not the primary date
				ConditionalRelease:         date(2028, 11, 30),
				ConditionalReleaseOverride: date(2028, 12, 1),
				SentenceExpiry:             date(2031, 9, 10),
				Release:                    date(2028, 12, 1),
			},
			terms: []ptpu.SentenceTerm{
				{Start: date(2026, 1, 5), Sequence: 1},
				{Start: date(2026, 2, 11), Sequence: 2},
				{Start: date(2026, 8, 1), Sequence: 3, ConsecutiveTo: &follows},
			},
			movement: ptpu.Movement{OffenderNo: no, From: "LEI", To: "MDI", ToDescription: "Moorland (HMP & YOI)", Type: "ADM", Direction: "IN"},
			prisoner: ptpu.Prisoner{
				OffenderNo: no, PNC: "03/11999M", CRO: "SF39/655655B", LatestLocation: "Moorland (HMP & YOI)", ConvictedStatus: "Convicted",
			},
			identifiers: []ptpu.Identifier{{Type: "MERGED", Value: "A9999BC"}},
		},
		delius: &delius{
			journal:  j,
			replaced: map[ptpu.OffenderNo][]ptpu.CRN{"A9999BC": {"X100004"}, "A8888BC": {"X100008"}},
			numbers:  map[ptpu.CRN]ptpu.OffenderNo{},
			holders:  map[ptpu.OffenderNo]ptpu.CRN{},
		},
		chain: &chain{journal: j, match: ptpu.Match{
			MatchedBy: "NAME", Found: 2, Candidates: []ptpu.CRN{"X100001", "X100002"}, Filtered: true, Kept: []ptpu.CRN{"X100001"},
		}},
		trail: &trail{journal: j, t: t, lost: map[ptpu.WriteKind]error{}},
	}
}

// numberSet is the answer of the match chain for a person whose NOMS number
// Delius has.
func numberSet() ptpu.Match {
	return ptpu.Match{MatchedBy: ptpu.HMPPSKey, Found: 1, Candidates: []ptpu.CRN{"X100001"}, NumberAlreadySet: true}
}

func (w *world) processor(t *testing.T) *processor.Processor {
	t.Helper()
	p, err := processor.New(w.nomis, w.delius, w.chain, w.prisons)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// process makes an attempt, and checks that all its writes went by the trail.
func (w *world) process(t *testing.T, p ptpu.Payload) (ptpu.Outcome, error) {
	t.Helper()
	p.BookingID = bookingID
	m := ptpu.NewMessage("m1", p, "{}", ptpu.Booking{}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Hour)
	outcome, err := w.processor(t).Process(t.Context(), m, w.trail)
	if got := len(w.writes()); got != w.trail.writes && !w.trail.ended {
		t.Errorf("%d writes were sent, %d of them by the trail", got, w.trail.writes)
	}
	return outcome, err
}

// writes are the lines of the journal that changed something in Delius.
func (w *world) writes() []string {
	var writes []string
	for _, line := range w.lines {
		kind, _, _ := strings.Cut(line, " ")
		if slices.Contains(writeKinds, ptpu.WriteKind(kind)) {
			writes = append(writes, line)
		}
	}
	return writes
}

var writeKinds = []ptpu.WriteKind{
	ptpu.SetOffenderNo, ptpu.ReplaceOffenderNo, ptpu.SetBookNumber, ptpu.SetLocation, ptpu.ReplaceKeyDates,
}

// learnt are the facts of these names, as the world has them.
func (w *world) learnt(names string) ptpu.Facts {
	var facts ptpu.Facts
	for name := range strings.FieldsSeq(names) {
		switch name {
		case "sentence":
			facts.Sentence = &w.nomis.sentence
		case "booking":
			facts.Booking = &w.nomis.booking
		case "movement":
			facts.Movement = &w.nomis.movement
		case "prisoner":
			facts.Prisoner = &w.nomis.prisoner
		case "match":
			facts.Match = &w.chain.match
		default:
			panic("no fact is called " + name)
		}
	}
	return facts
}

// failed is a call that failed in this way.
func failed(kind error) *ptpu.CallError {
	return &ptpu.CallError{Upstream: "an-api", Method: "GET", Route: "/a/{route}", Status: 599, Kind: kind}
}

func date(year int, month time.Month, day int) ptpu.Date {
	return ptpu.Date{Year: year, Month: month, Day: day}
}
