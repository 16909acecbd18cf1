package embedded

import "context"

// Tx is the open transaction of one Write. It must not be kept beyond it, and
// belongs to one goroutine.
//
// Its methods take no context: to interrupt SQLite in the middle of a
// transaction would take the other writes of the group down too, and a write
// that has begun takes less than a millisecond.
type Tx struct {
	on *statements
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (affected int64, err error) {
	affected, err = tx.on.exec(context.Background(), query, args)
	return affected, explain(err)
}

// Query runs a statement and calls row for each row of its answer, which must
// not use the transaction meanwhile. It sees the transaction's own changes.
func (tx *Tx) Query(query string, args []any, row func(Scan) error) error {
	return explain(tx.on.query(context.Background(), query, args, row))
}
