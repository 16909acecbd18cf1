package faulttest

import (
	"context"
	"slices"
	"strings"

	"ptpu/table"
)

// Table is the process's way to a table.
func (p *Process) Table(t table.Table) table.Table { return &processTable{p: p, next: t} }

type processTable struct {
	p    *Process
	next table.Table
}

// Get implements table.Table.
func (t *processTable) Get(ctx context.Context, key table.Key) (item table.Item, err error) {
	call := Call{Seam: Table, Op: "Get", Key: rowOf(key), Whose: bookingOf(key.Partition)}
	err = t.p.do(ctx, call, table.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		item, err = t.next.Get(ctx, key)
		return err
	})
	return item, err
}

// Query implements table.Table.
func (t *processTable) Query(ctx context.Context, partition string, r table.Range) (page table.Page, err error) {
	call := Call{Seam: Table, Op: "Query", Key: partition, Whose: bookingOf(partition)}
	err = t.p.do(ctx, call, table.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		page, err = t.next.Query(ctx, partition, r)
		return err
	})
	return page, err
}

// QueryIndex implements table.Table.
func (t *processTable) QueryIndex(ctx context.Context, index, partition string, r table.Range) (page table.Page, err error) {
	call := Call{Seam: Table, Op: "QueryIndex", Key: index + " " + partition}
	err = t.p.do(ctx, call, table.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		page, err = t.next.QueryIndex(ctx, index, partition, r)
		return err
	})
	return page, err
}

// Write implements table.Table.
func (t *processTable) Write(ctx context.Context, actions ...table.Action) error {
	var rows []string
	for _, action := range actions {
		rows = append(rows, rowOf(action.Item.Key))
	}
	call := Call{Seam: Table, Op: "Write", Key: strings.Join(slices.Compact(rows), ", ")}
	if len(actions) > 0 {
		call.Whose = bookingOf(actions[0].Item.Key.Partition)
	}
	return t.p.do(ctx, call, table.ErrUnavailable, func(ctx context.Context, _ Rule) error { return t.next.Write(ctx, actions...) })
}

// rowOf names a row by what is the same in every run: an audit entry's key has
// the instant in it.
func rowOf(key table.Key) string {
	kind, id, _ := strings.Cut(key.Sort, "#")
	if kind == "audit" {
		id = ""
	}
	return key.Partition + "/" + kind + "#" + id
}

// bookingOf is the booking whose partition it is; empty for any other.
func bookingOf(partition string) string {
	if partition == "" || strings.Trim(partition, "0123456789") != "" {
		return ""
	}
	return partition
}
