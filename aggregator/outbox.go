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

// announce publishes what is owed and ends the claim. What the topic does not
// take stays owed.
func (a *Aggregator) announce(hand *hand, owed []ptpu.Announcement) error {
	var c ptpu.Changes
	var observe []func()
	for _, o := range owed {
		if hand.stopping() {
			break // still durable, still due
		}
		err := a.Announcer.Announce(hand.work, o)
		if hand.lost() {
			return fmt.Errorf("announcing for booking %s: %w", o.BookingID, ptpu.ErrClaimLost)
		}
		now := time.Now()
		if err != nil {
			delay := publishDelays[min(o.Tries, len(publishDelays)-1)]
			o.Tries++
			o.Due = now.Add(delay)
			c.Announce = append(c.Announce, o)
		} else {
			c.Announced = append(c.Announced, o)
			c.Entries = append(c.Entries, published(o, now))
		}
		observe = append(observe, func() { a.Observer.Published(hand.outer, o, err) })
	}
	if err := hand.release(c); err != nil {
		return fmt.Errorf("ending the claim: %w", err)
	}
	for _, tell := range observe {
		tell()
	}
	return nil
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
