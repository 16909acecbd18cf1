package ledgertest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"ptpu/table"
	"ptpu/topic"
)

// announcement is a domain event that is on the topic.
type announcement struct {
	eventType, crn, noms, previous, bookingNumber, id string
	at                                                time.Time
}

// identity is what an announcement's id stands for: the previous number is no
// part of it.
func (a announcement) identity() announcement {
	a.id, a.at, a.previous = "", time.Time{}, ""
	return a
}

// Topic watches what is published. It stands below the faults.
func (l *Ledger) Topic(t topic.Topic) topic.Topic { return watchedTopic{next: t, ledger: l} }

type watchedTopic struct {
	next   topic.Topic
	ledger *Ledger
}

// Publish implements topic.Topic.
func (t watchedTopic) Publish(ctx context.Context, m topic.Message) (string, error) {
	l := t.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	id, err := t.next.Publish(ctx, m)
	if err == nil {
		l.announce(m)
	}
	return id, err
}

func (l *Ledger) announce(m topic.Message) {
	var event struct {
		EventType             string
		AdditionalInformation struct{ BookingNumber, PreviousNomsNumber string }
		PersonReference       struct {
			Identifiers []struct{ Type, Value string }
		}
	}
	if err := json.Unmarshal([]byte(m.Body), &event); err != nil {
		l.broken("I4", "", "", "an event is published that is no JSON")
		return
	}
	a := announcement{
		eventType: event.EventType, previous: event.AdditionalInformation.PreviousNomsNumber,
		bookingNumber: event.AdditionalInformation.BookingNumber, id: m.Attributes["eventId"], at: time.Now(),
	}
	for _, identifier := range event.PersonReference.Identifiers {
		switch identifier.Type {
		case "CRN":
			a.crn = identifier.Value
		case "NOMS":
			a.noms = identifier.Value
		}
	}
	for _, before := range l.published {
		if (before.identity() == a.identity()) != (before.id == a.id) {
			l.broken("I4", "", "", "event %s of %s and %s has id %s, and that of %s and %s has id %s",
				a.eventType, a.crn, a.noms, a.id, before.crn, before.noms, before.id)
		}
	}
	if !l.delius(a) {
		l.broken("I4", "", "", "%s is published for %s and %s, which Delius was never told", a.eventType, a.crn, a.noms)
	}
	l.published = append(l.published, a)
}

// delius reports whether Delius took a write that the event announces. Who was
// replaced is in the answer only: when that is lost, whoever holds the number now
// is taken for the one, and the event may name another previous number.
func (l *Ledger) delius(a announcement) bool {
	return slices.ContainsFunc(l.writes, func(w write) bool {
		return w.noms == a.noms && w.noms != "" && w.status == http.StatusOK && (w.crn == "" || w.crn == a.crn)
	})
}

// announced holds that what is no longer owed is on the topic.
func (w *transaction) announced(key table.Key) {
	stored, there := w.stored(key)
	if !there {
		return
	}
	var owed struct{ CRN, OffenderNo, BookNumber string }
	if err := json.Unmarshal([]byte(attributes(stored.Attributes).text("change")), &owed); err != nil {
		w.broken("I4", key.Partition, "", "what is owed cannot be read")
		return
	}
	for _, a := range w.published {
		if a.crn == owed.CRN && a.noms == owed.OffenderNo && a.bookingNumber == owed.BookNumber {
			return
		}
	}
	w.broken("I4", key.Partition, attributes(stored.Attributes).text("messageId"), "an event for %s and %s is no longer owed, and was not published",
		owed.CRN, owed.OffenderNo)
}

// Change is an identifier of a person in Delius that a call made another.
type Change struct {
	At                 time.Time
	Booking, CRN, From string
	To                 string // empty: it was taken away
}

// Announced holds that each identifier change has its domain event (I4).
func (l *Ledger) Announced(changes []Change) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	for _, c := range changes {
		if c.To == "" {
			continue
		}
		if !slices.ContainsFunc(l.published, func(a announcement) bool { return a.crn == c.CRN && a.noms == c.To }) {
			l.broken("I4", c.Booking, "", "Delius changed %s from %q to %s at %s, and no event says so", c.CRN, c.From, c.To,
				c.At.UTC().Format(time.RFC3339))
		}
	}
	return slices.Clone(l.violations[from:])
}
