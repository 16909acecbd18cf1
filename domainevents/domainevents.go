// Package domainevents announces a changed prison identifier to the rest of
// probation. What is announced, and until when, the outbox says; this package
// knows only how such an event reads.
package domainevents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"ptpu"
)

// The event types that are published.
const (
	IdentifierAdded   = "probation-case.prison-identifier.added"
	IdentifierUpdated = "probation-case.prison-identifier.updated"
)

// namespace makes the event ids ptpu's own. It must never change: a repeated
// publish has to carry the id of the first.
var namespace = uuid.MustParse("6f0c2b0e-5d0f-4a53-9d6f-0b7a5c1e9a44")

// Topic is what is published to.
type Topic interface {
	// Publish hands the event to the topic; it is durable when it returns nil.
	Publish(ctx context.Context, body string, attributes map[string]string) error
}

// Publisher publishes identifier changes. It is safe for concurrent use.
type Publisher struct {
	topic Topic
}

// New makes a Publisher.
func New(topic Topic) (*Publisher, error) {
	if topic == nil {
		return nil, errors.New("domainevents: topic is needed")
	}
	return &Publisher{topic: topic}, nil
}

// Event is the body of a domain event.
type Event struct {
	EventType             string            `json:"eventType"`
	Version               int               `json:"version"`
	OccurredAt            string            `json:"occurredAt"` // ISO 8601 with offset, Europe/London
	Description           string            `json:"description"`
	AdditionalInformation map[string]string `json:"additionalInformation"`
	PersonReference       PersonReference   `json:"personReference"`
}

// PersonReference says whom an event is about.
type PersonReference struct {
	Identifiers []Identifier `json:"identifiers"`
}

// Identifier is one number of a person.
type Identifier struct {
	Type  string `json:"type"` // CRN or NOMS
	Value string `json:"value"`
}

// Announce publishes the event that is owed. Announcing the same change again
// publishes an event with the same id.
func (p *Publisher) Announce(ctx context.Context, owed ptpu.Announcement) error {
	event := EventOf(owed.Change, owed.Since)
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("writing event %s: %w", event.EventType, err)
	}
	attributes := map[string]string{"eventType": event.EventType, "eventId": ID(owed.Change)}
	if owed.Trace != "" {
		attributes["traceparent"] = string(owed.Trace)
	}
	if err := p.topic.Publish(ctx, string(body), attributes); err != nil {
		return fmt.Errorf("publishing event %s for %s: %w", event.EventType, owed.Change.CRN, err)
	}
	return nil
}

// EventOf is the event that announces the change.
func EventOf(change ptpu.IdentifierChange, since time.Time) Event {
	event := Event{
		EventType:             eventType(change),
		Version:               1,
		OccurredAt:            since.In(ptpu.London).Format(time.RFC3339Nano),
		Description:           "The NOMS number of this person has been set in Delius.",
		AdditionalInformation: map[string]string{"bookingNumber": string(change.BookNumber)},
		PersonReference: PersonReference{Identifiers: []Identifier{
			{Type: "CRN", Value: string(change.CRN)},
			{Type: "NOMS", Value: string(change.OffenderNo)},
		}},
	}
	if !change.Added() {
		event.Description = "The NOMS number of this person has been replaced in Delius after prison records were merged."
		event.AdditionalInformation["previousNomsNumber"] = string(change.Previous)
	}
	return event
}

// ID is the identity of the event that announces the change: a UUIDv5 of event
// type, CRN, NOMS number and book number.
func ID(change ptpu.IdentifierChange) string {
	name := strings.Join([]string{
		eventType(change), string(change.CRN), string(change.OffenderNo), string(change.BookNumber),
	}, "|")
	return uuid.NewSHA1(namespace, []byte(name)).String()
}

func eventType(change ptpu.IdentifierChange) string {
	if change.Added() {
		return IdentifierAdded
	}
	return IdentifierUpdated
}
