package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ptpu"
	"ptpu/table"
)

// entryAction appends an audit entry. n tells entries of one transaction apart;
// those of two transactions at one instant differ in message or kind.
func (s *Store) entryAction(e ptpu.Entry, n int) table.Action {
	a := table.Attributes{"kind": string(e.Kind), "at": instant(e.At), "version": s.version}
	put(a, "messageId", string(e.MessageID))
	put(a, "eventType", string(e.EventType))
	put(a, "attempt", int64(e.Attempt))
	put(a, "status", string(e.State))
	put(a, "reason", string(e.Reason))
	put(a, "traceId", e.TraceID)
	if len(e.Steps) > 0 {
		putPacked(a, "steps", e.Steps)
	}
	if len(e.Others) > 0 {
		putJSON(a, "others", e.Others)
	}
	sort := strings.Join([]string{auditKind + instant(e.At), strconv.Itoa(n), string(e.MessageID), string(e.Kind)}, "#")
	return table.Put(table.Item{
		Key:        table.Key{Partition: e.BookingID.String(), Sort: sort},
		Expires:    e.At.Add(s.retention),
		Attributes: a,
	}, table.Always())
}

// Timeline reads the audit entries of a booking, oldest first.
func (s *Store) Timeline(ctx context.Context, booking ptpu.BookingID) ([]ptpu.Entry, error) {
	var entries []ptpu.Entry
	err := s.each(ctx, booking.String(), table.Range{From: auditKind, To: claimKind}, func(item table.Item) error {
		e, err := entryOf(item)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the timeline of booking %s: %w", booking, unavailable(err))
	}
	return entries, nil
}

// Messages reads all messages of a booking that are still kept, processed ones
// included, in the order of their ids.
func (s *Store) Messages(ctx context.Context, booking ptpu.BookingID) ([]ptpu.Message, error) {
	var messages []ptpu.Message
	err := s.each(ctx, booking.String(), table.Range{From: messageKind, To: outboxKind}, func(item table.Item) error {
		m, err := messageOf(item)
		messages = append(messages, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the messages of booking %s: %w", booking, unavailable(err))
	}
	return messages, nil
}

func entryOf(item table.Item) (ptpu.Entry, error) {
	f := fields{attributes: item.Attributes}
	e := ptpu.Entry{
		At:        f.instant("at"),
		MessageID: ptpu.MessageID(f.text("messageId")),
		EventType: ptpu.EventType(f.text("eventType")),
		Kind:      ptpu.EntryKind(f.text("kind")),
		Attempt:   f.count("attempt"),
		State:     ptpu.State(f.text("status")),
		Reason:    ptpu.Reason(f.text("reason")),
		TraceID:   f.text("traceId"),
		Version:   f.text("version"),
	}
	f.packed("steps", &e.Steps)
	f.json("others", &e.Others)
	e.BookingID = f.booking(item.Key)
	if f.err != nil {
		return ptpu.Entry{}, rowError(item.Key, f.err)
	}
	return e, nil
}
