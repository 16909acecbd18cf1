package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ptpu/embedded"
	"ptpu/table"
)

// pageSize is the most items of an answer when the caller sets no limit. A page
// of items of usual size takes about a megabyte.
const pageSize = 500

// The columns that order items, and places in an index.
var (
	itemOrder  = []string{"sort"}
	placeOrder = []string{"sort", "item_partition", "item_sort"}
)

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	page, err := t.query(ctx, partition, r)
	if err != nil {
		return table.Page{}, t.failed("querying items", err)
	}
	return page, nil
}

func (t *Table) query(ctx context.Context, partition string, r table.Range) (page table.Page, err error) {
	if err := table.CheckRange(partition, r); err != nil {
		return table.Page{}, err
	}
	s := selection{sql: t.sql.query, args: []any{partition, time.Now().Unix()}, order: itemOrder}
	var after []string
	if r.After != "" {
		after = []string{r.After}
	}
	limit := s.narrow(r, after)
	err = t.file.Query(ctx, s.sql, s.args, func(scan embedded.Scan) error {
		key := table.Key{Partition: partition}
		var stored row
		if err := scan(&key.Sort, &stored.version, &stored.expires, &stored.attributes); err != nil {
			return err
		}
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Key.Sort
			return nil
		}
		stored.places = noPlaces
		item, err := stored.item(key)
		page.Items = append(page.Items, item)
		return err
	})
	return page, err
}

// QueryIndex implements table.Table.
func (t *Table) QueryIndex(ctx context.Context, index, partition string, r table.Range) (table.Page, error) {
	page, err := t.queryIndex(ctx, index, partition, r)
	if err != nil {
		return table.Page{}, t.failed("querying index "+index, err)
	}
	return page, nil
}

func (t *Table) queryIndex(ctx context.Context, index, partition string, r table.Range) (page table.Page, err error) {
	if _, ok := t.spec.index(index); !ok {
		return table.Page{}, fmt.Errorf("%w: no such index", table.ErrInvalid)
	}
	if err := table.CheckRange(partition, r); err != nil {
		return table.Page{}, err
	}
	s := selection{
		sql:   t.sql.queryIndex,
		args:  []any{index, partition, time.Now().Unix()},
		order: placeOrder,
	}
	after, err := decodePosition(r.After)
	if err != nil {
		return table.Page{}, err
	}
	limit := s.narrow(r, after)
	err = t.file.Query(ctx, s.sql, s.args, func(scan embedded.Scan) error {
		place := table.IndexKey{Partition: partition}
		var key table.Key
		var attributes []byte
		if err := scan(&place.Sort, &key.Partition, &key.Sort, &attributes); err != nil {
			return err
		}
		if len(page.Items) == limit {
			page.Next = encodePosition(page.Items[limit-1], index)
			return nil
		}
		shown, err := decodeAttributes(attributes)
		page.Items = append(page.Items, table.Item{
			Key:        key,
			Index:      map[string]table.IndexKey{index: place},
			Attributes: shown,
		})
		return err
	})
	return page, err
}

// selection is a query under construction. There are few texts in all, so that
// each stays prepared.
type selection struct {
	sql   string
	args  []any
	order []string // the columns that order it, sort first
}

// narrow adds the range's bounds, order and limit, and returns the limit. after
// is where the page before ended, in the columns of the order; none for the
// first. The statement asks for one row more, which tells whether there is a
// next page.
//
// There is one bound at each end: of two, SQLite would seek to whichever it
// likes, and step over the rest of the pages before.
func (s *selection) narrow(r table.Range, after []string) (limit int) {
	lower, upper := after, []string(nil)
	if r.Newest {
		lower, upper = nil, after
	}
	if len(lower) > 0 && lower[0] >= r.From {
		s.bound(s.order, ">", lower)
	} else if r.From != "" {
		s.bound(s.order[:1], ">=", []string{r.From})
	}
	if len(upper) > 0 && (r.To == "" || upper[0] < r.To) {
		s.bound(s.order, "<", upper)
	} else if r.To != "" {
		s.bound(s.order[:1], "<", []string{r.To})
	}
	direction := ""
	if r.Newest {
		direction = " DESC"
	}
	s.sql += " ORDER BY " + strings.Join(s.order, direction+", ") + direction + " LIMIT ?"
	limit = r.Limit
	if limit == 0 || limit > pageSize {
		limit = pageSize
	}
	s.args = append(s.args, limit+1)
	return limit
}

func (s *selection) bound(columns []string, than string, values []string) {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
	s.sql += fmt.Sprintf(" AND (%s) %s (%s)", strings.Join(columns, ", "), than, marks)
	for _, value := range values {
		s.args = append(s.args, value)
	}
}

// encodePosition writes where a page of an index ended. Several items may share
// a place there, so the place alone would not do.
func encodePosition(last table.Item, index string) string {
	text, err := json.Marshal([3]string{last.Index[index].Sort, last.Key.Partition, last.Key.Sort})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

func decodePosition(after string) ([]string, error) {
	if after == "" {
		return nil, nil
	}
	var last [3]string
	if err := json.Unmarshal([]byte(after), &last); err != nil {
		return nil, fmt.Errorf("%w: After is not from an earlier page", table.ErrInvalid)
	}
	return last[:], nil
}
