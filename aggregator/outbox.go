package aggregator

import (
	"fmt"
	"time"

	"ptpu"
)

// publishDelays is how long an announcement waits after its first, second, …
// failure; the last one repeats.
var publishDelays = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}

// lookAgain is how long an open write rests when Delius does not answer.
const lookAgain = time.Minute

// finish finds out what became of the writes without an answer, before anything
// else is written for the booking. What still cannot be found out stays open.
func (a *Aggregator) finish(hand *hand, open []ptpu.OpenWrite) ([]ptpu.Announcement, error) {
	var owed []ptpu.Announcement
	for _, o := range open {
		now := time.Now()
		if err := hand.mayWrite(now); err != nil {
			return nil, err
		}
		crns, err := a.Processor.Finish(hand.work, o.Write, now.Before(o.Until))
		if hand.lost() {
			return nil, fmt.Errorf("finishing a write of booking %s: %w", o.BookingID, ptpu.ErrClaimLost)
		}
		now = time.Now()
		var c ptpu.Changes
		if err != nil && !answered(err) {
			o.Due = now.Add(lookAgain)
			c.Unfinished = []ptpu.OpenWrite{o}
		} else {
			c = finished(o, crns, err, now)
			owed = append(owed, c.Announce...)
		}
		if err := hand.write(nil, c); err != nil {
			return nil, fmt.Errorf("finishing a write of booking %s: %w", o.BookingID, err)
		}
		for _, announcement := range c.Announce {
			a.Observer.Changed(hand.work, o.BookingID, announcement.Change)
		}
	}
	return owed, nil
}

// finished is what is written once it is known what became of an open write.
func finished(o ptpu.OpenWrite, crns []ptpu.CRN, err error, now time.Time) ptpu.Changes {
	result := "done"
	if err != nil {
		result = err.Error()
	} else if len(crns) == 0 {
		result = "not taken"
	}
	c := ptpu.Changes{
		Finished: []ptpu.OpenWrite{o},
		Entries: []ptpu.Entry{{
			At: now, BookingID: o.BookingID, MessageID: o.MessageID, Attempt: o.Attempt, Kind: ptpu.EntryFinished,
			Steps: []ptpu.Step{{Name: string(o.Write.Kind), Write: &o.Write, Result: result}},
		}},
	}
	for _, crn := range crns {
		c.Announce = append(c.Announce, ptpu.Announcement{
			BookingID: o.BookingID, Change: o.Write.Change(crn), MessageID: o.MessageID, Since: now, Due: now,
		})
	}
	return c
}

// announce publishes what was owed before this claim, or came to light under it,
// and ends the claim. What the topic does not take stays owed.
func (a *Aggregator) announce(hand *hand, owed []ptpu.Announcement) error {
	p := a.publish(hand, owed)
	if hand.lost() {
		return fmt.Errorf("announcing: %w", ptpu.ErrClaimLost)
	}
	c := ptpu.Changes{Announce: p.later, Announced: p.done, Entries: p.entries}
	if err := hand.release(c); err != nil {
		return fmt.Errorf("ending the claim: %w", err)
	}
	p.tell()
	return nil
}

// publication is what came of publishing.
type publication struct {
	done    []ptpu.Announcement
	later   []ptpu.Announcement // with the instant of the next try
	entries []ptpu.Entry
	observe []func()
}

// tell tells of it, once it is durable.
func (p publication) tell() {
	for _, observe := range p.observe {
		observe()
	}
}

// publish hands what is owed to the topic. When the process is to stop, the rest
// is left as it is: still owed, still due.
func (a *Aggregator) publish(hand *hand, owed []ptpu.Announcement) publication {
	var p publication
	for i, o := range owed {
		if hand.stopping() {
			p.later = append(p.later, owed[i:]...)
			break
		}
		err := a.Announcer.Announce(hand.work, o)
		now := time.Now()
		if err != nil {
			o.Due = now.Add(publishDelays[min(o.Tries, len(publishDelays)-1)])
			o.Tries++
			p.later = append(p.later, o)
		} else {
			p.done = append(p.done, o)
			p.entries = append(p.entries, published(o, now))
		}
		p.observe = append(p.observe, func() { a.Observer.Published(hand.outer, o, err) })
	}
	return p
}

// published is the entry for a domain event that the topic has.
func published(o ptpu.Announcement, now time.Time) ptpu.Entry {
	facts := map[string]string{
		"crn": string(o.Change.CRN), "offenderNo": string(o.Change.OffenderNo), "bookNumber": string(o.Change.BookNumber),
	}
	if !o.Change.Added() {
		facts["previous"] = string(o.Change.Previous)
	}
	return ptpu.Entry{
		At: now, BookingID: o.BookingID, MessageID: o.MessageID, Kind: ptpu.EntryPublished,
		Steps: []ptpu.Step{{Name: "domain event", Result: "done", Facts: facts}},
	}
}
