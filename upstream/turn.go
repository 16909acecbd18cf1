package upstream

import (
	"context"
	"time"
)

// turn is one who waits to send a request.
type turn struct {
	ready chan struct{} // closed when it came, or never will
	epoch int
	err   error
}

// place is one request's, from its turn to its end.
type place struct {
	circuit *Circuit
	epoch   int
	taken   time.Time
	said    bool // what its end says was taken in
}

// enter waits for a request's turn, in order: until the circuit lets it
// through, there is a place, and the rate allows it. It gives up with ctx, or
// after as long as a request may take. The request's own time begins after it.
func (c *Circuit) enter(ctx context.Context) (*place, error) {
	waiting, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for {
		epoch, err := c.take(waiting)
		if err == nil && c.pace != nil {
			if err = c.keepPace(waiting); err != nil {
				c.leave(epoch)
			}
		}
		switch {
		case ctx.Err() != nil && err != nil:
			return nil, ctx.Err()
		case waiting.Err() != nil && err != nil:
			return nil, &HeldError{Upstream: c.name, Why: errNoTurn}
		case err != nil:
			return nil, err
		case c.pace == nil || c.current(epoch):
			return &place{circuit: c, epoch: epoch, taken: time.Now()}, nil
		}
		c.leave(epoch) // the circuit has changed its mind meanwhile
	}
}

// take waits for a place.
func (c *Circuit) take(ctx context.Context) (epoch int, _ error) {
	c.mu.Lock()
	if c.refusing() {
		defer c.mu.Unlock()
		return 0, c.held()
	}
	if c.queue.Len() == 0 && !c.full() {
		defer c.mu.Unlock()
		c.seat()
		return c.epoch, nil
	}
	mine := &turn{ready: make(chan struct{})}
	waits := c.queue.PushBack(mine)
	c.mu.Unlock()
	select {
	case <-mine.ready:
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		select {
		case <-mine.ready: // at the last moment
		default:
			c.queue.Remove(waits)
			return 0, ctx.Err()
		}
	}
	return mine.epoch, mine.err
}

func (c *Circuit) keepPace(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	if c.pace.AcquirePermitWithMaxWait(ctx, max(0, time.Until(deadline))) == nil {
		return nil
	}
	return &HeldError{Upstream: c.name, Why: errNoTurn}
}

// serve lets those through whose turn it is, and sends all away once the
// circuit is open. The lock is held.
func (c *Circuit) serve() {
	for c.queue.Len() > 0 && (c.refusing() || !c.full()) {
		next := c.queue.Remove(c.queue.Front()).(*turn)
		if c.refusing() {
			next.err = c.held()
		} else {
			c.seat()
			next.epoch = c.epoch
		}
		close(next.ready)
	}
}

// refusing reports whether calls end at once. An upstream that asked for a
// moment only is waited for: otherwise that moment would cost every booking in
// hand a minute. The lock is held.
func (c *Circuit) refusing() bool {
	return c.state() == Open && !(c.asked && time.Until(c.earliest) <= longestWait)
}

// holds is the error of a call that would end at once.
func (c *Circuit) holds() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusing() {
		return c.held()
	}
	return nil
}

func (c *Circuit) held() error { return &HeldError{Upstream: c.name, Why: c.why} }

// full reports whether there is no place for another request. The lock is held.
func (c *Circuit) full() bool {
	switch c.state() {
	case Open:
		return true
	case HalfOpen:
		return c.trying >= c.trials || c.underWay >= c.limit.ceiling
	default:
		return c.underWay >= c.limit.allowed
	}
}

func (c *Circuit) seat() {
	c.underWay++
	c.trying++
}

func (c *Circuit) current(epoch int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch == epoch
}

// leave gives a place back.
func (c *Circuit) leave(epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay--
	if epoch == c.epoch {
		c.trying--
	}
	c.serve()
}

// leave gives the place back.
func (p *place) leave() { p.circuit.leave(p.epoch) }

// says takes in what the request says about its upstream; only the first time.
func (p *place) says(e effect) {
	c := p.circuit
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.said {
		return
	}
	p.said = true
	c.heed(p, e)
}
