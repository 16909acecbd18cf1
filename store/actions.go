package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"ptpu"
	"ptpu/table"
)

// actionsOf is the partition of one day's actions, by UTC. A booking's partition
// is a number, so nothing takes one for the other.
func actionsOf(day time.Time) string { return "actions#" + day.UTC().Format(time.DateOnly) }

// RecordAction keeps what a person did, for as long as the timelines of
// bookings.
func (s *Store) RecordAction(ctx context.Context, a ptpu.Action) error {
	attributes := table.Attributes{"at": instant(a.At)}
	put(attributes, "by", a.By)
	put(attributes, "what", a.What)
	put(attributes, "traceId", a.TraceID)
	if len(a.Details) > 0 {
		putPacked(attributes, "details", a.Details)
	}
	action := table.Put(table.Item{
		// Two pods may record at one instant.
		Key:        table.Key{Partition: actionsOf(a.At), Sort: instant(a.At) + "#" + rand.Text()},
		Expires:    a.At.Add(s.retention),
		Attributes: attributes,
	}, table.Always())
	if err := retried(ctx, func() error { return s.rows.Write(ctx, action) }); err != nil {
		return fmt.Errorf("recording the action %q: %w", a.What, unavailable(err))
	}
	return nil
}

// Actions reads what was done on the UTC day of the instant, oldest first.
func (s *Store) Actions(ctx context.Context, day time.Time) ([]ptpu.Action, error) {
	var actions []ptpu.Action
	err := s.each(ctx, actionsOf(day), table.Range{}, func(item table.Item) error {
		a, err := actionOf(item)
		actions = append(actions, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the actions of %s: %w", day.UTC().Format(time.DateOnly), unavailable(err))
	}
	return actions, nil
}

func actionOf(item table.Item) (ptpu.Action, error) {
	f := fields{attributes: item.Attributes}
	a := ptpu.Action{
		At:      f.instant("at"),
		By:      f.text("by"),
		What:    f.text("what"),
		TraceID: f.text("traceId"),
	}
	f.packed("details", &a.Details)
	if f.err != nil {
		return ptpu.Action{}, rowError(item.Key, f.err)
	}
	return a, nil
}
