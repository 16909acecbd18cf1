package faulttest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Strike is one fault that struck.
type Strike struct {
	At time.Time
	Call
	Kind Kind
}

// Faults carries out a plan. It is safe for concurrent use.
type Faults struct {
	plan  Plan
	hours map[int64][]int // the rules whose window meets each hour

	mu       sync.Mutex
	strikes  []Strike
	whose    map[string]int
	refusals map[string]int
	last     time.Time
	over     chan struct{} // closed at the end
}

// New begins a plan.
func New(plan Plan) *Faults {
	f := &Faults{plan: plan, whose: map[string]int{}, refusals: map[string]int{}, over: make(chan struct{})}
	f.hours = hoursOf(plan.Rules)
	return f
}

// hoursOf sorts the rules by the hours in which they stand, so that a long plan
// costs no more than a short one. Those without both bounds stand in every hour.
func hoursOf(rules []Rule) map[int64][]int {
	hours := map[int64][]int{}
	always := func(r Rule) bool { return r.From.IsZero() || r.Until.IsZero() }
	for _, rule := range rules {
		for at := rule.From; !always(rule) && at.Before(rule.Until.Add(time.Hour)); at = at.Add(time.Hour) {
			hours[hourOf(at)] = nil
		}
	}
	for i, rule := range rules {
		for hour := range hours {
			if always(rule) || hourOf(rule.From) <= hour && hour <= hourOf(rule.Until) {
				hours[hour] = append(hours[hour], i)
			}
		}
		if always(rule) {
			hours[none] = append(hours[none], i)
		}
	}
	return hours
}

// none stands for the hours in which no rule begins or ends.
const none = -1 << 62

func hourOf(at time.Time) int64 { return at.Unix() / 3600 }

// standing are the rules that may strike now, by their numbers.
func (f *Faults) standing(now time.Time) []int {
	if rules, ok := f.hours[hourOf(now)]; ok {
		return rules
	}
	return f.hours[none]
}

// End lets everything go that hangs because its process was killed; its calls
// fail from then on.
func (f *Faults) End() { close(f.over) }

// Strikes are the faults so far, in no promised order within an instant. Slow
// ones, which spoil nothing, and Lag are left out.
func (f *Faults) Strikes() []Strike {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.strikes)
}

// Struck is how many faults were on calls about this booking, or made while it
// was in hand.
func (f *Faults) Struck(whose string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.whose[whose]
}

// Refused is how many requests about this booking were answered 400, 410 or 422.
func (f *Faults) Refused(whose string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refusals[whose]
}

// Last is when something was wrong last: a fault struck, a slow call ended, an
// index caught up. Zero when nothing ever was.
func (f *Faults) Last() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *Faults) note(c Call, rule Rule, wait time.Duration) {
	if c.Whose == "" && c.Process != "" && f.plan.InHand != nil {
		c.Whose = f.plan.InHand(c.Process)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if at := now.Add(wait); at.After(f.last) {
		f.last = at
	}
	if rule.Kind == Lag {
		return
	}
	f.whose[c.Whose]++
	if rule.Kind == Slow {
		return
	}
	f.strikes = append(f.strikes, Strike{At: now, Call: c, Kind: rule.Kind})
	switch rule.Status {
	case http.StatusBadRequest, http.StatusGone, http.StatusUnprocessableEntity:
		f.refusals[c.Whose]++
	}
}

// The latency of every call, also of a good one. No two calls take equally long,
// so that what runs side by side ends in an order that the seed decides.
const (
	leastLatency = 200 * time.Microsecond
	mostLatency  = 2 * time.Millisecond
)

func (f *Faults) latency(c Call, of ...string) time.Duration {
	return leastLatency + time.Duration(chance(f.plan.Seed, c.parts(of...)...)*float64(mostLatency-leastLatency))
}

// strike is what befalls a call at an instant, and how long it waits before that.
func (f *Faults) strike(c Call, now time.Time) (struck Rule, wait time.Duration) {
	wait = f.latency(c)
	for _, i := range f.standing(now) {
		rule, n := f.plan.Rules[i], strconv.Itoa(i)
		if rule.Kind == Lag || rule.Kind != Slow && struck.Kind != "" || !rule.fits(c, now) {
			continue
		}
		if chance(f.plan.Seed, c.parts("rate", n)...) >= rule.Rate {
			continue
		}
		if rule.Kind == Slow {
			late := time.Duration(chance(f.plan.Seed, c.parts("latency", n)...) * float64(rule.Latency))
			f.note(c, rule, late)
			wait += late
			continue
		}
		struck = rule
	}
	return struck, wait
}
