package leasetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is what was asked.
type kind string

// The kinds. A look and a try take nothing for granted; the others are made by a
// worker that believes to hold.
const (
	look    kind = "look"
	take    kind = "take"
	renew   kind = "renew"
	settle  kind = "settle"
	release kind = "release"
)

// how is what came of it.
type how string

// The answers.
const (
	done how = "done"
	lost how = "lost" // the condition did not hold
	open how = "open" // nobody knows whether it was done
)

// asked is one call, and answered what the worker was told. One type serves
// claims and locks; each uses what it needs.
type asked struct {
	Kind  kind
	Owner string
	// Term, Held, Version and Message are those of the claim that is written; a
	// lock's Term is the number of the try that took it.
	Term    int64
	Held    bool
	Version int64
	Message int64 // the version that the message was read with; 0: it is left alone
}

type answered struct {
	How  how
	Seen register // of a look
	// Version is the claim's after a write.
	Version int64
}

// op is one call with its answer.
type op struct {
	worker int
	thing  string
	in     asked
	out    answered
	// call and end order the calls; began and ended say when they were.
	call, end    int64
	began, ended time.Time
}

// String is the call in one line.
func (o op) String() string {
	text := fmt.Sprintf("%8.3fs to %8.3fs  %s %-7s term %d at version %d", float64(o.began.UnixMilli()%1e8)/1e3, float64(o.ended.UnixMilli()%1e8)/1e3,
		o.in.Owner, o.in.Kind, o.in.Term, o.in.Version)
	if o.in.Message > 0 {
		text += fmt.Sprintf(", message at version %d", o.in.Message)
	}
	if o.in.Kind == look {
		return text + fmt.Sprintf(": %+v", o.out.Seen)
	}
	return text + fmt.Sprintf(": %s, version %d", o.out.How, o.out.Version)
}

// History is what the workers of one game asked and were told.
type History struct {
	length time.Duration

	mu    sync.Mutex
	clock int64
	ops   []op
}

// begin notes a call. It returns what notes the answer.
func (h *History) begin(worker int, thing string, in asked) (answer func(answered) op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	o := op{worker: worker, thing: thing, in: in, call: h.clock, began: time.Now()}
	return func(out answered) op {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.clock++
		o.out, o.end, o.ended = out, h.clock, time.Now()
		h.ops = append(h.ops, o)
		return o
	}
}

// things are the calls by what they were about, each in the order of its calls.
func (h *History) things() map[string][]op {
	things := map[string][]op{}
	for _, o := range h.ops {
		things[o.thing] = append(things[o.thing], o)
	}
	for _, ops := range things {
		slices.SortFunc(ops, func(a, b op) int { return int(a.call - b.call) })
	}
	return things
}

// Count is how many calls of all kinds were answered how.
func (h *History) Count() string {
	count := map[string]int{}
	for _, o := range h.ops {
		count[string(o.in.Kind)+" "+string(o.out.How)]++
	}
	var parts []string
	for what, n := range count {
		parts = append(parts, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d calls: %s", len(h.ops), strings.Join(parts, ", "))
}

// String is all of it, for comparing and for reading.
func (h *History) String() string {
	var text strings.Builder
	things := h.things()
	for thing, ops := range things {
		for _, o := range ops {
			fmt.Fprintf(&text, "%s %s\n", thing, o)
		}
	}
	lines := strings.SplitAfter(text.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// checkTime is how long the checker may look for an order. It finds one in
// milliseconds, or is lost.
const checkTime = 20 * time.Second

// linearizable says of which thing no order of the calls explains the answers.
func (h *History) linearizable(model porcupine.Model) []string {
	var faults []string
	for thing, ops := range h.things() {
		var history []porcupine.Operation
		for _, o := range ops {
			end := o.end
			if o.out.How == open {
				end = math.MaxInt64 // it may still come
			}
			history = append(history, porcupine.Operation{ClientId: o.worker, Input: o.in, Output: o.out, Call: o.call, Return: end})
		}
		if got := porcupine.CheckOperationsTimeout(model, history, checkTime); got != porcupine.Ok {
			faults = append(faults, fmt.Sprintf("%s: no order of its %d calls explains the answers (%s)", thing, len(ops), got))
		}
	}
	return faults
}
