// Package tabletest is the contract of ptpu/table as tests. Each backend runs
// them, and so must a proxy or decorator that claims to be a table:
//
//	tabletest.Exercise(t, func(t *testing.T, spec tabletest.Spec) table.Table { ... })
package tabletest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"ptpu/table"
)

// Spec is what a table must be opened with.
type Spec struct {
	Indexes   []table.Index
	NoSortKey bool
}

// The indexes of the table that most cases use: one shows keys only, the other
// projects two attributes.
const (
	dueIndex    = "due"
	reportIndex = "report"
)

// Exercise runs the contract against a backend. It opens two tables, which may
// hold other items: each case keeps to partitions of its own. The backend may
// let its indexes lag by some seconds, and may answer ErrUnavailable where
// transactions meet.
func Exercise(t *testing.T, open func(t *testing.T, spec Spec) table.Table) {
	rows := open(t, Spec{Indexes: []table.Index{
		{Name: dueIndex},
		{Name: reportIndex, Project: []string{"status", "count"}},
	}})
	locks := open(t, Spec{NoSortKey: true})
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"item", itemCases},
		{"condition", conditionCases},
		{"transaction", transactionCases},
		{"invalid", invalidCases},
		{"query", queryCases},
		{"index", indexCases},
		{"expiry", expiryCases},
		{"race", raceCases},
	} {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) {
				c.run(t, fixture{Table: rows, prefix: fresh()})
			})
		}
	}
	t.Run("without sort key", func(t *testing.T) { withoutSortKey(t, fixture{Table: locks, prefix: fresh()}) })
	t.Run("any operations", func(t *testing.T) { anyOperations(t, rows) })
}

type testCase struct {
	name string
	run  func(*testing.T, fixture)
}

// fixture is the table of one case, and a name space in it.
type fixture struct {
	table.Table
	prefix string
}

var freshCount atomic.Int64

// fresh is part of a name that no case had before, in this run or in an earlier
// one on the same tables.
func fresh() string {
	return fmt.Sprintf("%x-%d-", time.Now().UnixNano(), freshCount.Add(1))
}

// partition names a partition, of items or of an index, that is the case's own.
func (f fixture) partition(name string) string { return f.prefix + name }

// key is a key in the case's partition "p".
func (f fixture) key(sort string) table.Key {
	return table.Key{Partition: f.partition("p"), Sort: sort}
}
