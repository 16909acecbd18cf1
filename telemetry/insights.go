package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Why an event never arrived: what InsightsConfig.Dropped is told.
const (
	DroppedFull    = "queue full"
	DroppedRefused = "refused"
	DroppedClosed  = "closed"
)

const (
	// queueLength is how many events may wait. At the usual few events per
	// booking this bridges an outage of minutes under load, of hours without,
	// in 10 to 20 MB.
	queueLength = 10_000
	// batchSize is how many events go in one request; gatherTime is how long
	// the first of them waits for others.
	batchSize  = 500
	gatherTime = 5 * time.Second
)

// InsightsConfig is what Insights needs.
type InsightsConfig struct {
	// ConnectionString is that of an Application Insights resource, such as
	// InstrumentationKey=GUID;IngestionEndpoint=https://host/. Required.
	ConnectionString string
	// Version is ptpu's own. Instance names this process; it may be empty.
	Version, Instance string
	// Log takes at most one line a minute while events do not get through;
	// nil: none.
	Log *slog.Logger
	// Sent and Dropped, when set, are told how many events have arrived and how
	// many never will, and why: one of the reasons above. They are called from
	// several goroutines, and must not block.
	Sent    func(n int)
	Dropped func(n int, why string)
	// Transport carries single HTTP requests in place of a pool of its own. It
	// must heed the context of a request. For tests.
	Transport http.RoundTripper
}

// Insights sends custom events to Application Insights, in batches and in
// order, one batch at a time. It is safe for concurrent use. It holds up
// nobody: while events cannot be sent they wait, and when too many wait, the
// newest are dropped and counted. Every event that was handed over is told of
// once, to Sent or to Dropped.
type Insights struct {
	config  InsightsConfig
	courier courier
	calm    seldom

	mu      sync.Mutex
	waiting []tracked
	closed  bool
	dropped int

	woken   chan struct{} // holds one token while there may be something new
	closing chan struct{} // closed by the first Close
	ended   chan struct{} // closed when nothing is sent any more
	giveUp  context.CancelFunc
}

// tracked is one event on its way.
type tracked struct {
	traceID string
	event   Event
	at      time.Time
}

// NewInsights makes an Insights that sends until Close. Its error says what is
// wrong with the connection string, and never shows the key.
func NewInsights(c InsightsConfig) (*Insights, error) {
	to, err := parseConnection(c.ConnectionString)
	if err != nil {
		return nil, err
	}
	if c.Version == "" {
		return nil, errors.New("telemetry.InsightsConfig.Version: want ptpu's version")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Sent == nil {
		c.Sent = func(int) {}
	}
	if c.Dropped == nil {
		c.Dropped = func(int, string) {}
	}
	if c.Transport == nil {
		c.Transport = pool()
	}
	ctx, giveUp := context.WithCancel(context.Background())
	i := &Insights{
		config:  c,
		courier: courier{connection: to, version: c.Version, instance: c.Instance, transport: c.Transport},
		woken:   make(chan struct{}, 1),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
		giveUp:  giveUp,
	}
	go i.run(ctx)
	return i, nil
}

// Track hands over one event of the trace; empty: of none. at is when it
// happened. Track never waits for the network. After Close the event is dropped.
func (i *Insights) Track(traceID string, e Event, at time.Time) {
	e.Properties = maps.Clone(e.Properties)
	i.mu.Lock()
	closed, full := i.closed, len(i.waiting) >= queueLength
	if !closed && !full {
		i.waiting = append(i.waiting, tracked{traceID: traceID, event: e, at: at})
	}
	i.mu.Unlock()
	switch {
	case closed:
		i.drop(1, DroppedClosed)
	case full:
		i.drop(1, DroppedFull)
	default:
		select {
		case i.woken <- struct{}{}:
		default: // it wakes anyway
		}
	}
}

// Close takes no more events and sends those that wait. Until ctx ends, which
// it should, it tries again what does not get through; then it gives up at
// once. It returns when nothing is sent any more, with an error when events were
// lost.
func (i *Insights) Close(ctx context.Context) error {
	i.mu.Lock()
	if !i.closed {
		i.closed = true
		close(i.closing)
	}
	before := i.dropped
	i.mu.Unlock()
	select {
	case <-i.ended:
	case <-ctx.Done():
		i.giveUp()
		<-i.ended
	}
	i.giveUp()
	if pool, ok := i.config.Transport.(interface{ CloseIdleConnections() }); ok {
		pool.CloseIdleConnections()
	}
	if lost := i.lost() - before; lost > 0 {
		return fmt.Errorf("closing Application Insights: %d custom events were lost", lost)
	}
	return nil
}

func (i *Insights) drop(n int, why string) {
	if n == 0 {
		return
	}
	i.mu.Lock()
	i.dropped += n
	i.mu.Unlock()
	i.config.Dropped(n, why)
}

func (i *Insights) lost() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.dropped
}

func (i *Insights) queued() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.waiting)
}

// take takes the oldest events off the queue.
func (i *Insights) take() []tracked {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := min(len(i.waiting), batchSize)
	batch := slices.Clone(i.waiting[:n])
	i.waiting = slices.Delete(i.waiting, 0, n)
	return batch
}
