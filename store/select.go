package store

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"ptpu"
	"ptpu/table"
)

// selectPage is how many rows one read of the created index asks for. Two pages
// of each shard are held at most, so that a report takes a few megabytes however
// long it is.
const selectPage = 200

// Select reads messages in the order in which they were created, ties by id,
// while the caller ranges over them. It holds a few pages and no more, reads
// nothing further once the caller breaks, and ends with an error, once, when the
// table fails or ctx ends: what came before is then only a part.
//
// The messages carry what reports show (see reported): no payload, sequences,
// counts, due instant, trace or version, so they cannot be written back. The
// index may lag, and what is processed while it is read may show on both sides
// or on neither.
func (s *Store) Select(ctx context.Context, which ptpu.Selection) iter.Seq2[ptpu.Message, error] {
	return func(yield func(ptpu.Message, error) bool) {
		if err := s.merge(ctx, which, yield); err != nil {
			yield(ptpu.Message{}, fmt.Errorf("reading messages in created order: %w", unavailable(err)))
		}
	}
}

// merge yields the messages of all shards in one order. It returns nil when the
// caller has had enough.
func (s *Store) merge(ctx context.Context, which ptpu.Selection, yield func(ptpu.Message, error) bool) error {
	reading, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop()
	shards := make([]createdShard, createdShards)
	for i := range shards {
		pages := make(chan createdPage)
		shards[i].pages = pages
		readers.Go(func() { s.readShard(reading, createdPartition(which.Processed, i), rangeOf(which), pages) })
	}
	for {
		item, err := next(shards)
		if ctx.Err() != nil {
			// A shard whose reader gave up looks like one that has ended.
			err = fmt.Errorf("%w: %w", table.ErrUnavailable, ctx.Err())
		}
		if err != nil || item == nil {
			return err
		}
		m, err := reportedOf(*item)
		if err != nil {
			return err
		}
		if !yield(m, nil) {
			return nil
		}
	}
}

// rangeOf is the selection's bounds as sort keys. Both are exclusive: the lower
// one begins a nanosecond later, the finest that an instant is kept to, and the
// upper one sorts before every message of its instant, because they go on behind it.
func rangeOf(which ptpu.Selection) table.Range {
	r := table.Range{Limit: selectPage}
	if !which.After.IsZero() {
		r.From = instant(which.After.Add(1))
	}
	if !which.Before.IsZero() {
		r.To = instant(which.Before)
	}
	return r
}

// createdPage is one answer of a shard; an error is the last.
type createdPage struct {
	items []table.Item
	err   error
}

// readShard sends the pages of one shard, one read ahead of whoever takes them,
// and closes the channel at the end or when ctx ends.
func (s *Store) readShard(ctx context.Context, partition string, r table.Range, pages chan<- createdPage) {
	defer close(pages)
	for {
		page, err := s.rows.QueryIndex(ctx, createdIndex, partition, r)
		select {
		case pages <- createdPage{items: page.Items, err: err}:
		case <-ctx.Done():
			return
		}
		if err != nil || page.Next == "" {
			return
		}
		r.After = page.Next
	}
}

// createdShard is one shard while it is read.
type createdShard struct {
	items []table.Item // of the page at hand, those not taken yet
	pages <-chan createdPage
}

// head is the shard's next row, which stays there; nil at its end.
func (c *createdShard) head() (*table.Item, error) {
	for len(c.items) == 0 {
		page, ok := <-c.pages
		if !ok || page.err != nil {
			return nil, page.err
		}
		c.items = page.items
	}
	return &c.items[0], nil
}

// next takes the row that was created first of all shards; nil when there is
// none.
func next(shards []createdShard) (*table.Item, error) {
	var first *table.Item
	var from *createdShard
	for i := range shards {
		head, err := shards[i].head()
		if err != nil {
			return nil, err
		}
		if head != nil && (first == nil || head.Index[createdIndex].Sort < first.Index[createdIndex].Sort) {
			first, from = head, &shards[i]
		}
	}
	if first != nil {
		from.items = from.items[1:]
	}
	return first, nil
}
