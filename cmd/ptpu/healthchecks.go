package main

import (
	"context"
	"maps"

	"ptpu/health"
	"ptpu/queue"
	tablesqlite "ptpu/table/sqlite"
)

// The names of health's components that monitoring knows.
const (
	messageTableHealth  = "messageTable"
	scheduleTableHealth = "scheduleTable"
	eventQueueHealth    = "prisoneventqueue-health"
)

// checks are what health asks of the backend, besides those given.
func (b *backend) checks(others map[string]health.Check) map[string]health.Check {
	all := maps.Clone(others)
	maps.Copy(all, b.tables)
	all[eventQueueHealth] = health.Queue(b.events.Name(), depthOf(b.events), b.deadLetters.Name(), depthOf(b.deadLetters))
	return all
}

// depthOf counts what is on a queue.
func depthOf(q queue.Queue) health.Depth {
	return func(ctx context.Context) (waiting, inFlight int, err error) {
		counts, err := q.Counts(ctx)
		return counts.Visible, counts.InFlight, err
	}
}

// embeddedTable describes a table of the embedded database.
func embeddedTable(name string, rows *tablesqlite.Table) health.Check {
	return health.Table(name, func(ctx context.Context) (int64, string, error) {
		d, err := rows.Describe(ctx)
		return d.Rows, d.Status, err
	})
}
