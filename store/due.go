package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"ptpu"
	"ptpu/table"
)

// Shards is how many partitions the due index has, so that no one of them
// carries the whole load.
const Shards = 16

// dueIndex holds what wants a worker at some instant, and shows keys only.
const dueIndex = "due"

// backlogLimit is how many rows Backlog counts of one shard. Beyond it the exact
// number says nothing that an operator would do otherwise, and counting costs.
const backlogLimit = 1000

// Due reads a page of the bookings of one shard at which something was due by
// now, the longest due first. The index may lag, and a booking stands there
// once for each thing that is due: the caller looks at the booking itself. next
// continues behind the page; it is empty at the end.
func (s *Store) Due(ctx context.Context, shard int, now time.Time, limit int, after string) (due []ptpu.BookingID, next string, err error) {
	page, err := s.dueBy(ctx, shard, now, limit, after)
	if err != nil {
		return nil, "", err
	}
	for _, item := range page.Items {
		id, err := strconv.ParseInt(item.Key.Partition, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("reading due work of shard %d: partition %q is no booking", shard, item.Key.Partition)
		}
		due = append(due, ptpu.BookingID(id))
	}
	return due, page.Next, nil
}

func (s *Store) dueBy(ctx context.Context, shard int, now time.Time, limit int, after string) (table.Page, error) {
	page, err := s.rows.QueryIndex(ctx, dueIndex, dueShard(shard), table.Range{
		To:    instant(now.Add(1)),
		Limit: limit,
		After: after,
	})
	if err != nil {
		return table.Page{}, fmt.Errorf("reading due work of shard %d: %w", shard, unavailable(err))
	}
	return page, nil
}

// Backlog counts what was due by now over all shards, up to 1,000 in each. With
// nothing due it takes what an idle tick takes.
func (s *Store) Backlog(ctx context.Context, now time.Time) (ptpu.Backlog, error) {
	var all ptpu.Backlog
	for shard := range Shards {
		one, err := s.backlogOf(ctx, shard, now)
		if err != nil {
			return ptpu.Backlog{}, err
		}
		all.Due += one.Due
		all.More = all.More || one.More
		if all.Oldest.IsZero() || !one.Oldest.IsZero() && one.Oldest.Before(all.Oldest) {
			all.Oldest = one.Oldest
		}
	}
	return all, nil
}

func (s *Store) backlogOf(ctx context.Context, shard int, now time.Time) (ptpu.Backlog, error) {
	var b ptpu.Backlog
	for after := ""; ; {
		// One row beyond the limit tells whether there are more.
		page, err := s.dueBy(ctx, shard, now, backlogLimit+1-b.Due, after)
		if err != nil {
			return b, err
		}
		if b.Due == 0 && len(page.Items) > 0 {
			oldest := page.Items[0]
			if b.Oldest, err = time.Parse(instantLayout, oldest.Index[dueIndex].Sort); err != nil {
				return b, fmt.Errorf("reading due work of shard %d: %w", shard, rowError(oldest.Key, err))
			}
		}
		b.Due += len(page.Items)
		if b.Due > backlogLimit {
			b.Due, b.More = backlogLimit, true
			return b, nil
		}
		if after = page.Next; after == "" {
			return b, nil
		}
	}
}

// dueAt is the place in the due index for an instant; none for the zero one.
func dueAt(booking ptpu.BookingID, due time.Time) map[string]table.IndexKey {
	places := map[string]table.IndexKey{}
	if !due.IsZero() {
		places[dueIndex] = table.IndexKey{Partition: dueShard(int(hashOf(booking) % Shards)), Sort: instant(due)}
	}
	return places
}

func dueShard(shard int) string { return fmt.Sprintf("due#%02d", shard) }
