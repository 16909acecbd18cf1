package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// The rhythm of probes.
const (
	// probeEvery is how often an upstream is probed at most.
	probeEvery = time.Second
	// probeTimeout is the deadline of one ping.
	probeTimeout = 2 * time.Second
	// mostOfPing is how much of a ping's answer is read, in bytes: enough to
	// use its connection again.
	mostOfPing = 64 << 10
)

// Run brings the circuit back until ctx ends: while it is open it pings the
// upstream, and when the ping is answered, makes a few requests that worked
// before. It is to run from before the first call until after the last one.
func (c *Circuit) Run(ctx context.Context) {
	defer chain{base: c.pinging.next}.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-c.due():
			c.probe(ctx)
		}
	}
}

// due is when the next probe is; never while there is nothing to find out, or
// only calls can.
func (c *Circuit) due() <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch at := c.probed.Add(probeEvery); {
	case c.state() == Open && c.earliest.After(at):
		return time.After(time.Until(c.earliest))
	case c.state() == Open:
		return time.After(time.Until(at))
	case c.state() == HalfOpen && !c.samples.empty():
		return time.After(time.Until(c.tried.Add(probeEvery)))
	default:
		return nil
	}
}

func (c *Circuit) probe(ctx context.Context) {
	c.mu.Lock()
	if c.state() == HalfOpen {
		sample := c.samples.next()
		c.mu.Unlock()
		c.try(ctx, sample)
		return
	}
	c.probed = time.Now()
	c.mu.Unlock()
	leaveAlone, err := c.ping(ctx)
	if ctx.Err() == nil {
		c.pinged(leaveAlone, err)
	}
}

// try makes the request as any caller would, and so lets the circuit close or
// open again by what it says. When it says nothing, for want of a token or of a
// turn, the next trial is a while later.
func (c *Circuit) try(ctx context.Context, s sample) {
	response, err := s.send(ctx)
	if err == nil {
		response.Body.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried = time.Now()
}

func (c *Circuit) pinged(leaveAlone time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := time.Now(); {
	case c.state() != Open:
	case leaveAlone > 0:
		c.earliest = now.Add(leaveAlone)
	case err != nil:
		if c.asked { // for a moment; now it is an outage
			c.asked, c.why = false, err
		}
	case now.Before(c.earliest): // a late answer has asked for more time
	default:
		c.breaker.HalfOpen()
		c.moved(nil)
	}
	c.serve()
}

var errPing = errors.New("its ping is not answered")

// ping asks whether the upstream is there. It sends no token, which may be just
// what the upstream does not like.
func (c *Circuit) ping(ctx context.Context) (leaveAlone time.Duration, _ error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.pingURL, http.NoBody)
	if err != nil {
		return 0, errPing
	}
	response, err := c.pinging.RoundTrip(request)
	if err != nil {
		return 0, errPing
	}
	defer response.Body.Close()
	_, err = io.CopyN(io.Discard, response.Body, mostOfPing)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return 0, errPing
	case !isSuccess(response.StatusCode):
		return effectOf(response, verdict{}).leaveAlone, errPing
	}
	return 0, nil
}

// newPinging carries pings, on one connection of their own.
func newPinging(transport http.RoundTripper, version string) identify {
	if transport == nil {
		transport = pool(1)
	}
	return identify{next: transport, userAgent: "ptpu/" + version}
}
