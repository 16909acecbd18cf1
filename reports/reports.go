// Package reports shows staff the messages: what is in progress, what found no
// match and what is processed, each as CSV that a spreadsheet opens, and how
// matching does, as JSON. Rows go out while messages are read, so that memory
// does not grow with the table.
//
//	question ──> rule ──> slot ──> audit ──> read ──> render ──> send
//	 (400)               (429)     (503)     (503, after the first byte: cut off)
package reports

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"ptpu"
)

// Store is what the reports need of the store.
type Store interface {
	// Select reads messages in created order, the oldest first. An error comes
	// once, last, when ctx ends too.
	Select(ctx context.Context, s ptpu.Selection) iter.Seq2[ptpu.Message, error]
	// RecordAction keeps what a person did.
	RecordAction(ctx context.Context, a ptpu.Action) error
}

// Config is what the Reports need.
type Config struct {
	Store Store
	// Who is the principal that asks, for the audit.
	Who func(context.Context) string
	// Stumbled is told of a report that ptpu could not finish, never of a
	// client that went away; nil is told nothing.
	Stumbled func(context.Context, error)
}

// Reports answers the report routes of one pod. It is safe for concurrent use.
type Reports struct {
	Config
	// slots holds one entry for each report under way.
	slots chan struct{}
	// patience is how long a client may take to accept one buffer.
	patience time.Duration
}

const (
	// atOnce is how many reports a pod makes at a time. A report reads as fast
	// as it can, and the pod has bookings to see to.
	atOnce = 2
	// askAgain is when a caller who was turned away may try again.
	askAgain = 10 * time.Second
	// patience leaves a slow line time, and ends a client that holds a slot
	// without reading.
	patience = 30 * time.Second
)

// New makes the Reports.
func New(c Config) (*Reports, error) {
	if c.Store == nil || c.Who == nil {
		return nil, errors.New("reports: Store and Who are needed")
	}
	if c.Stumbled == nil {
		c.Stumbled = func(context.Context, error) {}
	}
	return &Reports{Config: c, slots: make(chan struct{}, atOnce), patience: patience}, nil
}

// errBusy: as many reports as a pod makes at a time are under way.
var errBusy = errors.New("too many reports at a time")

// begin takes a slot and puts the report on record: before its first row is
// read, so that none is handed out without a trace. The caller calls end.
func (r *Reports) begin(ctx context.Context, name string, given map[string]string) (end func(), err error) {
	select {
	case r.slots <- struct{}{}:
	default:
		return nil, errBusy
	}
	end = func() { <-r.slots }
	details := map[string]string{"report": name}
	maps.Copy(details, given)
	action := ptpu.Action{At: time.Now().UTC(), By: r.Who(ctx), What: "report downloaded", Details: details}
	if err := r.Store.RecordAction(ctx, action); err != nil {
		end()
		return nil, fmt.Errorf("recording the download of report %s: %w", name, err)
	}
	return end, nil
}

// tell passes on a failure that is ours.
func (r *Reports) tell(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, errBusy) {
		r.Stumbled(ctx, err)
	}
}
