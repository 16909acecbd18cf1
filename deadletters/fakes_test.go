package deadletters_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"ptpu"
	"ptpu/deadletters"
)

// errQueue is what a queue fails with in these tests.
var errQueue = errors.New("connection reset")

// entry is one notice on one queue.
type entry struct {
	deadletters.Letter
	hidden bool
	// lineage is how often housekeeping replayed it, or what it is a copy of: a
	// count of the fake's own, which no attribute can falsify.
	lineage int
}

// broker is a main queue and its dead letters, as far as these tests ask.
type broker struct {
	// attributes is how many a notice may have; 0 = any number.
	attributes int
	// lag is taken from the count.
	lag int
	// failing says how an operation on a letter goes wrong: "receive" (no
	// letter), "replay" (nothing is moved), "delete" (after the send) or "hand
	// back".
	failing func(operation string, l deadletters.Letter) bool
	// validates says whether a notice that comes to the main queue is accepted;
	// if not, it is among the dead letters again at once. nil keeps all there.
	validates func(body string) bool
	// housekeeping is set while a replay counts for the lineage.
	housekeeping bool

	mu         sync.Mutex
	main, dead []*entry
	accepted   []string // bodies
	next       int
	replays    int // attempts at them
	backs      int // hand-backs
	ended      int // of them, those whose context had ended
}

func (b *broker) fails(operation string, l deadletters.Letter) bool {
	return b.failing != nil && b.failing(operation, l)
}

// bury puts a notice among the dead letters.
func (b *broker) bury(body string, attributes map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrive(&b.dead, body, attributes, 0)
}

func (b *broker) arrive(queue *[]*entry, body string, attributes map[string]string, lineage int) {
	b.next++
	*queue = append(*queue, &entry{
		Letter: deadletters.Letter{
			ID: "id-" + strconv.Itoa(b.next), Body: body, Attributes: maps.Clone(attributes),
			Sent: time.Date(2026, 11, 21, 9, 5, 0, 125e6, time.UTC),
		},
		lineage: lineage,
	})
}

// bodies lists those of a queue, in its order.
func bodies(queue []*entry) (all []string) {
	for _, e := range queue {
		all = append(all, e.Body)
	}
	return all
}

// onMain and onDead list what is there, in the order of its bodies: letters are
// moved several at a time.
func (b *broker) onMain() []*entry { return b.sorted(&b.main) }
func (b *broker) onDead() []*entry { return b.sorted(&b.dead) }

func (b *broker) sorted(queue *[]*entry) []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(*queue), func(x, y *entry) int {
		switch {
		case x.Body < y.Body:
			return -1
		case x.Body > y.Body:
			return 1
		}
		return 0
	})
}

func (b *broker) hidden() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.dead {
		if e.hidden {
			n++
		}
	}
	return n
}

// mainQueue is one of a broker's queues by name.
type mainQueue struct {
	*broker
	name string
	on   *[]*entry
}

func (b *broker) pair(name string) deadletters.Pair {
	return deadletters.Pair{
		Main: mainQueue{broker: b, name: name, on: &b.main},
		Dead: deadQueue{mainQueue{broker: b, name: name + "-dlq", on: &b.dead}},
	}
}

func (q mainQueue) Name() string { return q.name }

func (q mainQueue) Depth(ctx context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(0, len(*q.on)-q.lag), ctx.Err()
}

func (q mainQueue) Purge(ctx context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil || q.fails("purge", deadletters.Letter{}) {
		return 0, errors.Join(errQueue, ctx.Err())
	}
	n := len(*q.on)
	*q.on = nil
	return n, nil
}

type deadQueue struct{ mainQueue }

func (q deadQueue) Receive(ctx context.Context, limit int) ([]deadletters.Letter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil || q.fails("receive", deadletters.Letter{}) {
		return nil, errors.Join(errQueue, ctx.Err())
	}
	if limit < 1 || limit > 10 {
		return nil, errors.New("invalid limit")
	}
	var letters []deadletters.Letter
	for _, e := range q.dead {
		if e.hidden || len(letters) == limit {
			continue
		}
		q.next++
		e.hidden, e.Receipt = true, "receipt-"+strconv.Itoa(q.next)
		e.Receives++
		l := e.Letter
		l.Attributes = maps.Clone(e.Attributes)
		letters = append(letters, l)
	}
	return letters, nil
}

// find returns the letter's place while it is in the hand of who asks.
func (q deadQueue) find(l deadletters.Letter) int {
	return slices.IndexFunc(q.dead, func(e *entry) bool { return e.ID == l.ID && e.hidden && e.Receipt == l.Receipt })
}

func (q deadQueue) HandBack(ctx context.Context, l deadletters.Letter) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.backs++
	if ctx.Err() != nil {
		q.ended++
		return ctx.Err()
	}
	i := q.find(l)
	if i < 0 {
		return nil
	}
	e := q.dead[i]
	if q.fails("hand back", e.Letter) {
		return errQueue
	}
	e.hidden = false
	q.dead = append(slices.Delete(q.dead, i, i+1), e) // to the end, where it waits for its turn
	return nil
}

func (q deadQueue) Replay(ctx context.Context, l deadletters.Letter) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.replays++
	if ctx.Err() != nil || q.fails("replay", l) {
		return errors.Join(errQueue, ctx.Err())
	}
	i := q.find(l)
	switch {
	case i < 0:
		return deadletters.ErrGone
	case q.attributes > 0 && len(l.Attributes) > q.attributes:
		return deadletters.ErrNoRoom
	}
	lineage := q.dead[i].lineage
	if q.housekeeping {
		lineage++
	}
	deleted := !q.fails("delete", l)
	if deleted {
		q.dead = slices.Delete(q.dead, i, i+1)
	}
	switch {
	case q.validates == nil:
		q.arrive(&q.main, l.Body, l.Attributes, lineage)
	case q.validates(l.Body):
		q.accepted = append(q.accepted, l.Body)
	default:
		q.arrive(&q.dead, l.Body, q.withReason(l.Attributes), lineage)
	}
	if !deleted {
		return errQueue
	}
	return nil
}

// withReason adds why, when there is room, as the listener does.
func (b *broker) withReason(attributes map[string]string) map[string]string {
	attributes = maps.Clone(attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	for name, value := range map[string]string{deadletters.AttributeWhy: "again", deadletters.AttributeWhen: "2026-11-21T09:05:00Z"} {
		if b.attributes == 0 || len(attributes) < b.attributes || attributes[name] != "" {
			attributes[name] = value
		}
	}
	return attributes
}

// ledger remembers what was recorded and stumbled over.
type ledger struct {
	mu      sync.Mutex
	refuses error
	actions []ptpu.Action
	errs    []error
}

func (l *ledger) record(ctx context.Context, a ptpu.Action) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses != nil || ctx.Err() != nil {
		return errors.Join(l.refuses, ctx.Err())
	}
	l.actions = append(l.actions, a)
	return nil
}

func (l *ledger) stumble(_ context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func (l *ledger) recorded() []ptpu.Action {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.actions)
}

func (l *ledger) stumbled() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.errs)
}

// errHopeless is why a body of this prefix can never be validated.
var errHopeless = errors.New("malformed")

const (
	hopelessBody = "hopeless"
	maxReplays   = 3
)

// open makes DeadLetters of the pairs.
func open(tb testing.TB, pairs ...deadletters.Pair) (*deadletters.DeadLetters, *ledger) {
	tb.Helper()
	l := &ledger{}
	d, err := deadletters.New(config(l, pairs...))
	if err != nil {
		tb.Fatal(err)
	}
	return d, l
}

func config(l *ledger, pairs ...deadletters.Pair) deadletters.Config {
	return deadletters.Config{
		Pairs: pairs, MaxReplays: maxReplays,
		Hopeless: func(body string, _ map[string]string) error {
			if len(body) >= len(hopelessBody) && body[:len(hopelessBody)] == hopelessBody {
				return errHopeless
			}
			return nil
		},
		Who: func(context.Context) string { return "a.keeper" }, Record: l.record, Stumbled: l.stumble,
	}
}
