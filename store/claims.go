package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"ptpu"
	"ptpu/table"
)

// claimRest is how long the row of a claim that nobody holds is kept: far
// longer than any worker could sleep and still believe in an old version of it.
const claimRest = 7 * 24 * time.Hour

func claimKey(booking ptpu.BookingID) table.Key {
	return table.Key{Partition: booking.String(), Sort: claimKind}
}

// Waiting reads everything that waits at a booking.
func (s *Store) Waiting(ctx context.Context, booking ptpu.BookingID) (ptpu.Waiting, error) {
	w := ptpu.Waiting{Claim: ptpu.Claim{BookingID: booking}}
	err := s.each(ctx, booking.String(), table.Range{From: claimKind, To: behindAll}, func(item table.Item) error {
		return addTo(&w, item)
	})
	if err != nil {
		return ptpu.Waiting{}, fmt.Errorf("reading what waits at booking %s: %w", booking, unavailable(err))
	}
	return w, nil
}

func addTo(w *ptpu.Waiting, item table.Item) error {
	kind, _, _ := strings.Cut(item.Key.Sort, "#")
	switch kind + "#" {
	case claimKind + "#":
		claim, _, err := claimOf(item)
		w.Claim = claim
		return err
	case messageKind:
		m, err := messageOf(item)
		if m.Open() && err == nil {
			w.Messages = append(w.Messages, m)
		}
		return err
	case outboxKind:
		a, err := announcementOf(item)
		w.Announcements = append(w.Announcements, a)
		return err
	case unfinishedKind:
		o, err := openWriteOf(item)
		w.OpenWrites = append(w.OpenWrites, o)
		return err
	}
	return nil // a kind that a later version writes
}

// each calls use for every row of the partition in the range, page by page.
func (s *Store) each(ctx context.Context, partition string, r table.Range, use func(table.Item) error) error {
	for {
		page, err := s.rows.Query(ctx, partition, r)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := use(item); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		r.After = page.Next
	}
}

// Write writes the claim together with the changes, all or nothing, on the
// condition that the claim's row and every changed row still have the version
// that they were read with. It returns the claim with its new version, and sets
// the new versions in c.Messages.
//
// A write whose answer was lost is sent again; when its condition then fails
// because it had been applied after all, that is recognised as success, by its
// entries even when another worker has taken the booking since. ErrClaimLost
// means that another worker has written the claim; nothing of this call was
// applied then, unless it had no entries to know it by.
func (s *Store) Write(ctx context.Context, claim ptpu.Claim, c ptpu.Changes) (ptpu.Claim, error) {
	stamp := rand.Text()
	actions := append([]table.Action{s.claimAction(claim, stamp)}, s.actionsOf(c, stamp)...)
	err := retried(ctx, func() error { return s.rows.Write(ctx, actions...) })
	if errors.Is(err, table.ErrConflict) {
		return s.afterConflict(ctx, claim, stamp, c)
	}
	if err != nil {
		return claim, fmt.Errorf("writing the claim on booking %s: %w", claim.BookingID, unavailable(err))
	}
	claim.Version++
	return written(claim, c), nil
}

// written notes the versions that a put gives.
func written(claim ptpu.Claim, c ptpu.Changes) ptpu.Claim {
	for i := range c.Messages {
		c.Messages[i].Version++
	}
	return claim
}

// afterConflict finds out why a condition failed: by one's own earlier success,
// or because another worker has the booking.
func (s *Store) afterConflict(ctx context.Context, claim ptpu.Claim, stamp string, c ptpu.Changes) (ptpu.Claim, error) {
	var item table.Item
	err := retried(ctx, func() (err error) {
		item, err = s.rows.Get(ctx, claimKey(claim.BookingID))
		return err
	})
	if err != nil && !errors.Is(err, table.ErrNotFound) {
		return claim, fmt.Errorf("reading the claim on booking %s again: %w", claim.BookingID, unavailable(err))
	}
	stored, storedStamp, err := claimOf(item)
	if err != nil {
		return claim, err
	}
	switch {
	case storedStamp == stamp:
		claim.Version = stored.Version
		return written(claim, c), nil
	case stored.Owner == claim.Owner && stored.Term == claim.Term && stored.Held() && stored.Version == claim.Version+1:
		// An earlier write of ours, given up as unanswered, was applied.
		claim.Version = stored.Version
		return s.Write(ctx, claim, c)
	}
	applied, err := s.recorded(ctx, c, stamp)
	switch {
	case err != nil:
		return claim, fmt.Errorf("looking for what was written under the claim on booking %s: %w", claim.BookingID, unavailable(err))
	case applied:
		claim.Version++
		return written(claim, c), nil
	}
	return claim, fmt.Errorf("writing the claim on booking %s: %w", claim.BookingID, ptpu.ErrClaimLost)
}

// recorded reports whether the changes are there, by the stamp of their first
// entry, which nobody writes again.
func (s *Store) recorded(ctx context.Context, c ptpu.Changes, stamp string) (bool, error) {
	if len(c.Entries) == 0 {
		return false, nil
	}
	var item table.Item
	err := retried(ctx, func() (err error) {
		item, err = s.rows.Get(ctx, s.entryAction(c.Entries[0], 0).Item.Key)
		return err
	})
	if errors.Is(err, table.ErrNotFound) {
		return false, nil
	}
	return item.Attributes["stamp"] == stamp, err
}

func (s *Store) claimAction(c ptpu.Claim, stamp string) table.Action {
	a := table.Attributes{"term": c.Term, "stamp": stamp}
	put(a, "owner", c.Owner)
	put(a, "ended", c.Ended)
	put(a, "starts", int64(c.Starts))
	put(a, "messageId", string(c.Message))
	put(a, "attempt", int64(c.Attempt))
	putInstant(a, "until", c.Until)
	if len(c.Intents) > 0 {
		putJSON(a, "intents", c.Intents)
	}
	item := table.Item{Key: claimKey(c.BookingID), Attributes: a}
	if !c.Held() {
		item.Expires = time.Now().Add(claimRest)
	}
	return table.Put(item, condition(c.Version))
}

func claimOf(item table.Item) (claim ptpu.Claim, stamp string, err error) {
	f := fields{attributes: item.Attributes}
	claim = ptpu.Claim{
		Owner:   f.text("owner"),
		Term:    f.number("term"),
		Starts:  f.count("starts"),
		Message: ptpu.MessageID(f.text("messageId")),
		Attempt: f.count("attempt"),
		Until:   f.instant("until"),
		Version: item.Version,
	}
	if ended := f.flag("ended"); ended != nil {
		claim.Ended = *ended
	}
	f.json("intents", &claim.Intents)
	claim.BookingID = f.booking(item.Key)
	stamp = f.text("stamp")
	if f.err != nil {
		return ptpu.Claim{}, "", rowError(item.Key, f.err)
	}
	return claim, stamp, nil
}

func (s *Store) actionsOf(c ptpu.Changes, stamp string) []table.Action {
	var actions []table.Action
	for _, m := range c.Messages {
		actions = append(actions, table.Put(itemOf(m), condition(m.Version)))
	}
	for _, a := range c.Announce {
		// Whatever stands there is the same event, owed already.
		actions = append(actions, table.Put(announcementItem(a), table.Always()))
	}
	for _, a := range c.Announced {
		actions = append(actions, table.Delete(announcementItem(a).Key, table.Always()))
	}
	for _, o := range c.Unfinished {
		actions = append(actions, table.Put(openWriteItem(o), table.Always()))
	}
	for _, o := range c.Finished {
		actions = append(actions, table.Delete(openWriteItem(o).Key, table.Always()))
	}
	for i, e := range c.Entries {
		action := s.entryAction(e, i)
		if i == 0 {
			action.Item.Attributes["stamp"] = stamp
		}
		actions = append(actions, action)
	}
	return actions
}
