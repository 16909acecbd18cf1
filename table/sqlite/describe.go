package sqlite

import (
	"context"
	"time"

	"ptpu/embedded"
)

// Description is what is known of a table.
type Description struct {
	// Status is always ACTIVE: a table of the file can be used once it is open.
	Status string
	// Rows is how many items there are, expired ones not counted.
	Rows int64
}

// Describe counts the items. It reads their keys and no item, which takes about
// 50 ms for a million: an index of less than the keys would make that shorter and
// each write longer by a fifth. The error is as for Query.
func (t *Table) Describe(ctx context.Context) (Description, error) {
	d := Description{Status: "ACTIVE"}
	err := t.file.Query(ctx, t.sql.count, []any{time.Now().Unix()}, func(scan embedded.Scan) error { return scan(&d.Rows) })
	if err != nil {
		return Description{}, t.failed("counting items", err)
	}
	return d, nil
}
