package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	randv2 "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/faulttest"
	"ptpu/ledgertest"
	"ptpu/listener"
	"ptpu/localstack"
	"ptpu/queue"
	"ptpu/store"
	"ptpu/table"
	"ptpu/topic"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "the seed to simulate, or the first of -seeds")
	seedsFlag = flag.Int("seeds", 0, "how many seeds to simulate; 0 = the usual ones, or one when -seed is given")
	daysFlag  = flag.Int("days", 3, "how many days of events to simulate for each seed")
	stepsFlag = flag.Bool("steps", false, "print every step of the simulation")
)

// signingKey is that of every simulated hmpps-auth: making one takes a while.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// Pods work through weeks of events while everything around them goes wrong by
// a plan that a seed draws, in a bubble where time is free. An account kept
// outside of them holds every row, notice, event and write to the invariants.
func TestSimulation(t *testing.T) {
	runs := usualRuns()
	if *seedFlag != 0 || *seedsFlag != 0 {
		runs = nil
		for i := range max(1, *seedsFlag) {
			runs = append(runs, simulationRun{seed: max(1, *seedFlag) + uint64(i), days: *daysFlag})
		}
	}
	var mu sync.Mutex
	var sum tally
	t.Run("seeds", func(t *testing.T) {
		for _, run := range runs {
			t.Run(fmt.Sprintf("seed=%d,days=%d", run.seed, run.days), func(t *testing.T) {
				t.Parallel()
				got := &tally{}
				defer func() { // also when it fails
					mu.Lock()
					defer mu.Unlock()
					sum.add(got)
				}()
				simulate(t, run.seed, run.days, got)
			})
		}
	})
	if t.Log(&sum); sum.violations == 0 {
		t.Logf("the rate of failing seeds is below %.2g at 95 %%", 3/float64(len(runs)))
	}
}

type simulationRun struct {
	seed uint64
	days int
}

// usualRuns are what every test run simulates.
func usualRuns() []simulationRun {
	if raceDetector {
		return []simulationRun{{1, 1}}
	}
	runs := []simulationRun{{1, 7}}
	for seed := range uint64(4) {
		runs = append(runs, simulationRun{seed + 1, 3})
	}
	return runs
}

func TestTheSameSeedTakesTheSameSteps(t *testing.T) {
	if raceDetector {
		t.Skip("it would see no race that TestSimulation has not met, and takes minutes")
	}
	seed := max(1, *seedFlag)
	first, second := &tally{}, &tally{}
	simulate(t, seed, 2, first)
	simulate(t, seed, 2, second)
	for i := range min(len(first.trace), len(second.trace)) {
		if first.trace[i] != second.trace[i] {
			from := max(0, i-20)
			t.Fatalf("step %d is another:\n%s\nand then\n%s", i, strings.Join(first.trace[from:i+5], "\n"), strings.Join(second.trace[from:i+5], "\n"))
		}
	}
	if len(first.trace) != len(second.trace) || len(first.trace) == 0 {
		t.Fatalf("%d steps, and then %d", len(first.trace), len(second.trace))
	}
}

// tally is what a simulation went through.
type tally struct {
	seeds, notices, faults, cuts, steps, writes, extra, poison, violations int

	trace []string
}

func (t *tally) add(o *tally) {
	t.seeds += o.seeds
	t.notices += o.notices
	t.faults += o.faults
	t.cuts += o.cuts
	t.steps += o.steps
	t.writes += o.writes
	t.extra += o.extra
	t.poison += o.poison
	t.violations += o.violations
}

func (t *tally) String() string {
	return fmt.Sprintf("%d violations in n = %d seeds, %d notices, %d steps, %d writes to Delius (%d of them repeated), %d faults, %d pods cut off, %d messages set aside for a throttled table",
		t.violations, t.seeds, t.notices, t.steps, t.writes, t.extra, t.faults, t.cuts, t.poison)
}

// simulation is one world with its pods.
type simulation struct {
	t      *testing.T
	seed   uint64
	days   int
	random *randv2.Rand

	start, faultsEnd, end time.Time

	settings   settings
	world      *localstack.World
	neighbours http.RoundTripper
	faults     *faulttest.Faults
	ledger     *ledgertest.Ledger
	backend    *backend
	// The seams as all pods share them.
	rows         table.Table
	events, dead queue.Queue
	topic        topic.Topic

	lives          []*life
	whose          directory
	canaries       []string
	dates, numbers int
	scatter        time.Duration // how much later than usual notices come

	agenda  []item
	pods    []*pod
	ends    []func() // of every pod that ever was
	born    int
	cutting float64 // the chance of a cut at a step
	cuts    int
	running sync.WaitGroup
	scrapes []string
	logs    *canaryWriter
	sent    int

	mu      sync.Mutex
	trouble time.Time
	holds   map[string]func() bool // whether each pod holds back its work
	trace   []string
	steps   int
	draws   map[string]*randv2.Rand
}

// item is something that happens by itself.
type item struct {
	at time.Time
	n  int // decides between items of one instant
	do func()
}

func (s *simulation) at(at time.Time, do func()) {
	s.agenda = append(s.agenda, item{at: at, n: len(s.agenda), do: do})
	slices.SortStableFunc(s.agenda, func(a, b item) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.n, b.n)) })
}

func (s *simulation) in(d time.Duration, do func()) { s.at(time.Now().Add(d), do) }

// step notes a step.
func (s *simulation) step(format string, args ...any) {
	line := time.Now().UTC().Format(instantLayout) + fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	s.trace = append(s.trace, line)
	if *stepsFlag {
		fmt.Println(line)
	}
}

// draw is a number below n that a pod draws for itself, whatever others do
// beside it.
func (s *simulation) draw(pod, what string, n int) int { return s.source(pod + " " + what).IntN(n) }

// order is the order in which a pod looks at the shards.
func (s *simulation) order(p *pod) []int { return s.source(p.name + " order").Perm(store.Shards) }

func (s *simulation) source(name string) *randv2.Rand {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draws[name] == nil {
		sum := sha256.Sum256([]byte(name))
		s.draws[name] = randv2.New(randv2.NewPCG(s.seed, uint64(sum[0])<<8|uint64(sum[1])|uint64(sum[2])<<16))
	}
	return s.draws[name]
}

// The seasons in which simulations begin, each with something about the calendar.
var seasons = []time.Time{
	time.Date(2000, time.March, 24, 21, 0, 0, 0, time.UTC),    // the clocks go forward
	time.Date(2000, time.October, 27, 21, 0, 0, 0, time.UTC),  // and back
	time.Date(2000, time.February, 27, 21, 0, 0, 0, time.UTC), // a leap day
	time.Date(2000, time.December, 29, 21, 0, 0, 0, time.UTC), // a new year
	time.Date(2000, time.June, 10, 9, 0, 0, 0, time.UTC),      // summer time throughout
}

// simulate simulates days of events from a seed, in a bubble of its own, and
// says what it went through. A violation ends the test.
func simulate(t *testing.T, seed uint64, days int, got *tally) {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{t: t, seed: seed, days: days, random: randv2.New(randv2.NewPCG(seed, 0)), holds: map[string]func() bool{}, draws: map[string]*randv2.Rand{}}
		s.open(key)
		s.run()
		*got = s.close()
	})
}

// open builds the world.
func (s *simulation) open(key *rsa.PrivateKey) {
	t := s.t
	time.Sleep(time.Until(seasons[s.seed%uint64(len(seasons))]) + time.Duration(s.random.Int64N(int64(6*time.Hour))))
	s.start = time.Now()
	s.faultsEnd = s.start.Add(time.Duration(s.days) * 24 * time.Hour)
	s.end = s.faultsEnd.Add(27 * time.Hour)

	tick := []string{"1000", "10000"}[s.random.IntN(2)]
	environ := worldSettings("http://127.0.0.1")
	for name, value := range map[string]string{
		"PTPU_DATA_DIR": t.TempDir(), "PRISONTOPROBATION_ONLY_PRISONS": localstack.InterestedPrisons,
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY": tick, "PTPU_AUDIT_RETENTION": "2400h",
	} {
		environ[name] = value
	}
	var err error
	if s.settings, err = readSettings(environ); err != nil {
		t.Fatal(err)
	}
	if s.backend, err = openBackend(t.Context(), s.settings, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.backend.close(); err != nil {
			t.Error(err)
		}
	})
	people := s.populate(20 + s.random.IntN(21))
	if s.world, err = localstack.Open(localstack.Config{People: people, SigningKey: key, TokenLife: 4 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.world.Close() })
	s.neighbours = faulttest.InProcess(s.world.Handler())

	// Of five seeds one cuts no pod off, so that the metrics have to agree exactly.
	if s.seed%5 != 0 {
		s.cutting = []float64{0.01, 0.03, 0.1}[s.random.IntN(3)]
	}
	s.faults = faulttest.New(faulttest.Plan{
		Seed: s.seed, Rules: s.forecast(s.start, s.faultsEnd), Whose: s.whose.whoseRequest,
		InHand: func(process string) string { return s.ledger.InHand(process) },
		Told: func(c faulttest.Call, kind faulttest.Kind, err error) {
			s.step("  %s %s %s %s #%d %s %t", c.Process, c.Seam, c.Op, c.Key, c.Time, kind, err != nil)
		},
	})
	s.ledger = ledgertest.New(ledgertest.Config{
		Holdback: time.Duration(s.settings.Holdback), Tick: time.Duration(s.settings.ProcessorDelay), Zone: ptpu.London,
		Whose: s.whose.whoseRequest, Faults: s.faults.Struck, Refusals: s.faults.Refused, Disturbed: s.disturbed,
		PoisonUnfounded: true,
	})
	s.logs = &canaryWriter{s: s}
	s.rows = s.faults.Lagging(s.backend.rows, "due")
	identity := func(n queue.Notice) (string, bool) {
		id, ok := listener.IDOf(n.Body, n.Attributes)
		return string(id), ok
	}
	s.events, s.dead = s.ledger.Queue(s.backend.events, identity), s.ledger.Queue(s.backend.deadLetters, identity)
	s.topic = s.ledger.Topic(s.backend.topic)

	for _, l := range s.lives {
		s.tellFacts(l)
		s.plan(l)
		s.seedOld(l)
	}
	s.planOthers()
	for range 2 + s.random.IntN(2) {
		s.startPod()
	}
}

// disturbed is when something was wrong last: a fault, a pod that stood still or
// was not there yet, a neighbour that is held.
func (s *simulation) disturbed() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.holds {
		if held() {
			s.trouble = time.Now()
		}
	}
	if last := s.faults.Last(); last.After(s.trouble) {
		return last
	}
	return s.trouble
}

// troubled notes that something is wrong until then.
func (s *simulation) troubled(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until.After(s.trouble) {
		s.trouble = until
	}
}

// seedOld stores a message that has waited for nearly a month.
func (s *simulation) seedOld(l *life) {
	var left time.Duration
	switch l.kind {
	case outOfTime, lateInTheDay:
		left = time.Duration(20+s.random.IntN(24)) * time.Hour
	case justInTime:
		left = time.Duration(40+s.random.IntN(24)) * time.Hour
	default:
		return
	}
	rows, err := store.New(store.Config{Rows: s.ledger.Table("seeding", s.rows), AuditRetention: time.Duration(s.settings.AuditRetention)})
	if err != nil {
		s.t.Fatal(err)
	}
	created := s.start.Add(left - ptpu.Retention)
	payload := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: ptpu.BookingID(l.booking.BookingID), EventTime: created}
	id := "seeded-" + l.id()
	m := ptpu.NewMessage(ptpu.MessageID(id), payload, mustJSON(statusEvent()), ptpu.Booking{}, created, 0)
	m.State, m.Retries, m.Attempts, m.Due = ptpu.NoMatch, 14, 14, s.settings.rhythm().Next(ptpu.Long, s.start)
	m.Trace = ptpu.TraceParent(fmt.Sprintf("00-%032d-0000000000000001-01", l.booking.BookingID))
	s.ledger.Sent(ledgertest.Notice{ID: id, Booking: l.id(), EventType: string(m.EventType), Seeded: true})
	_, err = rows.Add(s.t.Context(), m, ptpu.Entry{
		At: created, BookingID: m.BookingID, MessageID: m.ID, EventType: m.EventType, Kind: ptpu.EntryStored, State: ptpu.Validated,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	mendAt := map[string]time.Duration{justInTime: left / 3, lateInTheDay: left - time.Hour, outOfTime: 0}[l.kind]
	if mendAt > 0 {
		s.at(s.start.Add(mendAt), func() { s.mend(l) })
	}
}

// planOthers plans what is about no person: notices that nobody can read, keys,
// tokens.
func (s *simulation) planOthers() {
	length := s.faultsEnd.Sub(s.start)
	some := func() time.Time { return s.start.Add(time.Duration(s.random.Int64N(int64(length * 9 / 10)))) }
	// Late, because housekeeping looks at them again and again.
	lateOn := func() time.Time {
		return s.start.Add(length*8/10 + time.Duration(s.random.Int64N(int64(length/10))))
	}
	for i, body := range []string{
		"garbage", `{"eventType":"IMPRISONMENT_STATUS-CHANGED"}`, `{"eventType":"SENTENCE_DATES-CHANGED","bookingId":"a lot"}`, "\xff\xfe", `[[[[`,
	} {
		s.at(lateOn(), func() {
			n := queue.Notice{Body: body}
			if i%2 == 0 {
				n.Body = notice(fmt.Sprintf("malformed-%d", i), body)
			}
			s.deliver(n, []time.Duration{0})
		})
	}
	for range s.days {
		s.at(some(), func() {
			if err := s.world.ExpireTokens(); err != nil {
				s.t.Fatal(err)
			}
			s.step("every token expires")
		})
	}
	s.at(some(), func() {
		if err := s.world.RotateKeys(); err != nil {
			s.t.Fatal(err)
		}
		s.step("the keys are rotated")
	})
}

// noticeOf wraps an event as SNS does, or not at all: both forms are in use.
func (s *simulation) noticeOf(id string, event map[string]any) queue.Notice {
	if s.random.IntN(4) > 0 {
		return queue.Notice{Body: notice(id, mustJSON(event))}
	}
	eventType, _ := event["eventType"].(string)
	delete(event, "eventType")
	return queue.Notice{Body: mustJSON(event), Attributes: map[string]string{"eventType": eventType}}
}

// deliver puts a notice on the queue after each of the delays.
func (s *simulation) deliver(n queue.Notice, delays []time.Duration) {
	id, readable := listener.IDOf(n.Body, n.Attributes)
	sent := ledgertest.Notice{ID: string(id), Malformed: !readable || listener.Hopeless(n.Body, n.Attributes) != nil}
	sent.Booking, sent.EventType = subjectOf(n)
	sent.Unknown = !sent.Malformed && !ptpu.EventType(sent.EventType).Known()
	for _, delay := range delays {
		s.in(delay, func() {
			s.sent++
			s.ledger.Sent(sent)
			if _, err := s.events.Send(s.t.Context(), n); err != nil {
				s.t.Fatal(err)
			}
			s.step("notice %s of %s arrives", sent.ID, sent.Booking)
		})
	}
}

// subjectOf reads what a notice is about, as far as it can be read.
func subjectOf(n queue.Notice) (booking, eventType string) {
	body := n.Body
	var envelope struct{ Message string }
	if json.Unmarshal([]byte(body), &envelope) == nil && envelope.Message != "" {
		body = envelope.Message
	}
	var event struct {
		EventType string
		BookingID json.Number
	}
	_ = json.Unmarshal([]byte(body), &event) // what cannot be read is about nobody
	return event.BookingID.String(), cmp.Or(event.EventType, n.Attributes["eventType"])
}

// run takes steps until the end.
func (s *simulation) run() {
	settled := false
	for now := time.Now(); now.Before(s.end); now = time.Now() {
		for len(s.agenda) > 0 && !s.agenda[0].at.After(now) {
			next := s.agenda[0]
			s.agenda = s.agenda[1:]
			next.do()
		}
		for _, p := range slices.Clone(s.pods) {
			s.look(p)
		}
		if len(s.ledger.Violations()) > 0 {
			return
		}
		if !settled && now.After(s.faultsEnd.Add(settleTime)) {
			settled = true
			s.quiet()
			continue
		}
		if due := s.ledger.Wakes("due"); !due.IsZero() && now.Sub(due) > overdue && (now.Sub(s.disturbed()) > overdue || now.Sub(due) > forgotten) {
			s.ledger.Settled(overdue - time.Minute)
		}
		choices, next := s.choices(now)
		if len(choices) > 0 {
			chosen := choices[s.random.IntN(len(choices))]
			s.take(chosen.pod, chosen.what, chosen.do)
			continue
		}
		if len(s.agenda) > 0 && (next.IsZero() || s.agenda[0].at.Before(next)) {
			next = s.agenda[0].at
		}
		if next.IsZero() || next.After(s.end) {
			next = s.end
		}
		if settles := s.faultsEnd.Add(settleTime + time.Millisecond); !settled && next.After(settles) {
			next = settles
		}
		time.Sleep(time.Until(next))
	}
}

// settleTime is the longest that something may still wait when faults have
// stopped: an hour after the fourth failure in a row, or because a neighbour asked
// for so long, and then its turn.
const settleTime = time.Hour + 10*time.Minute

// settledWithin is how long after it is due something is settled, with nothing
// wrong; overdue, when the simulation gives up on it, and forgotten, when it does
// so whatever was wrong.
const (
	settledWithin = time.Minute
	overdue       = 5 * time.Minute
	forgotten     = 12 * time.Hour
)

// quiet checks what has to be so when nothing was wrong for a while.
func (s *simulation) quiet() {
	s.step("all should be settled")
	s.ledger.Settled(settledWithin)
	if counts, err := s.backend.events.Counts(s.t.Context()); err != nil || counts.Visible+counts.InFlight > 0 {
		s.t.Errorf("the event queue is not empty: %+v, %v", counts, err)
	}
}

// close ends the pods and checks what has to be so in the end.
func (s *simulation) close() tally {
	ctx := s.t.Context()
	for _, p := range slices.Clone(s.pods) {
		s.gone(p, "is at its end")
	}
	if len(s.ledger.Violations()) == 0 {
		s.check(ctx)
	}
	s.faults.End()
	for _, end := range s.ends {
		end()
	}
	s.running.Wait()
	writes, extra := s.ledger.Repeats()
	violations := s.ledger.Violations()
	if len(violations) > 0 || s.t.Failed() {
		s.tell(violations)
	}
	return tally{
		seeds: 1, notices: s.sent, faults: len(s.faults.Strikes()), cuts: s.cuts, steps: s.steps, writes: writes, extra: extra,
		poison: s.ledger.Unfounded(), violations: len(violations), trace: s.ordered(),
	}
}

// ordered is the trace, with what ended at one instant in one order: calls that
// are given up together end together.
func (s *simulation) ordered() []string {
	trace := slices.Clone(s.trace)
	for from := 0; from < len(trace); {
		to := from + 1
		for to < len(trace) && instantOf(trace[to]) == instantOf(trace[from]) {
			to++
		}
		slices.Sort(trace[from:to])
		from = to
	}
	return trace
}

// instantLayout begins each line of the trace.
const instantLayout = "01-02 15:04:05.000000000 "

func instantOf(line string) string { return line[:len(instantLayout)] }

// tell says what is wrong, and how it came to that.
func (s *simulation) tell(violations []ledgertest.Violation) {
	last := s.trace[max(0, len(s.trace)-60):]
	s.t.Errorf("seed %d, %d days: %d violations. To replay: make simulate SEED=%d DAYS=%d", s.seed, s.days, len(violations), s.seed, s.days)
	for _, v := range violations[:min(len(violations), 20)] {
		s.t.Errorf("  %s", v)
		if v.Booking == "" {
			continue
		}
		about := slices.DeleteFunc(slices.Clone(s.trace), func(line string) bool { return !strings.Contains(line, v.Booking) })
		s.t.Logf("the last steps about booking %s:\n%s", v.Booking, strings.Join(about[max(0, len(about)-40):], "\n"))
	}
	s.t.Logf("the last steps:\n%s", strings.Join(last, "\n"))
	s.t.Logf("the last lines logged:\n%s", joined(s.logs.newest))
}

func joined(lines [][]byte) string {
	var text strings.Builder
	for _, line := range lines {
		text.Write(line)
	}
	return text.String()
}

// check checks what has to be so in the end.
func (s *simulation) check(ctx context.Context) {
	s.ledger.Settled(settledWithin)
	queued, dead := s.contents(s.backend.events), s.contents(s.backend.deadLetters)
	s.ledger.NothingLost(queued, dead)
	if _, err := s.ledger.Agrees(ctx, s.backend.rows); err != nil {
		s.t.Error(err)
	}
	held := map[string]map[string]string{}
	for _, l := range s.lives {
		if s.inStep(l) {
			held[l.id()] = s.held(l)
		}
	}
	s.ledger.Newest(held)
	var changes []ledgertest.Change
	for _, c := range s.world.Changes() {
		if c.Field == "nomsNumber" {
			changes = append(changes, ledgertest.Change{At: c.At, Booking: s.whose.booking(c.CRN), CRN: c.CRN, From: c.From, To: c.To})
		}
	}
	s.ledger.Announced(changes)
	s.ledger.MetricsAgree(s.uncounted(), s.scrapes...)
	s.ledger.OwnSuccess(s.excused)
	s.personalData(ctx)
	for person, most := range s.world.Counts().MostWrites {
		if most > 1 {
			s.t.Errorf("%s had %d writes in flight at once", person, most)
		}
	}
}

// contents empties a queue and returns the identities of its notices.
func (s *simulation) contents(q queue.Queue) map[string]int {
	ids := map[string]int{}
	for {
		got, err := q.Receive(s.t.Context(), queue.MaxBatch, 0, time.Hour)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(got) == 0 {
			return ids
		}
		for _, d := range got {
			id, _ := listener.IDOf(d.Body, d.Attributes)
			ids[string(id)]++
			var texts []string
			for _, value := range d.Attributes {
				texts = append(texts, value)
			}
			s.ledger.NoCanary("an attribute on queue "+q.Name(), s.canaries, texts...)
		}
	}
}

// uncounted is how many decisions may have taken effect without a pod having
// learnt of it: those of pods that were cut off, and those whose answer was lost
// when the table could not be asked again either.
func (s *simulation) uncounted() int {
	n := s.cuts
	strikes := s.faults.Strikes()
	for i, strike := range strikes {
		if strike.Kind != faulttest.Lost || strike.Seam != faulttest.Table || strike.Op != "Write" {
			continue
		}
		for _, next := range strikes[i+1:] {
			if next.At.Sub(strike.At) > 10*time.Second {
				break
			}
			if next.Seam == faulttest.Table && next.Process == strike.Process && next.Whose == strike.Whose {
				n++
				break
			}
		}
	}
	return n
}

// excused reports whether nobody need know that a notice was stored: whoever
// stored it was cut off, could not ask whether that was their own doing, or could
// not acknowledge it. That the answer of the table was lost is no excuse.
func (s *simulation) excused(id string) bool {
	writes := 0
	for _, strike := range s.faults.Strikes() {
		if !strings.Contains(strike.Key, id) {
			continue
		}
		switch {
		case strike.Seam == faulttest.Queue, strike.Op == "Get":
			return true
		case strike.Kind == faulttest.Killed, strike.Kind == faulttest.Stopped, strike.Kind == faulttest.Ended:
			return true
		}
		writes++
	}
	return writes >= 4 // every try
}

// personalData looks for it wherever something was written down.
func (s *simulation) personalData(ctx context.Context) {
	rows, err := store.New(store.Config{Rows: s.backend.rows})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, l := range s.lives {
		booking := ptpu.BookingID(l.booking.BookingID)
		timeline, err := rows.Timeline(ctx, booking)
		if err != nil {
			s.t.Error(err)
		}
		messages, err := rows.Messages(ctx, booking)
		if err != nil {
			s.t.Error(err)
		}
		waiting, err := rows.Waiting(ctx, booking)
		if err != nil {
			s.t.Error(err)
		}
		s.ledger.NoCanary("the rows of booking "+l.id(), s.canaries, mustJSON(timeline), mustJSON(messages), mustJSON(waiting))
	}
	published, err := s.backend.published.Published(ctx, 0, 1_000_000)
	if err != nil {
		s.t.Error(err)
	}
	for _, p := range published {
		s.ledger.NoCanary("a domain event", s.canaries, p.Body, mustJSON(p.Attributes))
	}
}
