package listener

import (
	"context"
	"fmt"
	"sync"
	"time"

	"ptpu"
)

// handBackDelays is how long a notice that cannot be validated now rests after
// its first, second, … receive; the last one repeats.
var handBackDelays = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute}

// carryOutTime is how long carrying out a decision may take.
const carryOutTime = 10 * time.Second

// handle decides what becomes of one delivery and carries it out. Whatever
// fails, the notice stays on the queue.
func (l *Listener) handle(work context.Context, d Delivery) {
	notice, err := readNotice(d.Body, d.Attributes)
	ctx, trace := l.Observer.Receiving(work, notice.trace)
	letGo := l.keep(ctx, d)
	ruling := l.rule(ctx, notice, err, trace)
	letGo()
	ruling.Receives = d.Receives
	if ruling.Decision == ptpu.HandedBack && work.Err() != nil {
		ruling.Decision = ptpu.Interrupted
	}
	if most := l.Queue.MaxReceives(); ruling.Decision == ptpu.HandedBack && most > 0 && d.Receives >= most {
		ruling.Decision = ptpu.DeadLettered
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), carryOutTime)
	defer cancel()
	if err := l.carryOut(ctx, d, ruling); err != nil {
		l.Observer.Stumbled(ctx, fmt.Errorf("carrying out %q for message %s: %w", ruling.Decision, ruling.ID, err))
		return
	}
	l.Observer.Ruled(ctx, ruling)
}

// keep keeps the notice in hand until the function that it returns is called.
func (l *Listener) keep(ctx context.Context, d Delivery) (letGo func()) {
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		again := time.NewTicker(keepEvery)
		defer again.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-again.C:
				if ctx.Err() == nil {
					// When it fails the notice may come again, which does no harm.
					_ = l.Queue.Keep(ctx, d)
				}
			}
		}
	})
	return func() {
		cancel()
		keeping.Wait()
	}
}

func (l *Listener) carryOut(ctx context.Context, d Delivery, r ptpu.Ruling) error {
	switch r.Decision {
	case ptpu.HandedBack:
		return l.Queue.HandBack(ctx, d, handBackDelays[min(max(d.Receives, 1), len(handBackDelays))-1])
	case ptpu.Interrupted:
		return l.Queue.HandBack(ctx, d, 0)
	case ptpu.DeadLettered:
		return l.Queue.DeadLetter(ctx, d, r.Err.Error())
	default:
		return l.Queue.Acknowledge(ctx, d)
	}
}

// rule decides what becomes of the notice, which could not be read when
// unreadable is set. What it decides to store or to ignore is durable before it
// returns.
func (l *Listener) rule(ctx context.Context, notice notice, unreadable error, trace ptpu.TraceParent) ptpu.Ruling {
	if unreadable != nil {
		return ptpu.Ruling{Decision: ptpu.DeadLettered, Err: unreadable}
	}
	payload, err := ptpu.ParsePayload([]byte(notice.payload))
	r := ptpu.Ruling{ID: notice.id, Payload: payload}
	switch {
	case err != nil:
		r.Decision, r.Err = ptpu.DeadLettered, err
		return r
	case !payload.EventType.Known():
		r.Decision, r.Reason = ptpu.Ignored, ptpu.UnknownEventType
		return r
	}
	r.Decision, r.Reason, r.Err = l.judge(ctx, notice, payload, trace)
	return r
}

// judge asks whether a well-formed notice matters and keeps the answer. A
// notice stored before is not judged again: its facts may have changed, and the
// processor looks at them anyway.
func (l *Listener) judge(ctx context.Context, n notice, p ptpu.Payload, trace ptpu.TraceParent) (ptpu.Decision, ptpu.Reason, error) {
	known, err := l.Store.Has(ctx, p.BookingID, n.id)
	if err != nil {
		return ptpu.HandedBack, "", err
	}
	if known {
		return ptpu.Duplicate, "", nil
	}
	verdict, err := l.Judge.Matters(ctx, p)
	if err != nil {
		return ptpu.HandedBack, "", err
	}
	now := time.Now()
	entry := ptpu.Entry{
		At: now, BookingID: p.BookingID, MessageID: n.id, EventType: p.EventType, Reason: verdict.Reason, TraceID: trace.TraceID(),
	}
	if !verdict.Matters() {
		entry.Kind = ptpu.EntryIgnored
		if err := l.Store.Record(ctx, entry); err != nil {
			return ptpu.HandedBack, "", err
		}
		return ptpu.Ignored, verdict.Reason, nil
	}
	m := ptpu.NewMessage(n.id, p, n.payload, verdict.Booking, now, l.Holdback)
	m.Trace = trace
	entry.Kind, entry.State = ptpu.EntryStored, m.State
	added, err := l.Store.Add(ctx, m, entry)
	switch {
	case err != nil:
		return ptpu.HandedBack, "", err
	case !added:
		return ptpu.Duplicate, "", nil
	}
	return ptpu.Stored, "", nil
}
