// Package embedded opens the one SQLite file of a data folder, for the backends
// that keep their rows, notices and announcements in it (table/sqlite,
// queue/sqlite, topic/sqlite). They share the file, so that one folder is all
// there is to back up, and one commit can carry the work of all three.
//
// Writes go through one connection and are committed in groups; reads have
// connections of their own and see every write that was answered before. What
// Write has answered survives the end of the process by any means. A loss of
// power can take the last moments with it, unless the file is opened with Full.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"modernc.org/sqlite" // the driver "sqlite", without cgo
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	fileName = "ptpu.db"
	// busyTimeout is how long a statement waits for a writer in another
	// process before it fails with ErrUnavailable.
	busyTimeout = 10 * time.Second
	// busyPause is how long opening rests before it tries again.
	busyPause = 10 * time.Millisecond
	// readerCount is enough to keep a small machine busy. Each connection has
	// a page cache of its own.
	readerCount = 4
	// walLimit is the size, in bytes, that the write-ahead log is cut back to
	// after a burst.
	walLimit = 64 << 20
)

// Sync is how hard the file works against a loss of power. It makes no
// difference to the end of the process: that loses nothing either way.
type Sync string

const (
	// Normal syncs at checkpoints. A loss of power may take the last moments
	// of answered writes; it never damages the file.
	Normal Sync = "normal"
	// Full syncs before each answer, which costs a write of the disk's own.
	Full Sync = "full"
)

// Options say how a file is opened. The zero value is good for a short writer.
type Options struct {
	// Sync is Normal when empty.
	Sync Sync
	// Serve claims the folder for a service that runs until Close. One process
	// at a time may do so. Short writers leave it false: they write beside the
	// service, in turns with it.
	Serve bool
}

// File is the open SQLite file of one data folder. It is safe for concurrent
// use. Inside a testing/synctest bubble, open it in the bubble that uses it.
type File struct {
	dir     string
	lock    *os.File // nil unless serving
	readers *sql.DB
	reads   *statements
	writer  *writer
	closed  atomic.Bool
}

// Open opens the file of the folder dir and makes both when they are not there,
// readable for this user only. The error wraps ErrInUse when the folder is
// claimed by another serving process, ErrUnavailable when the folder cannot be
// written, and names the folder in any case.
func Open(dir string, o Options) (*File, error) {
	f, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("opening data folder %s: %w", dir, err)
	}
	return f, nil
}

func open(dir string, o Options) (_ *File, err error) {
	sync, err := pragmaOf(o.Sync)
	if err != nil {
		return nil, err
	}
	path, err := prepare(dir)
	if err != nil {
		return nil, explain(err)
	}
	f := &File{dir: dir}
	if o.Serve {
		if f.lock, err = lockFolder(dir); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			unlockFolder(f.lock)
		}
	}()
	err = patiently(func() (err error) {
		f.writer, err = startWriter(address(path, sync, false))
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	err = patiently(func() (err error) {
		f.readers, err = openReaders(address(path, sync, true))
		return err
	})
	if err != nil {
		_ = f.writer.stop()
		return nil, explain(err)
	}
	f.reads = newStatements(f.readers)
	return f, nil
}

// patiently opens again while another process is doing the same: SQLite does not
// wait, as it does for a writer, when two switch a new file to its log at once.
func patiently(open func() error) error {
	for limit := time.Now().Add(busyTimeout); ; {
		err := open()
		var fault *sqlite.Error
		if !errors.As(err, &fault) || fault.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(limit) {
			return err
		}
		<-time.After(busyPause)
	}
}

func pragmaOf(s Sync) (string, error) {
	switch s {
	case Normal, "":
		return "normal", nil
	case Full:
		return "full", nil
	}
	return "", fmt.Errorf("sync is %q, want %q or %q", s, Normal, Full)
}

// prepare makes the folder and the file. SQLite would make the file too, but
// as readable as the umask allows; its companions copy the file's mode.
func prepare(dir string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err = filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return path, file.Close()
}

// address is the data source name of a connection.
func address(path, sync string, readOnly bool) string {
	q := url.Values{}
	q.Set("_busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10))
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", sync)
	q.Set("_dqs", "0") // a misspelt column must not pass for a string
	q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", walLimit))
	// The root file system of the container is read-only.
	q.Add("_pragma", "temp_store(memory)")
	if readOnly {
		q.Set("_query_only", "1")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func openReaders(address string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return nil, err
	}
	// None is closed when idle: each holds its prepared statements.
	db.SetMaxOpenConns(readerCount)
	db.SetMaxIdleConns(readerCount)
	if err := db.PingContext(context.Background()); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Close commits what is waiting, moves the log into the file, and gives the
// folder back. Calls after it fail with ErrUnavailable; a second Close does
// nothing.
func (f *File) Close() error {
	if f.closed.Swap(true) {
		return nil
	}
	// The last connection to close checkpoints. It has to be one that may
	// write, so the readers go first.
	f.reads.close()
	err := f.readers.Close()
	if stopErr := f.writer.stop(); err == nil {
		err = stopErr
	}
	unlockFolder(f.lock)
	if err != nil {
		return fmt.Errorf("closing data folder %s: %w", f.dir, explain(err))
	}
	return nil
}
