package faulttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Moment is where within a call a process is cut off.
type Moment string

// The moments.
const (
	Before Moment = "before" // what the call asks for is not done, or not yet
	After  Moment = "after"  // it is done, and its answer not seen, or not yet
)

// Cut is the end or the stop of a process at a call.
type Cut struct {
	Kind   Kind // Killed, Stopped or Ended
	Moment Moment
	// For is how long a stopped process stands still.
	For time.Duration
	// Call is where it happened.
	Call Call
}

// Process is one process as the faults see it: every seam that it is given goes
// through here. It is safe for concurrent use.
type Process struct {
	faults *Faults
	name   string
	cuts   chan Cut
	end    func()

	mu     sync.Mutex
	times  map[string]int
	failed map[string]time.Time // when a call last failed
	left   int                  // calls until the cut; 0: none is planned
	cut    Cut
	// halted is closed when a stopped process goes on; nil while it runs. Of a
	// killed one it is closed at the end of all.
	halted chan struct{}
	killed bool
}

// Process begins a process. end is called when it is told to end.
func (f *Faults) Process(name string, end func()) *Process {
	return &Process{
		faults: f, name: name, end: end,
		cuts: make(chan Cut, 8), times: map[string]int{}, failed: map[string]time.Time{},
	}
}

// Name is what the process is called.
func (p *Process) Name() string { return p.name }

// CutAt plans a cut at the n-th call from now. It takes the place of one that
// was planned before.
func (p *Process) CutAt(n int, cut Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.cut = n, cut
}

// Cuts tells of each cut as it happens. What the process was doing goes on
// behind it: after a stop once that is over, after the end as it can.
func (p *Process) Cuts() <-chan Cut { return p.cuts }

// Halted reports whether the process is stopped or killed.
func (p *Process) Halted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.halted != nil
}

var errKilled = errors.New("the process was killed")

// do makes a call, with what befalls it. effect carries it out. down is the
// seam's own error for what could not be reached.
func (p *Process) do(ctx context.Context, c Call, down error, effect func(context.Context, Rule) error) error {
	c = p.count(c)
	if err := p.wait(c); err != nil {
		return fmt.Errorf("%w: %w", down, err)
	}
	// Before anything is decided, so that nothing hangs on the instant at which a
	// caller's pause was over.
	settling := p.settling(c)
	if err := pause(ctx, settling); err != nil && settling > 0 {
		return fmt.Errorf("%w: %w", down, err)
	}
	if settling > 0 && c.Seam == HTTP {
		// The deadline of a repeat began with it.
		repeat, cancel := context.WithTimeout(ctx, repeatTime)
		time.AfterFunc(2*repeatTime, cancel)
		ctx = repeat
	}
	struck, wait := p.faults.strike(c, time.Now())
	if struck.Kind != "" {
		p.faults.note(c, struck, 0)
	}
	err := pause(ctx, wait)
	late, planned, killed := p.enter(c)
	switch {
	case killed != nil:
		return fmt.Errorf("%w: %w", down, killed)
	case late && c.Seam == HTTP:
		// A request ends with its deadline, also that of a process that stood still.
		err = ctx.Err()
	case late:
		// What else it had sent arrives all the same.
		ctx, err = context.WithoutCancel(ctx), nil
	}
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", down, err)
	case struck.Kind == Down:
	default:
		err = effect(ctx, struck)
	}
	if struck.Kind == Down || struck.Kind == Lost {
		err = fmt.Errorf("%w: a fault: %s", down, struck.Kind)
	}
	if struck.Kind != "" || errors.Is(err, down) {
		p.failedNow(c, struck.asksFor())
	}
	if planned {
		p.halt(c)
	}
	if killed := p.wait(c); killed != nil {
		return fmt.Errorf("%w: %w", down, killed)
	}
	if p.faults.plan.Told != nil {
		p.faults.plan.Told(c, struck.Kind, err)
	}
	return err
}

// count names the call as one of its kind.
func (p *Process) count(c Call) Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Process = p.name
	identity := string(c.Seam) + " " + c.Op + " " + c.Key
	p.times[identity]++
	c.Time = p.times[identity]
	return c
}

// enter is where a call is about to take effect, and where a process is cut off.
// late: it stood still before it. planned: it is to be cut off behind it. The
// error says that it is killed.
func (p *Process) enter(c Call) (late, planned bool, err error) {
	late = p.Halted()
	if err := p.wait(c); err != nil {
		return late, false, err
	}
	p.mu.Lock()
	here := false
	if p.left > 0 {
		p.left--
		here = p.left == 0
	}
	planned = here && p.cut.Moment == After
	p.mu.Unlock()
	if here && !planned {
		late = p.halt(c) || late
		err = p.wait(c)
	}
	return late, planned, err
}

// halt cuts the process off at the call. It reports whether it was stopped.
func (p *Process) halt(c Call) (stopped bool) {
	p.mu.Lock()
	cut := p.cut
	cut.Call = c
	switch cut.Kind {
	case Killed:
		p.halted, p.killed = p.faults.over, true
	case Stopped:
		on := make(chan struct{})
		p.halted = on
		time.AfterFunc(cut.For, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.halted == on {
				p.halted = nil
			}
			close(on)
		})
	default:
		defer p.end()
	}
	p.mu.Unlock()
	p.faults.note(c, Rule{Kind: cut.Kind}, 0)
	p.cuts <- cut
	return cut.Kind == Stopped
}

// Kill ends the process between two calls.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halted, p.killed = p.faults.over, true
}

// wait waits while the process does not run. The error says that it never will.
// What waits goes on one after the other, in an order that the seed decides.
func (p *Process) wait(c Call) error {
	for {
		p.mu.Lock()
		halted, killed := p.halted, p.killed
		p.mu.Unlock()
		if halted == nil {
			return nil
		}
		<-halted
		if killed {
			return errKilled
		}
		// Whatever its context: a process that wakes does not know yet.
		_ = pause(context.Background(), p.faults.latency(c, "wakes"))
	}
}

// settle is how long after a failure the same call is made again at the
// earliest. Callers pause for a while that chance decides, shorter than this: so
// the instants stay those that the seed decides.
const settle = 700 * time.Millisecond

// repeatTime is how long a repeated request may take here: less than its own
// deadline, which lies at an instant that chance decides.
const repeatTime = 9 * time.Second

// settling is how long the call has to wait because it has failed just now.
func (p *Process) settling(c Call) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.failed[c.Op+" "+c.Key].Add(settle)))
}

// failedNow notes that the call has failed, and was asked to wait for so long.
func (p *Process) failedNow(c Call, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed[c.Op+" "+c.Key] = time.Now().Add(wait)
}

// pause waits, unless ctx has ended or ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
