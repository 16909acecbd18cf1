package localstack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Effect is what a fault does to a call.
type Effect string

// The effects. Those marked "done" carry the call out and spoil its answer; the
// others keep it from the service.
const (
	None        Effect = ""            // only the latency
	Answer      Effect = "answer"      // Status, Header and Body of the fault
	Hang        Effect = "hang"        // no answer until the caller goes away
	Reset       Effect = "reset"       // the connection is reset
	Garbage     Effect = "garbage"     // 200, JSON by its header, no JSON in its body
	Huge        Effect = "huge"        // 200 and a body of Size bytes
	Bomb        Effect = "gzip-bomb"   // 200 and a small gzip body that unpacks to Size bytes
	GatewayGone Effect = "gateway-404" // 404 with a page of HTML
	Lost        Effect = "lost"        // done; the connection is dropped instead of an answer
	Truncate    Effect = "truncate"    // done; half of the answer, then the connection is dropped
	Drip        Effect = "drip"        // done; the answer comes a byte at a time, one every Pace
)

var effects = []Effect{None, Answer, Hang, Reset, Garbage, Huge, Bomb, GatewayGone, Lost, Truncate, Drip}

// Delay is a time.Duration that JSON writes as "250ms".
type Delay time.Duration

// MarshalText writes the delay as time.Duration prints it.
func (d Delay) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Delay) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Delay(parsed)
	return err
}

// Fault is a way for calls to go wrong. Which calls: every field given must fit.
// When: within the window, by chance, so many times. Latencies of all faults
// that strike a call add up; of their effects the first counts.
type Fault struct {
	Upstream     Upstream `json:"upstream,omitempty"`
	Method       string   `json:"method,omitempty"`
	Route        string   `json:"route,omitempty"`
	PathContains string   `json:"pathContains,omitempty"`
	BodyContains string   `json:"bodyContains,omitempty"`

	Effect  Effect            `json:"effect,omitempty"`
	Latency Delay             `json:"latency,omitempty"` // before anything else happens
	Status  int               `json:"status,omitempty"`  // of Answer; 0 means 500
	Header  map[string]string `json:"header,omitempty"`  // of Answer; Content-Type is JSON unless given
	Body    string            `json:"body,omitempty"`    // of Answer
	Size    int64             `json:"size,omitempty"`    // of Huge and Bomb
	Pace    Delay             `json:"pace,omitempty"`    // of Drip; 0 means a second

	// Count is how many calls are struck at most; 0 means all.
	Count int `json:"count,omitempty"`
	// Probability is of striking a call, from 0 (which means always) to 1; Seed
	// decides which.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	// From and Until bound the window; zero is open.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// check says what is wrong with a fault.
func (f Fault) check() error {
	var wrong []error
	if !slices.Contains(effects, f.Effect) {
		wrong = append(wrong, fmt.Errorf("effect %q: want one of %q", f.Effect, effects[1:]))
	}
	if _, known := bases[f.Upstream]; !known && f.Upstream != "" {
		wrong = append(wrong, fmt.Errorf("upstream %q: not one of the services", f.Upstream))
	}
	if f.Probability < 0 || f.Probability > 1 {
		wrong = append(wrong, fmt.Errorf("probability %v: want 0 to 1", f.Probability))
	}
	if f.Count < 0 || f.Latency < 0 || f.Size < 0 || f.Pace < 0 {
		wrong = append(wrong, errors.New("count, latency, size and pace: must not be negative"))
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		wrong = append(wrong, fmt.Errorf("status %d: want 200 to 599", f.Status))
	}
	return errors.Join(wrong...)
}

func (f Fault) fits(c *call, now time.Time) bool {
	return (f.Upstream == "" || f.Upstream == c.route.upstream) &&
		(f.Method == "" || strings.EqualFold(f.Method, c.Method)) &&
		(f.Route == "" || f.Route == c.route.template) &&
		strings.Contains(c.path(), f.PathContains) &&
		strings.Contains(string(c.body), f.BodyContains) &&
		!now.Before(f.From) && (f.Until.IsZero() || now.Before(f.Until))
}

// faults are those that stand, in the order they were set.
type faults struct {
	mu  sync.Mutex
	all []*standing
}

// standing is a fault with what is left of it.
type standing struct {
	Fault
	struck int
	chance *rand.Rand
}

func (s *standing) strikes() bool {
	if s.Count > 0 && s.struck == s.Count {
		return false
	}
	if s.Probability > 0 && s.chance.Float64() >= s.Probability {
		return false
	}
	s.struck++
	return true
}

func (f *faults) add(more ...Fault) error {
	for _, fault := range more {
		if err := fault.check(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range more {
		f.all = append(f.all, &standing{Fault: fault, chance: rand.New(rand.NewPCG(fault.Seed, 0))})
	}
	return nil
}

// strike is what befalls a call, and how long it waits before that.
func (f *faults) strike(c *call, now time.Time) (struck Fault, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.all {
		// A second effect would be spent on a call that it cannot reach.
		if fault.Effect != None && struck.Effect != None || !fault.fits(c, now) || !fault.strikes() {
			continue
		}
		wait += time.Duration(fault.Latency)
		if fault.Effect != None {
			struck = fault.Fault
		}
	}
	return struck, wait
}

// Misbehave adds faults to those that stand. They end with the process; those of
// the seed stand again when the world is opened again.
func (w *World) Misbehave(more ...Fault) error { return w.faults.add(more...) }

// Behave ends all faults, those of the seed included.
func (w *World) Behave() {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.all = nil
}
