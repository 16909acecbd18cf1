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

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, partition string, r table.Range) (table.Page, error) {
	page, err := t.query(ctx, partition, r)
	if err != nil {
		return table.Page{}, t.failed("querying items", err)
	}
	return page, nil
}

func (t *Table) query(ctx context.Context, partition string, r table.Range) (page table.Page, err error) {
	if err := checkRange(partition, r); err != nil {
		return table.Page{}, err
	}
	s := selection{sql: t.sql.query, args: []any{partition, time.Now().Unix()}, order: []string{"sort"}}
	if r.After != "" {
		s.behind(r, r.After)
	}
	limit := s.narrow(r)
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
	if err := checkRange(partition, r); err != nil {
		return table.Page{}, err
	}
	s := selection{
		sql:   t.sql.queryIndex,
		args:  []any{index, partition, time.Now().Unix()},
		order: []string{"sort", "item_partition", "item_sort"},
	}
	if r.After != "" {
		last, err := decodePosition(r.After)
		if err != nil {
			return table.Page{}, err
		}
		s.behind(r, last[0], last[1], last[2])
	}
	limit := s.narrow(r)
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

// checkRange refuses what no backend could answer.
func checkRange(partition string, r table.Range) error {
	if partition == "" {
		return fmt.Errorf("%w: no partition key", table.ErrInvalid)
	}
	if r.Limit < 0 {
		return fmt.Errorf("%w: limit %d", table.ErrInvalid, r.Limit)
	}
	return checkText(partition, r.From, r.To)
}

// selection is a query under construction. There are few texts in all, so that
// each stays prepared.
type selection struct {
	sql   string
	args  []any
	order []string // the columns that order it
}

// behind continues behind the row with these values in the order's columns.
func (s *selection) behind(r table.Range, last ...any) {
	than := ">"
	if r.Newest {
		than = "<"
	}
	s.sql += " AND (" + strings.Join(s.order, ", ") + ") " + than +
		" (" + strings.TrimSuffix(strings.Repeat("?, ", len(last)), ", ") + ")"
	s.args = append(s.args, last...)
}

// narrow adds the range's bounds, order and limit, and returns the limit. The
// statement asks for one row more, which tells whether there is a next page.
func (s *selection) narrow(r table.Range) (limit int) {
	if r.From != "" {
		s.sql += " AND sort >= ?"
		s.args = append(s.args, r.From)
	}
	if r.To != "" {
		s.sql += " AND sort < ?"
		s.args = append(s.args, r.To)
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

// encodePosition writes where a page of an index ended. Several items may share
// a place there, so the place alone would not do.
func encodePosition(last table.Item, index string) string {
	text, err := json.Marshal([3]string{last.Index[index].Sort, last.Key.Partition, last.Key.Sort})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

func decodePosition(after string) (last [3]string, err error) {
	if err := json.Unmarshal([]byte(after), &last); err != nil {
		return last, fmt.Errorf("%w: After is not from an earlier page", table.ErrInvalid)
	}
	return last, nil
}
