package embedded

import (
	"context"
	"sync/atomic"
)

// Write runs change in a transaction and commits it. When change returns an
// error, nothing of it is applied and Write returns that error. Any other error
// wraps ErrUnavailable; whether the change was applied is then unknown, except
// that a context that has ended never begins one.
//
// Changes of several goroutines may travel in one commit, one after the other,
// each seeing those before it; one that fails does not touch the others. change
// runs on another goroutine, should be short, and must not call Write.
func (f *File) Write(ctx context.Context, change func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return explain(err)
	}
	p := &pending{change: change, answer: make(chan error, 1)}
	if !f.writer.enqueue(p) {
		return errClosed
	}
	select {
	case err := <-p.answer:
		return err
	case <-ctx.Done():
		if p.take() {
			return explain(ctx.Err())
		}
		return <-p.answer // begun, so the answer is near
	}
}

// pending is a change that waits for the writer.
type pending struct {
	change func(*Tx) error
	taken  atomic.Bool
	answer chan error // holds one, so that the writer never waits
}

// take reports whether the change is the caller's: the writer's to run, or its
// sender's to withdraw. Only one of them gets it.
func (p *pending) take() bool { return p.taken.CompareAndSwap(false, true) }
