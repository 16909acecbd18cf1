package ptpu

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Batch is what is done with the unprocessed messages of one booking.
type Batch struct {
	// Keep is the newest message of each event type, in priority order.
	Keep []Message
	// Supersede are the others, as they were, and the message that replaces each.
	Supersede []Supersession
}

// Supersession is a message whose place a newer one takes.
type Supersession struct {
	Message Message
	By      MessageID
}

// Gather sorts the unprocessed messages of one booking into a batch. A survivor
// takes over the oldest first-seen time of its type and keeps its own retry
// count. A poison message can be superseded, but never supersedes: what crashed
// must not swallow what may work.
func Gather(messages []Message) Batch {
	byType := map[EventType][]Message{}
	for _, m := range messages {
		if m.Open() {
			byType[m.EventType] = append(byType[m.EventType], m)
		}
	}
	var batch Batch
	for _, eventType := range eventTypes {
		same := byType[eventType]
		slices.SortFunc(same, olderFirst)
		newest := newestSound(same)
		if newest < 0 {
			continue
		}
		survivor := same[newest]
		same = slices.Delete(same, newest, newest+1)
		for _, m := range same {
			survivor.FirstSeen = earliest(survivor.FirstSeen, m.FirstSeen)
			batch.Supersede = append(batch.Supersede, Supersession{Message: m, By: survivor.ID})
		}
		batch.Keep = append(batch.Keep, survivor)
	}
	return batch
}

// newestSound is the index of the last message that is not poison, or -1.
func newestSound(messages []Message) int {
	for i, m := range slices.Backward(messages) {
		if !m.Poisoned() {
			return i
		}
	}
	return -1
}

// olderFirst orders messages of one event type by what they tell: the newest
// stands last. The id decides at the end, so that every pod decides alike.
func olderFirst(a, b Message) int {
	return cmp.Or(
		cmp.Compare(a.MovementSeq, b.MovementSeq),
		a.happened().Compare(b.happened()),
		a.Created.Compare(b.Created),
		strings.Compare(string(a.ID), string(b.ID)),
	)
}

// happened is the event's own time, or that of its arrival when it gave none.
func (m Message) happened() time.Time {
	if m.EventTime.IsZero() {
		return m.Created
	}
	return m.EventTime
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
