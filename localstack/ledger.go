package localstack

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Request is one request as it came and went.
type Request struct {
	At       time.Time `json:"at"`
	Upstream Upstream  `json:"upstream"`
	Method   string    `json:"method"`
	Route    string    `json:"route"`
	Path     string    `json:"path"` // below the service's base, with its query
	// Status is what the caller was told; 0 when it was told nothing.
	Status      int    `json:"status"`
	Effect      Effect `json:"effect,omitempty"` // of the fault that struck
	Traceparent string `json:"traceparent,omitempty"`
	UserAgent   string `json:"userAgent,omitempty"`
	// Changed: it was a write, and Delius is another since.
	Changed bool `json:"changed"`
}

// Count is how often a route was called, exactly.
type Count struct {
	Upstream Upstream `json:"upstream"`
	Method   string   `json:"method"`
	Route    string   `json:"route"`
	Total    int      `json:"total"`
	Changed  int      `json:"changed"`
	// Statuses counts the answers that left; 0 stands for those that did not.
	Statuses map[int]int `json:"statuses"`
}

// Counts is the exact tally of a world.
type Counts struct {
	Routes []Count `json:"routes"`
	// MostWrites is the most write requests that were in hand at once, by NOMS
	// number and by CRN. A request whose caller has gone counts until the server
	// notices.
	MostWrites map[string]int `json:"mostWritesInFlight"`
}

// Of is the count of one route, zero for one that was never called.
func (c Counts) Of(upstream Upstream, method, route string) Count {
	i := slices.IndexFunc(c.Routes, func(one Count) bool {
		return one.Upstream == upstream && one.Method == method && one.Route == route
	})
	if i < 0 {
		return Count{Upstream: upstream, Method: method, Route: route, Statuses: map[int]int{}}
	}
	return c.Routes[i]
}

// remembered is how many requests are kept one by one.
const remembered = 10_000

type routeKey struct {
	upstream         Upstream
	method, template string
}

// ledger counts requests. It has a lock of its own, so that counting does not
// wait for the world.
type ledger struct {
	mu       sync.Mutex
	counts   map[routeKey]*Count
	ring     []Request
	next     int // where the ring goes on once it is full
	inFlight map[string]int
	most     map[string]int
}

func newLedger() ledger {
	return ledger{counts: map[routeKey]*Count{}, inFlight: map[string]int{}, most: map[string]int{}}
}

// arrive counts a request in; people are the numbers whose record it writes.
func (l *ledger) arrive(c *call, people []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(c).Total++
	for _, number := range people {
		l.inFlight[number]++
		l.most[number] = max(l.most[number], l.inFlight[number])
	}
}

// leave counts it out, and remembers it.
func (l *ledger) leave(c *call, people []string, r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := l.count(c)
	count.Statuses[r.Status]++
	if r.Changed {
		count.Changed++
	}
	for _, number := range people {
		if l.inFlight[number]--; l.inFlight[number] == 0 {
			delete(l.inFlight, number)
		}
	}
	if len(l.ring) < remembered {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % remembered
}

func (l *ledger) count(c *call) *Count {
	key := routeKey{c.route.upstream, c.Method, c.route.template}
	if l.counts[key] == nil {
		l.counts[key] = &Count{
			Upstream: key.upstream, Method: key.method, Route: key.template, Statuses: map[int]int{},
		}
	}
	return l.counts[key]
}

// reset forgets all but what is in flight now.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.ring, l.next = map[routeKey]*Count{}, nil, 0
	l.most = maps.Clone(l.inFlight)
}

// Requests are the newest requests, oldest first.
func (w *World) Requests() []Request {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	return slices.Concat(w.ledger.ring[w.ledger.next:], w.ledger.ring[:w.ledger.next])
}

// Counts is the exact tally since the start, or the last reset.
func (w *World) Counts() Counts {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	counts := Counts{Routes: []Count{}, MostWrites: maps.Clone(w.ledger.most)}
	for _, count := range w.ledger.counts {
		one := *count
		one.Statuses = maps.Clone(count.Statuses)
		counts.Routes = append(counts.Routes, one)
	}
	slices.SortFunc(counts.Routes, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Upstream, b.Upstream), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method))
	})
	return counts
}
