package telemetry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// A batch that does not get through is sent again after about a second, then
// after twice as long each time, up to a minute: an outage costs the endpoint
// one request a minute, and is over here soon after it is over there.
const (
	firstRest   = time.Second
	longestRest = time.Minute
)

// run sends what is tracked, until Close.
func (i *Insights) run(ctx context.Context) {
	defer close(i.ended)
	for i.gather() {
		i.deliver(ctx, i.take())
	}
}

// gather waits until it is worth sending a batch. False: nothing will come any
// more.
func (i *Insights) gather() bool {
	var enough <-chan time.Time
	for {
		switch n := i.queued(); {
		case n >= batchSize:
			return true
		case n > 0 && enough == nil:
			enough = time.After(gatherTime)
		}
		select {
		case <-i.woken:
		case <-enough:
			return true
		case <-i.closing:
			return i.queued() > 0
		}
	}
}

// deliver sends the batch until all of it is accepted or refused, or ctx ends.
func (i *Insights) deliver(ctx context.Context, batch []tracked) {
	rest := firstRest
	for {
		if ctx.Err() != nil {
			i.drop(len(batch), DroppedClosed)
			return
		}
		a := i.courier.post(ctx, batch)
		if a.accepted > 0 {
			i.config.Sent(a.accepted)
		}
		i.drop(a.refused, DroppedRefused)
		i.complain(a)
		if batch = a.again; len(batch) == 0 {
			return
		}
		i.rest(ctx, max(a.retryAfter, rest/2+rand.N(rest/2)))
		rest = min(2*rest, longestRest)
	}
}

// rest waits, but once Close is under way there is no time for more than a
// short wait: the batch is sent now or never.
func (i *Insights) rest(ctx context.Context, wait time.Duration) {
	closing := i.closing
	select {
	case <-closing:
		closing, wait = nil, min(wait, firstRest)
	default:
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
	case <-closing:
	case <-ctx.Done():
	}
}

// complain says, now and then, that events do not get through.
func (i *Insights) complain(a answer) {
	if a.refused == 0 && len(a.again) == 0 {
		return
	}
	held, ok := i.calm.mayTell()
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.Int("waiting", i.queued()+len(a.again)), slog.Int("droppedSinceStart", i.lost()), slog.Int("linesHeldBack", held),
	}
	if a.status != 0 {
		attrs = append(attrs, slog.Int("status", a.status))
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", a.err.Error()))
	}
	i.config.Log.LogAttrs(context.Background(), slog.LevelWarn, "custom events do not get through to Application Insights", attrs...)
}
