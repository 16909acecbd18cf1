package sqlite

import (
	"context"
	"time"

	"ptpu/embedded"
	"ptpu/table"
)

// Sweep removes items that have expired by now, the longest expired first and
// limit at most, and returns how many. They were invisible already: it only
// gives back their room, as DynamoDB does by itself. The error is as for Write.
func (t *Table) Sweep(ctx context.Context, now time.Time, limit int) (removed int, err error) {
	err = t.file.Write(ctx, func(tx *embedded.Tx) error {
		expired, err := t.expired(tx, now, limit)
		if err != nil {
			return err
		}
		for key, stored := range expired {
			if err := t.remove(tx, key, stored); err != nil {
				return err
			}
		}
		removed = len(expired)
		return nil
	})
	if err != nil {
		return 0, t.failed("sweeping items", err)
	}
	return removed, nil
}

func (t *Table) expired(tx *embedded.Tx, now time.Time, limit int) (map[table.Key]row, error) {
	expired := map[table.Key]row{}
	err := tx.Query(t.sql.readExpired, []any{now.Unix(), limit}, func(scan embedded.Scan) error {
		var key table.Key
		var stored row
		if err := scan(&stored.id, &key.Partition, &key.Sort, &stored.places); err != nil {
			return err
		}
		expired[key] = stored
		return nil
	})
	return expired, err
}
