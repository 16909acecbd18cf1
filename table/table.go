// Package table is the seam between ptpu and whatever holds its rows: items
// under a partition and a sort key, a few sparse indexes, an expiry, and one
// atomic transaction of conditioned puts and deletes. Package store writes the
// domain on it once; a folder per backend (table/sqlite, table/dynamo) provides
// it, and every backend passes tabletest.Exercise.
package table

import (
	"context"
	"errors"
	"time"
)

// MaxActions is the most actions that one Write takes. DynamoDB's limit for a
// transaction is the strictest of the backends, so it is everyone's.
const MaxActions = 100

var (
	// ErrNotFound: there is no item under that key, or it has expired.
	ErrNotFound = errors.New("no such item")
	// ErrConflict: a condition of the transaction did not hold, and nothing
	// of it was written. After a lost answer it may be one's own earlier
	// success; the caller reads again to tell.
	ErrConflict = errors.New("condition did not hold")
	// ErrUnavailable: the backend could not be reached, was throttled, had no
	// room or did not answer in time. Whether a write was applied is unknown.
	// When the context ended, the error wraps the context's error as well.
	ErrUnavailable = errors.New("table unavailable")
	// ErrInvalid: the call can never succeed (no key, too many actions, the
	// same key twice in one transaction, an attribute of another type, an
	// unknown index, text that is not UTF-8).
	ErrInvalid = errors.New("invalid table request")
)

// Key names one item. In a table opened without a sort key, Sort is empty;
// otherwise neither is. All text of an item is valid UTF-8. DynamoDB takes up to
// 2,048 bytes of Partition, 1,024 of Sort, and 400 KB of item.
type Key struct {
	Partition string
	Sort      string
}

// IndexKey is an item's place in one index. Items of one index partition are
// ordered by Sort, bytewise; two items may share the same place, and then stand
// in no particular order. Neither part is empty.
type IndexKey struct {
	Partition string
	Sort      string
}

// Attributes are an item's named values. A value is a string, an int64 or a
// bool; anything else is ErrInvalid, as is an empty name. An absent attribute is
// simply not there: neither nil nor an empty string stands for it.
type Attributes map[string]any

// Item is one row.
type Item struct {
	Key Key
	// Version is 1 after the first put and grows by one with each later put.
	// The backend sets it: in a put it is ignored. An item that was deleted
	// or has expired is no longer there, so the next put is a first one.
	Version int64
	// Index holds the item's place in each index that it appears in. An index
	// is sparse: an item without an entry for it is not in it.
	Index map[string]IndexKey
	// Expires, when set, is the instant from which the item counts as absent
	// (UTC, whole seconds; a put cuts off the rest). The backend removes it
	// some time later.
	Expires time.Time
	// Attributes are the item's own values.
	Attributes Attributes
}

// Condition is what must hold for one action of a transaction.
type Condition struct {
	kind    conditionKind
	version int64
}

type conditionKind int

const (
	always conditionKind = iota
	absent
	version
)

// Always places no condition on the action.
func Always() Condition { return Condition{kind: always} }

// Absent holds when there is no item under the key, or only an expired one.
func Absent() Condition { return Condition{kind: absent} }

// VersionIs holds when the stored item has this version and has not expired.
func VersionIs(v int64) Condition { return Condition{kind: version, version: v} }

// Absent reports whether the condition asks that no item be there.
func (c Condition) Absent() bool { return c.kind == absent }

// Version returns the version asked for, and whether one is.
func (c Condition) Version() (int64, bool) { return c.version, c.kind == version }

// Action is one part of a transaction: a Put or a Delete.
type Action struct {
	// Item is what to write. For a delete only its Key counts.
	Item   Item
	Delete bool
	If     Condition
}

// Put writes the whole item in place of whatever was there.
func Put(item Item, cond Condition) Action { return Action{Item: item, If: cond} }

// Delete removes the item. Removing what is not there is no fault when the
// condition allows it.
func Delete(key Key, cond Condition) Action {
	return Action{Item: Item{Key: key}, Delete: true, If: cond}
}

// Range selects items of one partition in the order of their sort key.
type Range struct {
	// From is the first sort key included; empty = from the start.
	From string
	// To is the first sort key no longer included; empty = to the end.
	To string
	// Limit is the most items returned; 0 = as many as the backend gives in
	// one answer. There may be fewer, even none, before the end: follow
	// Page.Next.
	Limit int
	// After continues behind an earlier page: its Next. Empty = the beginning.
	After string
	// Newest returns the highest sort keys first.
	Newest bool
}

// Page is one answer of a query.
type Page struct {
	Items []Item
	// Next continues the query when passed as Range.After, with the rest of
	// the Range unchanged; empty = the end.
	Next string
}

// Index declares one sparse index of a table.
type Index struct {
	Name string
	// Project names the attributes that a query of the index returns besides
	// Key and the index's own IndexKey; none = keys only.
	Project []string
}

// Table is one table of a backend. It is safe for concurrent use. Each method
// honours its context and returns an error that wraps one of the package's.
type Table interface {
	// Get reads one item, strongly consistent: it sees every write that was
	// answered before the call. ErrNotFound when there is none.
	Get(ctx context.Context, key Key) (Item, error)

	// Query reads one partition in order, strongly consistent. Expired items
	// are left out. Items carry no Index places.
	Query(ctx context.Context, partition string, r Range) (Page, error)

	// QueryIndex reads one partition of an index in order. An index may lag
	// behind the items, so it is a hint: read the item before acting on it.
	// Items carry Key, that index's place, and the projected attributes only;
	// Version is 0.
	QueryIndex(ctx context.Context, index, partition string, r Range) (Page, error)

	// Write applies all actions or none, and is durable when it returns nil.
	// ErrConflict when a condition does not hold; ErrInvalid for no action,
	// for more than MaxActions, or for the same key twice.
	Write(ctx context.Context, actions ...Action) error
}
