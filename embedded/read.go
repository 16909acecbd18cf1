package embedded

import "context"

// Query runs a statement that only reads and calls row for each row of its
// answer. It sees every write that was answered before the call, and one state
// of the file throughout. The error is row's own, or wraps ErrUnavailable when
// the file could not be read or ctx ended. row must not call Query: the pool of
// readers is small, and readers that wait for readers would wait for ever.
func (f *File) Query(ctx context.Context, query string, args []any, row func(Scan) error) error {
	if f.closed.Load() {
		return errClosed
	}
	err := explain(f.reads.query(ctx, query, args, row))
	if err != nil && f.closed.Load() {
		return errClosed
	}
	return err
}
