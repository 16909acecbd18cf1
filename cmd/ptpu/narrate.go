package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"ptpu"
	"ptpu/telemetry"
)

// narrator tells a person, one readable line per decision, besides what the
// observer below tells machines.
type narrator struct {
	*telemetry.Observer

	mu      sync.Mutex
	out     io.Writer
	rulings map[ptpu.MessageID]ptpu.Ruling
	// heard is given a value when something new was told; a listener that is
	// slow misses none, because it looks at everything again.
	heard chan struct{}
}

func newNarrator(o *telemetry.Observer, out io.Writer) *narrator {
	return &narrator{Observer: o, out: out, rulings: map[ptpu.MessageID]ptpu.Ruling{}, heard: make(chan struct{}, 1)}
}

func (n *narrator) tell(booking ptpu.BookingID, eventType ptpu.EventType, what string, details ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	who := booking.String()
	if booking == 0 {
		who = "–"
	}
	details = slices.DeleteFunc(details, func(detail string) bool { return detail == "" })
	line := fmt.Sprintf("%s  %-9s %-34s %-28s %s", time.Now().In(ptpu.London).Format(time.TimeOnly), who, eventType, what,
		strings.Join(details, " "))
	fmt.Fprintln(n.out, strings.TrimRight(line, " "))
	n.wake()
}

func (n *narrator) wake() {
	select {
	case n.heard <- struct{}{}:
	default:
	}
}

// ruling is what was decided about the notice, if anything yet.
func (n *narrator) ruling(id ptpu.MessageID) (ptpu.Ruling, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, ok := n.rulings[id]
	return r, ok
}

// Ruled tells what became of a notice.
func (n *narrator) Ruled(ctx context.Context, r ptpu.Ruling) {
	n.Observer.Ruled(ctx, r)
	n.mu.Lock()
	if r.ID != "" && r.Decision != ptpu.Duplicate {
		n.rulings[r.ID] = r
	}
	n.mu.Unlock()
	why := string(r.Reason)
	if r.Err != nil {
		why = r.Err.Error()
	}
	n.tell(r.Payload.BookingID, r.Payload.EventType, string(r.Decision), why)
}

// Attempted tells what came of an attempt.
func (n *narrator) Attempted(ctx context.Context, a ptpu.Attempt) {
	n.Observer.Attempted(ctx, a)
	details := []string{few(texts(a.After.MatchingCRNs))}
	if a.After.Reason != "" {
		details = append(details, "("+string(a.After.Reason)+")")
	}
	if !a.After.Due.IsZero() {
		details = append(details, "again at "+a.After.Due.In(ptpu.London).Format(time.TimeOnly))
	}
	n.tell(a.After.BookingID, a.After.EventType, string(a.After.State), details...)
}

// Superseded tells of a message whose place a newer one took.
func (n *narrator) Superseded(ctx context.Context, m ptpu.Message) {
	n.Observer.Superseded(ctx, m)
	n.tell(m.BookingID, m.EventType, string(m.State), "by message "+string(m.SupersededBy))
}

// Expired tells of a message whose time ran out.
func (n *narrator) Expired(ctx context.Context, before, after ptpu.Message) {
	n.Observer.Expired(ctx, before, after)
	n.tell(after.BookingID, after.EventType, string(after.State), "was "+string(before.State))
}

// Published tells of a domain event.
func (n *narrator) Published(ctx context.Context, a ptpu.Announcement, err error) {
	n.Observer.Published(ctx, a, err)
	if err == nil {
		n.tell(a.BookingID, "", "domain event published", string(a.Change.CRN), string(a.Change.OffenderNo))
	}
}
