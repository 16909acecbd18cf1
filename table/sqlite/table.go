// Package sqlite keeps a table of the seam ptpu/table in the embedded SQLite
// file. Items are rows of one SQL table; their places in indexes are rows of a
// second one, which carries copies of the projected attributes, so that an
// index is read in order without touching the items. Both change in one
// transaction: an index never lags here.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"ptpu/embedded"
	"ptpu/table"
)

// Spec describes one table.
type Spec struct {
	// Name is the table's name: a letter, then letters, digits, '-' and '_'.
	Name string
	// Indexes are all indexes of the table. A later release may add one, drop
	// one, or have it project something else.
	Indexes []table.Index
	// Places gives an item the places in indexes that it would be put with
	// now. Open places with it, once, whatever was stored before an index was
	// declared as it is now; without it, it refuses to open such a table.
	Places func(table.Item) map[string]table.IndexKey
	// NoSortKey says that a partition holds one item, with an empty sort key.
	NoSortKey bool
}

// Table is one table in the file. It is a table.Table, with all that this
// promises.
type Table struct {
	file *embedded.File
	spec Spec
	sql  texts
}

var _ table.Table = (*Table)(nil)

// Open opens a table, and makes it when it is not there. The error wraps
// table.ErrInvalid for a faulty spec, else what embedded.File.Migrate and Write
// return. When items have to be placed in a new index, it takes a minute or two
// for a million.
func Open(ctx context.Context, file *embedded.File, spec Spec) (*Table, error) {
	if err := spec.validate(); err != nil {
		return nil, fmt.Errorf("opening table %q: %w", spec.Name, err)
	}
	if err := file.Migrate(ctx, "table/"+spec.Name, migrations(spec.Name)); err != nil {
		return nil, fmt.Errorf("opening table %s: %w", spec.Name, err)
	}
	t := &Table{file: file, spec: spec, sql: textsFor(spec.Name)}
	if err := t.placeAll(ctx); err != nil {
		return nil, t.failed("placing items in new indexes", err)
	}
	return t, nil
}

var validName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func (s Spec) validate() error {
	if !validName.MatchString(s.Name) {
		return fmt.Errorf("%w: name %q", table.ErrInvalid, s.Name)
	}
	seen := map[string]bool{}
	for _, index := range s.Indexes {
		if index.Name == "" || seen[index.Name] {
			return fmt.Errorf("%w: index name %q is empty or used twice", table.ErrInvalid, index.Name)
		}
		seen[index.Name] = true
	}
	return nil
}

// shape is what requests have to fit.
func (s Spec) shape() table.Shape { return table.Shape{NoSortKey: s.NoSortKey, Indexes: s.Indexes} }

func (s Spec) index(name string) (table.Index, bool) {
	i := slices.IndexFunc(s.Indexes, func(x table.Index) bool { return x.Name == name })
	if i < 0 {
		return table.Index{}, false
	}
	return s.Indexes[i], true
}

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, error) {
	item, err := t.get(ctx, key)
	if err != nil {
		return table.Item{}, t.failed("getting an item", err)
	}
	return item, nil
}

func (t *Table) get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := t.spec.shape().CheckKey(key); err != nil {
		return table.Item{}, err
	}
	item := table.Item{Key: key}
	found := false
	args := []any{key.Partition, key.Sort, time.Now().Unix()}
	err := t.file.Query(ctx, t.sql.get, args, func(scan embedded.Scan) (err error) {
		var r row
		if err := scan(&r.version, &r.expires, &r.places, &r.attributes); err != nil {
			return err
		}
		found = true
		item, err = r.item(key)
		return err
	})
	if err == nil && !found {
		err = table.ErrNotFound
	}
	return item, err
}

// failed names the step, and gives the file's failures the seam's names.
func (t *Table) failed(step string, err error) error {
	switch {
	case errors.Is(err, embedded.ErrUnavailable):
		err = fmt.Errorf("%w: %w", table.ErrUnavailable, err)
	case errors.Is(err, embedded.ErrTooBig):
		err = fmt.Errorf("%w: %w", table.ErrInvalid, err)
	}
	return fmt.Errorf("%s of table %s: %w", step, t.spec.Name, err)
}
