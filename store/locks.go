package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"ptpu"
	"ptpu/table"
)

// Locks are named locks in a table of their own, for work that one pod at a
// time should do. A lock is judged by watching its version: one that has stood
// still for its length, by the watcher's own clock, is free. Nobody compares
// another host's clock. Safe for concurrent use.
type Locks struct {
	rows   table.Table
	owner  string
	length time.Duration

	mu   sync.Mutex
	seen map[string]sighting // by name
}

// sighting is a version of a lock held elsewhere, and since when it is known.
type sighting struct {
	version int64
	since   time.Time
}

// NewLocks makes the locks of one worker. A lock lasts for length after it was
// last written; the table has no sort key.
func NewLocks(rows table.Table, owner string, length time.Duration) *Locks {
	return &Locks{rows: rows, owner: owner, length: length, seen: map[string]sighting{}}
}

// Lock is a named lock in hand.
type Lock struct {
	locks   *Locks
	name    string
	version int64
}

// TryLock takes the lock, or reports that it is held elsewhere: then the work is
// skipped this time. After taking it, look again whether the work is still to
// be done. A lock whose holder died is free once it has been seen unchanged for
// its length, so it takes at least two calls to take that over.
func (l *Locks) TryLock(ctx context.Context, name string) (lock *Lock, ok bool, err error) {
	item, err := l.rows.Get(ctx, table.Key{Partition: name})
	if err != nil && !errors.Is(err, table.ErrNotFound) {
		return nil, false, fmt.Errorf("reading lock %s: %w", name, unavailable(err))
	}
	f := fields{attributes: item.Attributes}
	if f.text("owner") != "" && !l.stoodStill(name, item.Version) {
		return nil, false, nil
	}
	lock = &Lock{locks: l, name: name, version: item.Version}
	if ok, err = lock.write(ctx, l.owner); !ok || err != nil {
		return nil, false, err
	}
	return lock, true, nil
}

// stoodStill reports whether this version was first seen a lock's length ago.
func (l *Locks) stoodStill(name string, version int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen, ok := l.seen[name]
	if !ok || seen.version != version {
		l.seen[name] = sighting{version: version, since: time.Now()}
		return false
	}
	return time.Since(seen.since) >= l.length
}

// Renew keeps the lock for another length. ErrClaimLost when somebody else has
// taken it.
func (l *Lock) Renew(ctx context.Context) error { return l.must(ctx, l.locks.owner) }

// Unlock gives the lock back. ErrClaimLost when somebody else has taken it.
func (l *Lock) Unlock(ctx context.Context) error { return l.must(ctx, "") }

func (l *Lock) must(ctx context.Context, owner string) error {
	ok, err := l.write(ctx, owner)
	if err == nil && !ok {
		err = fmt.Errorf("writing lock %s: %w", l.name, ptpu.ErrClaimLost)
	}
	return err
}

// write writes the lock's row, and reports whether the condition held. A failed
// condition after a lost answer is told from a loss by the stamp.
func (l *Lock) write(ctx context.Context, owner string) (bool, error) {
	stamp := rand.Text()
	a := table.Attributes{"stamp": stamp}
	put(a, "owner", owner)
	action := table.Put(table.Item{Key: table.Key{Partition: l.name}, Attributes: a}, condition(l.version))
	err := retried(ctx, func() error { return l.locks.rows.Write(ctx, action) })
	if errors.Is(err, table.ErrConflict) {
		item, err := l.locks.rows.Get(ctx, table.Key{Partition: l.name})
		if err != nil && !errors.Is(err, table.ErrNotFound) {
			return false, fmt.Errorf("reading lock %s again: %w", l.name, unavailable(err))
		}
		f := fields{attributes: item.Attributes}
		if f.text("stamp") != stamp {
			return false, nil
		}
	} else if err != nil {
		return false, fmt.Errorf("writing lock %s: %w", l.name, unavailable(err))
	}
	l.version++
	return true, nil
}

// Hold does the work while holding the lock, and keeps the lock for as long as
// that takes. ran is false when the lock is held elsewhere. The context of the
// work ends when the lock is lost, and at the latest when others may take it.
func (l *Locks) Hold(ctx context.Context, name string, work func(context.Context) error) (ran bool, err error) {
	// Counted from before each write: an onlooker sees it no earlier.
	started := time.Now()
	lock, ok, err := l.TryLock(ctx, name)
	if err != nil || !ok {
		return false, err
	}
	working, stop := context.WithCancelCause(ctx)
	// A timer, because a renewal may hang for longer than the lock holds.
	expiry := time.AfterFunc(time.Until(started.Add(l.length)), func() { stop(ptpu.ErrClaimLost) })
	defer expiry.Stop()
	var renewing sync.WaitGroup
	renewing.Go(func() { lock.keep(working, stop, expiry) })
	err = work(working)
	stop(nil)
	renewing.Wait()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.length)
	defer cancel()
	return true, errors.Join(err, lock.Unlock(ending))
}

// keep renews the lock until ctx ends, and puts off its expiry with each
// renewal. It ends ctx when the lock is lost.
func (l *Lock) keep(ctx context.Context, stop context.CancelCauseFunc, expiry *time.Timer) {
	renewal := time.NewTicker(l.locks.length / 3)
	defer renewal.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-renewal.C:
			started := time.Now()
			switch err := l.Renew(ctx); {
			case err == nil:
				expiry.Reset(time.Until(started.Add(l.locks.length)))
			case errors.Is(err, ptpu.ErrClaimLost):
				stop(ptpu.ErrClaimLost)
				return
			}
		}
	}
}
