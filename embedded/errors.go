package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrUnavailable: the file could not be read or written just now. The
	// disk is full, failing or read-only, another process wrote for too long,
	// the context ended, or the file is closed.
	ErrUnavailable = errors.New("data file unavailable")
	// ErrTooBig: a value is larger than SQLite takes, about 1 GB.
	ErrTooBig = errors.New("value too big")
	// ErrNewer: a later version of the program has written the file.
	ErrNewer = errors.New("data file is from a later version")
)

var errClosed = fmt.Errorf("%w: it is closed", ErrUnavailable)

// reasons are the result codes of SQLite that a later try may not meet again,
// in an operator's words.
var reasons = map[int]string{
	sqlite3.SQLITE_BUSY:      "another process has been writing for too long",
	sqlite3.SQLITE_LOCKED:    "another process has been writing for too long",
	sqlite3.SQLITE_NOMEM:     "out of memory",
	sqlite3.SQLITE_READONLY:  "the folder or file is read-only",
	sqlite3.SQLITE_PERM:      "the folder or file may not be written",
	sqlite3.SQLITE_INTERRUPT: "interrupted",
	sqlite3.SQLITE_IOERR:     "the disk failed",
	sqlite3.SQLITE_FULL:      "the disk is full",
	sqlite3.SQLITE_CANTOPEN:  "it cannot be opened",
	sqlite3.SQLITE_PROTOCOL:  "its locks are in disorder",
	sqlite3.SQLITE_CORRUPT:   "it is damaged; restore it from a copy",
	sqlite3.SQLITE_NOTADB:    "it is no SQLite file",
}

// explain gives SQLite's and the system's failures this package's names, once
// for every backend. Other errors pass unchanged.
func explain(err error) error {
	var fault *sqlite.Error
	switch {
	case err == nil, errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the folder or file is read-only: %w", ErrUnavailable, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: the disk is full: %w", ErrUnavailable, err)
	case !errors.As(err, &fault):
		return err
	}
	primary := fault.Code() & 0xff // the rest is detail
	if primary == sqlite3.SQLITE_TOOBIG {
		return fmt.Errorf("%w: %w", ErrTooBig, err)
	}
	if reason, ok := reasons[primary]; ok {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, reason, err)
	}
	return err
}
