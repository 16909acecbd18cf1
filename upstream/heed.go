package upstream

import "time"

// heed takes in what a request says. The lock is held.
func (c *Circuit) heed(p *place, e effect) {
	if e.overload {
		c.limit.overloaded(p.taken, time.Now())
	}
	if e.sign == asks { // whenever it was sent
		c.leaveAlone(e)
		return
	}
	before := c.state()
	if p.epoch != c.epoch || before == Open {
		return
	}
	switch e.sign {
	case works:
		c.limit.succeeded(p.taken)
		c.breaker.RecordSuccess()
		c.recent.RecordSuccess()
	case fails:
		c.why = e.why
		c.breaker.RecordFailure()
		c.recent.RecordFailure()
	default:
		c.why = e.why
		c.breaker.Open()
	}
	if before == Closed && c.recent.IsOpen() {
		c.breaker.Open()
	}
	switch now := c.state(); {
	case now == before:
	case now == Open:
		c.opened(before)
	default:
		c.closed = time.Now()
		c.recent = newBreaker(c.enough, c.trials, shortWindow)
		c.moved(nil)
	}
	c.serve()
}

// opened sets how long the circuit stays open: a failure opened it.
func (c *Circuit) opened(before State) {
	c.forget(before)
	c.openFor = min(max(2*c.openFor, shortestOpen), longestOpen)
	c.earliest, c.asked = time.Now().Add(c.openFor), false
	c.moved(c.why)
}

// forget forgets the last outage once the circuit was closed for long enough.
func (c *Circuit) forget(before State) {
	if before == Closed && time.Since(c.closed) >= calmAfter {
		c.openFor = 0
	}
}

// leaveAlone opens the circuit for as long as the upstream asks, and does not
// take that for an outage.
func (c *Circuit) leaveAlone(e effect) {
	until, before := time.Now().Add(e.leaveAlone), c.state()
	if before == Open {
		if until.After(c.earliest) {
			c.earliest = until
			c.signal()
		}
		return
	}
	c.forget(before)
	c.why, c.earliest, c.asked = e.why, until, true
	c.breaker.Open()
	c.moved(c.why)
	c.serve()
}

// moved begins a new epoch in the state that the breaker now has.
func (c *Circuit) moved(why error) {
	c.epoch++
	c.trying, c.tried = 0, time.Time{}
	c.signal()
	if c.changed != nil {
		c.changed(c.name, c.state(), why)
	}
}

// signal wakes Run.
func (c *Circuit) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
