package ledgertest

import (
	"context"
	"time"

	"ptpu/table"
)

// row is a row as it stands.
type row struct {
	item    table.Item
	written time.Time
}

// expired reports whether the row counts as absent.
func (r row) expired(now time.Time) bool {
	return !r.item.Expires.IsZero() && !r.item.Expires.After(now)
}

// Table watches what a process writes to the message table. It stands below the
// faults: what it sees is what takes effect.
func (l *Ledger) Table(process string, t table.Table) table.Table {
	return watchedTable{Table: t, ledger: l, process: process}
}

type watchedTable struct {
	table.Table
	ledger  *Ledger
	process string
}

// Write implements table.Table.
func (t watchedTable) Write(ctx context.Context, actions ...table.Action) error {
	l := t.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := t.Table.Write(ctx, actions...); err != nil {
		return err
	}
	l.wrote(t.process, actions, time.Now())
	return nil
}

// wrote takes a transaction that has taken effect into the account.
func (l *Ledger) wrote(process string, actions []table.Action, now time.Time) {
	w := transaction{Ledger: l, process: process, now: now}
	// The claim first: the others are held to it.
	for _, action := range actions {
		if kindOf(action.Item.Key) == "claim" && !action.Delete {
			w.claimed(action.Item)
		}
	}
	for _, action := range actions {
		key := action.Item.Key
		switch kind := kindOf(key); {
		case kind == "message" && !action.Delete:
			w.message(action.Item)
		case kind == "message":
			l.broken("I7", key.Partition, key.Sort, "a message's row was deleted")
		case kind == "outbox" && action.Delete:
			w.announced(key)
		case kind == "audit" && !action.Delete:
			w.audited(action.Item)
		}
	}
	for _, action := range actions {
		if action.Delete {
			delete(l.rows, action.Item.Key)
			continue
		}
		if kindOf(action.Item.Key) == "audit" {
			continue // many, and never changed
		}
		l.rows[action.Item.Key] = row{item: action.Item, written: now}
	}
}

// transaction is one transaction while it is taken into the account.
type transaction struct {
	*Ledger
	process string
	now     time.Time
	// held is the booking whose claim the transaction writes.
	held string
}

// stored is the row as it was before the transaction, if it is there.
func (w transaction) stored(key table.Key) (table.Item, bool) {
	r, ok := w.rows[key]
	if !ok || r.expired(w.now) {
		return table.Item{}, false
	}
	return r.item, true
}

// attributes reads attributes by their names.
type attributes table.Attributes

func (a attributes) text(name string) string {
	text, _ := a[name].(string)
	return text
}

func (a attributes) number(name string) int64 {
	number, _ := a[name].(int64)
	return number
}

func (a attributes) flag(name string) bool {
	flag, _ := a[name].(bool)
	return flag
}

func (a attributes) instant(name string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, a.text(name))
	if err != nil {
		return time.Time{}
	}
	return at
}
