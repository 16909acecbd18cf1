// Package store is the domain's reads and writes: messages, claims, open
// writes, announcements, audit entries and named locks, written once on the
// table seam. It knows neither which backend is below nor why something is
// read or written.
//
// One booking is one partition, so that one read shows everything that waits
// there and one transaction settles an attempt:
//
//	audit#<instant>#<n>   what was decided and done, in time order
//	claim                 who works on the booking
//	message#<id>          a message
//	outbox#<key>          a domain event that is owed
//	unfinished#<key>      an identifier write without an answer
//
// What wants a worker at some instant stands in the sparse index "due", and each
// message in the index "created", in the order of their creation; both are spread
// over shards. An index is a hint; the partition decides.
//
// What people did with ptpu stands apart, in a partition for each day:
// actions#<day>, in time order.
package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"ptpu"
	"ptpu/table"
)

// Indexes are the indexes that the message table must be opened with.
func Indexes() []table.Index {
	return []table.Index{{Name: dueIndex}, {Name: createdIndex, Project: slices.Clone(reported)}}
}

// Store reads and writes the domain. It is safe for concurrent use. Every
// method returns errors that wrap ptpu's: ErrUnavailable when the table could
// not be reached, ErrClaimLost when another worker has taken the booking.
type Store struct {
	rows      table.Table
	version   string
	retention time.Duration
}

// Config is what a Store needs.
type Config struct {
	// Rows is the message table, opened with Indexes.
	Rows table.Table
	// Version is ptpu's own, for the audit entries.
	Version string
	// AuditRetention is how long audit entries are kept; ptpu.Retention at
	// least, and when zero.
	AuditRetention time.Duration
}

// New makes a Store.
func New(c Config) (*Store, error) {
	if c.Rows == nil {
		return nil, errors.New("store: Rows is missing")
	}
	if c.AuditRetention == 0 {
		c.AuditRetention = ptpu.Retention
	}
	if c.AuditRetention < ptpu.Retention {
		return nil, fmt.Errorf("store: AuditRetention is %s, want at least %s", c.AuditRetention, ptpu.Retention)
	}
	return &Store{rows: c.Rows, version: c.Version, retention: c.AuditRetention}, nil
}

// Has reports whether the message was stored before, processed or not.
func (s *Store) Has(ctx context.Context, booking ptpu.BookingID, id ptpu.MessageID) (bool, error) {
	_, err := s.rows.Get(ctx, messageKey(booking, id))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, table.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("looking for message %s of booking %s: %w", id, booking, unavailable(err))
	}
}

// Add stores a new message with the entry that says so, and reports whether it
// is new. A message that is there already is left as it is.
func (s *Store) Add(ctx context.Context, m ptpu.Message, e ptpu.Entry) (bool, error) {
	actions := []table.Action{table.Put(itemOf(m), table.Absent()), s.entryAction(e, 0)}
	err := retried(ctx, func() error { return s.rows.Write(ctx, actions...) })
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, table.ErrConflict):
		return s.addedByUs(ctx, m)
	default:
		return false, fmt.Errorf("storing message %s of booking %s: %w", m.ID, m.BookingID, unavailable(err))
	}
}

// addedByUs tells whether the message that is there already was stored by this
// very call, whose answer was lost.
func (s *Store) addedByUs(ctx context.Context, m ptpu.Message) (bool, error) {
	item, err := s.rows.Get(ctx, messageKey(m.BookingID, m.ID))
	if err != nil {
		return false, fmt.Errorf("reading message %s of booking %s again: %w", m.ID, m.BookingID, unavailable(err))
	}
	stored, err := messageOf(item)
	return err == nil && stored.Created.Equal(m.Created), err
}

// Record keeps an audit entry that stands by itself.
func (s *Store) Record(ctx context.Context, e ptpu.Entry) error {
	action := s.entryAction(e, 0)
	if err := retried(ctx, func() error { return s.rows.Write(ctx, action) }); err != nil {
		return fmt.Errorf("recording %s for booking %s: %w", e.Kind, e.BookingID, unavailable(err))
	}
	return nil
}

// hashOf spreads bookings over the shards of an index.
func hashOf(booking ptpu.BookingID) uint32 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(booking.String())) // a hash never fails
	return hash.Sum32()
}

// instantLayout has a fixed width, so that instants sort as text.
const instantLayout = "2006-01-02T15:04:05.000000000Z"

// latest is the last instant that has that width. A sentence that "expires" on
// 31 December 9999 ends behind it, in London's winter at the very next instant.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)

func instant(t time.Time) string {
	if t.After(latest) {
		t = latest
	}
	return t.UTC().Format(instantLayout)
}

// unavailable gives the table's failures the domain's name.
func unavailable(err error) error {
	if errors.Is(err, table.ErrUnavailable) {
		return fmt.Errorf("%w: %w", ptpu.ErrUnavailable, err)
	}
	return err
}
