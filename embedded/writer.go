package embedded

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"sync"
)

// maxGroup is the most changes that one commit carries. It bounds how long the
// first of them waits for the last.
const maxGroup = 64

// writer owns the one connection that writes. What arrives while it commits
// waits and then travels together in the next commit, so that the cost of a
// commit is shared when there is much to do and paid at once when there is not.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	tx   *Tx
	// most is maxGroup; tests and measurements set it lower.
	most int

	mu      sync.Mutex
	waiting []*pending
	closed  bool

	wake    chan struct{} // holds one: something changed under mu
	stopped chan struct{} // closed when run has returned
}

func startWriter(address string) (*writer, error) {
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(context.Background())
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	w := &writer{
		db:      db,
		conn:    conn,
		tx:      &Tx{on: newStatements(conn)},
		most:    maxGroup,
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// enqueue reports whether the change will be answered.
func (w *writer) enqueue(p *pending) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.waiting = append(w.waiting, p)
	w.signal()
	return true
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
}

// stop commits what waits, ends run and closes the connection.
func (w *writer) stop() error {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	<-w.stopped
	w.tx.on.close()
	return errors.Join(w.conn.Close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.stopped)
	for range w.wake {
		for w.hasWork() {
			w.commitGroup()
		}
		if w.finished() {
			return
		}
	}
}

func (w *writer) hasWork() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) > 0
}

func (w *writer) finished() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && len(w.waiting) == 0
}

// next takes up to most of the waiting changes, but for those that their
// senders have withdrawn.
func (w *writer) next(most int) []*pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), most)
	group := make([]*pending, 0, n)
	for _, p := range w.waiting[:n] {
		if p.take() {
			group = append(group, p)
		}
	}
	w.waiting = slices.Delete(w.waiting, 0, n)
	return group
}

// commitGroup commits one group. The group is chosen once the transaction is
// open: while another process holds it up, changes can still be withdrawn.
func (w *writer) commitGroup() {
	if _, err := w.tx.Exec("BEGIN IMMEDIATE"); err != nil {
		// All that waits has waited as long as this one.
		answer(w.next(math.MaxInt), err)
		return
	}
	group := w.next(w.most)
	results, err := w.apply(group)
	if err == nil {
		_, err = w.tx.Exec("COMMIT")
	}
	if err != nil {
		_, _ = w.tx.Exec("ROLLBACK") // SQLite may have done so itself
		// This includes changes whose own condition failed: what they saw
		// of the others is undone too.
		answer(group, err)
		return
	}
	for i, p := range group {
		p.answer <- results[i]
	}
}

func answer(group []*pending, err error) {
	for _, p := range group {
		p.answer <- err
	}
}

// apply runs the changes and returns what each said. An error of its own means
// that the transaction as a whole is lost.
func (w *writer) apply(group []*pending) (results []error, err error) {
	results = make([]error, len(group))
	for i, p := range group {
		if _, err := w.tx.Exec("SAVEPOINT change"); err != nil {
			return nil, err
		}
		results[i] = p.change(w.tx)
		if results[i] != nil {
			// This fails when SQLite has given up the whole transaction,
			// as it may when the disk is full.
			if _, err := w.tx.Exec("ROLLBACK TO change"); err != nil {
				return nil, errors.Join(results[i], err)
			}
		}
		if _, err := w.tx.Exec("RELEASE change"); err != nil {
			return nil, err
		}
	}
	return results, nil
}
