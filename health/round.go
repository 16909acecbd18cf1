package health

import (
	"context"
	"fmt"
	"time"
)

const (
	// fresh is how long an answer is given again before anybody is asked anew.
	fresh = 2 * time.Second
	// A check's context ends at deadline, so that it can still say what it knows.
	// Whatever has not answered at patience is left out. The rest of two seconds
	// is for the answer's own way to its reader.
	deadline = 1800 * time.Millisecond
	patience = 1900 * time.Millisecond
)

// round is one time of asking everybody.
type round struct {
	done   chan struct{} // closed when there is an answer
	report Report        // and this is it
	until  time.Time     // when it is too old
}

func (r *round) stale() bool {
	select {
	case <-r.done:
		return !time.Now().Before(r.until)
	default:
		return false
	}
}

// begin asks everybody, in the background: the answer belongs to all who wait
// for it, so that none of them ends it by going away.
func (h *Health) begin() *round {
	r := &round{done: make(chan struct{})}
	go func() {
		r.report = h.ask()
		r.until = time.Now().Add(fresh)
		close(r.done)
	}()
	return r
}

// answer is what a check said.
type answer struct {
	name      string
	component Component
}

func (h *Health) ask() Report {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	report := Report{Status: Up, Components: make(map[string]Component, len(h.checks))}
	answers := make(chan answer, len(h.checks)) // nobody may be there for a late one
	waiting := 0
	for name, check := range h.checks {
		if !check.busy.CompareAndSwap(false, true) {
			report.Components[name] = down("no answer yet to an earlier question")
			continue
		}
		report.Components[name] = down(noAnswer)
		waiting++
		go h.run(ctx, name, check, answers)
	}
	for enough := time.After(patience); waiting > 0; {
		select {
		case a := <-answers:
			report.Components[a.name] = a.component
			waiting--
		case <-enough:
			waiting = 0
		}
	}
	for _, component := range report.Components {
		if component.Status != Up {
			report.Status = Down
		}
	}
	return report
}

// run asks one check. It sends an answer however the check ends.
func (h *Health) run(ctx context.Context, name string, check *check, answers chan<- answer) {
	component := down("the check broke off")
	defer func() {
		if cause := recover(); cause != nil {
			h.Stumbled(ctx, fmt.Errorf("checking %s: panic: %v", name, cause))
		}
		check.busy.Store(false)
		answers <- answer{name, component}
	}()
	component = check.ask(ctx)
	if component.Status != Up {
		component.Status = Down
	}
}

func down(why string) Component {
	return Component{Status: Down, Details: map[string]any{"error": why}}
}
