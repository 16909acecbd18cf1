// Package units counts the capacity units that the calls of a table would use
// in DynamoDB, by AWS's published rules, whatever backend is below: no engine on
// one machine accounts for them honestly, and money follows them.
//
// The rules, in the words of the DynamoDB developer guide's pages on read and
// write operations, item sizes, secondary indexes and transactions:
//
//   - A strongly consistent read takes a unit for each 4 KB begun, an eventually
//     consistent one half of that. Reading what is not there takes as much as
//     the smallest item. A query adds up its items and then rounds.
//   - A write takes a unit for each 1 KB begun, of the item before or after,
//     whichever is larger. In a transaction it takes two. Removing what is not
//     there takes as much as the smallest item, and a write whose condition does
//     not hold takes as much as one whose condition does.
//   - An index takes nothing for a write that touches neither its key nor what
//     it projects, one write when an item enters it, leaves it or shows something
//     else, and two when its key changes: one out, one in. A transaction does
//     not double these; they follow after it.
//
// What DynamoDB removes because it has expired takes none. What has expired and
// is not removed yet is not seen here; it takes its share of queries.
package units

import (
	"context"
	"errors"
	"sync"

	"ptpu/table"
)

// Counted is a table whose calls are counted. It is a table.Table, and as safe
// for concurrent use as the one below.
type Counted struct {
	below   table.Table
	indexes []table.Index

	mu   sync.Mutex
	used Account
}

var _ table.Table = (*Counted)(nil)

// New counts the calls of a table that has these indexes. It reads items beside
// what it counts, so it is for measuring and not for production.
func New(t table.Table, indexes []table.Index) *Counted {
	return &Counted{below: t, indexes: indexes, used: Account{}}
}

// Take returns what was counted since the last Take, and begins anew.
func (c *Counted) Take() Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.used
	c.used = Account{}
	return taken
}

func (c *Counted) count(a Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used.add(a)
}

// Get implements table.Table.
func (c *Counted) Get(ctx context.Context, key table.Key) (table.Item, error) {
	item, err := c.below.Get(ctx, key)
	if err == nil || errors.Is(err, table.ErrNotFound) {
		c.count(Account{{Operation: Get}: {Calls: 1, Read: read(consistent, Size(item))}})
	}
	return item, err
}

// Query implements table.Table.
func (c *Counted) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	page, err := c.below.Query(ctx, partition, r)
	if err == nil {
		total := 0
		for _, item := range page.Items {
			total += Size(c.whole(ctx, item))
		}
		c.count(Account{{Operation: Query}: {Calls: 1, Read: read(consistent, total)}})
	}
	return page, err
}

// whole is the item with its index places, which a query reads and does not show.
func (c *Counted) whole(ctx context.Context, item table.Item) table.Item {
	if len(c.indexes) == 0 {
		return item
	}
	if stored, err := c.below.Get(ctx, item.Key); err == nil {
		return stored
	}
	return item
}

// QueryIndex implements table.Table.
func (c *Counted) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	page, err := c.below.QueryIndex(ctx, index, partition, r)
	if err == nil {
		total := 0
		for _, item := range page.Items {
			total += Size(item) // keys and projected attributes are all it has
		}
		c.count(Account{{Operation: QueryIndex, Index: index}: {Calls: 1, Read: read(eventual, total)}})
	}
	return page, err
}

// Write implements table.Table. It reads every item that is to be written, to
// know what an index shows of it; that is not counted. A write whose result is
// unknown is not counted either.
func (c *Counted) Write(ctx context.Context, actions ...table.Action) error {
	before := c.stored(ctx, actions)
	err := c.below.Write(ctx, actions...)
	switch {
	case err == nil:
		used := Account{}
		if replacesUnasked(actions, before) {
			used.add(refused(actions, before))
		}
		used.add(c.written(actions, before))
		c.count(used)
	case errors.Is(err, table.ErrConflict):
		c.count(refused(actions, before))
	}
	return err
}

// stored reads what the actions will meet. Another writer may come in between,
// which makes the count a little wrong and the write none the worse. What cannot
// be read counts as absent: then the write cannot be made either.
func (c *Counted) stored(ctx context.Context, actions []table.Action) map[table.Key]table.Item {
	before := map[table.Key]table.Item{}
	for _, action := range actions {
		if item, err := c.below.Get(ctx, action.Item.Key); err == nil {
			before[action.Item.Key] = item
		}
	}
	return before
}

// written is what an applied write takes, of the table and of the indexes.
func (c *Counted) written(actions []table.Action, before map[table.Key]table.Item) Account {
	used := Account{}
	line := Line{Operation: operationOf(actions)}
	used[line] = Used{Calls: 1, Write: base(actions, before)}
	for _, index := range c.indexes {
		line.Index = index.Name
		total := 0.0
		for _, action := range actions {
			total += indexed(index, before[action.Item.Key], after(action, before))
		}
		if total > 0 {
			used[line] = Used{Calls: 1, Write: total}
		}
	}
	return used
}
