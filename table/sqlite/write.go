package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"ptpu/embedded"
	"ptpu/table"
)

// Write implements table.Table.
func (t *Table) Write(ctx context.Context, actions ...table.Action) error {
	err := t.spec.shape().CheckActions(actions)
	if err == nil {
		err = t.file.Write(ctx, func(tx *embedded.Tx) error { return t.apply(tx, actions) })
	}
	if err != nil {
		return t.failed("writing items", err)
	}
	return nil
}

// apply judges all conditions before it writes anything. A conflict is no rare
// thing, and costs no undoing this way.
func (t *Table) apply(tx *embedded.Tx, actions []table.Action) error {
	now := time.Now()
	stored := make([]row, len(actions))
	for i, action := range actions {
		var err error
		if stored[i], err = t.read(tx, action.Item.Key); err != nil {
			return err
		}
		if !holds(action.If, stored[i], now) {
			return fmt.Errorf("%w: action %d", table.ErrConflict, i)
		}
	}
	for i, action := range actions {
		if err := t.change(tx, action, stored[i], now); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) read(tx *embedded.Tx, key table.Key) (r row, err error) {
	err = tx.Query(t.sql.read, []any{key.Partition, key.Sort}, func(scan embedded.Scan) error {
		return scan(&r.id, &r.version, &r.expires, &r.places, &r.attributes)
	})
	return r, err
}

// holds judges the condition against what is stored.
func holds(c table.Condition, stored row, now time.Time) bool {
	there := stored.id != 0 && !stored.expired(now)
	if c.Absent() {
		return !there
	}
	if version, ok := c.Version(); ok {
		return there && stored.version == version
	}
	return true
}

func (t *Table) change(tx *embedded.Tx, action table.Action, stored row, now time.Time) error {
	if !action.Delete {
		return t.put(tx, action.Item, stored, now)
	}
	if stored.id == 0 {
		return nil
	}
	return t.remove(tx, action.Item.Key, stored)
}

func (t *Table) put(tx *embedded.Tx, item table.Item, stored row, now time.Time) (err error) {
	next := row{id: stored.id, version: stored.version + 1, expires: secondsOf(item.Expires)}
	if stored.expired(now) {
		next.version = 1
	}
	if next.attributes, err = encodeAttributes(item.Attributes); err != nil {
		return err
	}
	if next.places, err = encodePlaces(item.Index); err != nil {
		return err
	}
	if err := t.putRow(tx, item.Key, next); err != nil {
		return err
	}
	return t.place(tx, item, stored, next.expires)
}

func (t *Table) putRow(tx *embedded.Tx, key table.Key, r row) (err error) {
	if r.id == 0 {
		_, err = tx.Exec(t.sql.insert, r.version, r.expires, string(r.places), string(r.attributes), key.Partition, key.Sort)
	} else {
		_, err = tx.Exec(t.sql.update, r.version, r.expires, string(r.places), string(r.attributes), r.id)
	}
	return err
}

func (t *Table) remove(tx *embedded.Tx, key table.Key, stored row) error {
	if _, err := tx.Exec(t.sql.remove, stored.id); err != nil {
		return err
	}
	return t.place(tx, table.Item{Key: key}, stored, sql.NullInt64{})
}
