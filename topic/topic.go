// Package topic is the seam between ptpu and the topic that it announces
// changed prison identifiers on. A folder per backend (topic/sqlite, topic/sns)
// provides it and passes topictest.Exercise.
package topic

import (
	"context"
	"errors"
)

var (
	// ErrUnavailable: the topic could not be reached or did not answer in
	// time. Whether the message was published is unknown.
	// When the context ended, the error wraps the context's error as well.
	ErrUnavailable = errors.New("topic unavailable")
	// ErrInvalid: the message can never be published (empty body, an attribute
	// that is not UTF-8).
	ErrInvalid = errors.New("invalid topic request")
)

// Message is what is published.
type Message struct {
	Body string
	// Attributes travel beside the body, as strings of valid UTF-8.
	Attributes map[string]string
}

// Topic is one topic of a backend. It is safe for concurrent use.
type Topic interface {
	// Publish hands the message to the topic and returns the topic's own id
	// of it. It is durable when Publish returns nil.
	Publish(ctx context.Context, m Message) (id string, err error)
}
