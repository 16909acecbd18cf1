package deadletters

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// deadLetter is a letter that was moved.
type deadLetter struct {
	Body      json.RawMessage `json:"body" doc:"The notice: as JSON if it is JSON, else as a string"`
	MessageID string          `json:"messageId" doc:"The dead-letter queue's own id; not the message's id in ptpu"`
}

// listedDeadLetter is a letter that was looked at.
type listedDeadLetter struct {
	Body          json.RawMessage   `json:"body" doc:"The notice: as JSON if it is JSON, else as a string"`
	MessageID     string            `json:"messageId" doc:"The dead-letter queue's own id; not the message's id in ptpu"`
	Attributes    map[string]string `json:"attributes" doc:"All attributes of the notice, those of ptpu among them"`
	SentTimestamp time.Time         `json:"sentTimestamp" doc:"Since when it is on the queue, in UTC; if SQS moved it there by itself, since when it was on the main queue"`
	ReceiveCount  int               `json:"receiveCount" doc:"How often it was received from the dead-letter queue; each look counts"`
	Error         string            `json:"error" doc:"Why it is a dead letter; empty when SQS moved it there by itself"`
}

// retriedDeadLetters is what was moved from one queue.
type retriedDeadLetters struct {
	MessagesFoundCount int          `json:"messagesFoundCount" doc:"How many were moved"`
	Messages           []deadLetter `json:"messages" nullable:"false" doc:"The first 100 of them"`
}

// listedDeadLetters is what was looked at.
type listedDeadLetters struct {
	MessagesFoundCount    int                `json:"messagesFoundCount" doc:"How many are on the queue"`
	MessagesReturnedCount int                `json:"messagesReturnedCount" doc:"How many are shown"`
	Messages              []listedDeadLetter `json:"messages" nullable:"false"`
}

// purgedQueue is what was removed.
type purgedQueue struct {
	MessagesFoundCount int `json:"messagesFoundCount" doc:"How many were on the queue"`
}

func retriedAnswer(m Moved) retriedDeadLetters {
	a := retriedDeadLetters{MessagesFoundCount: m.Count, Messages: []deadLetter{}}
	for _, l := range m.Letters {
		a.Messages = append(a.Messages, deadLetter{Body: shown(l.Body), MessageID: l.ID})
	}
	return a
}

func listedAnswer(l Listing) listedDeadLetters {
	a := listedDeadLetters{
		MessagesFoundCount: l.Found, MessagesReturnedCount: len(l.Letters), Messages: []listedDeadLetter{},
	}
	for _, l := range l.Letters {
		attributes := l.Attributes
		if attributes == nil {
			attributes = map[string]string{}
		}
		a.Messages = append(a.Messages, listedDeadLetter{
			Body: shown(l.Body), MessageID: l.ID, Attributes: attributes,
			SentTimestamp: l.Sent.UTC(), ReceiveCount: l.Receives, Error: l.Attributes[AttributeWhy],
		})
	}
	return a
}

// shown is a body in an answer: JSON as it is, with all digits of its numbers,
// and anything else as a string.
func shown(body string) json.RawMessage {
	if utf8.ValidString(body) && json.Valid([]byte(body)) {
		return json.RawMessage(body)
	}
	text, _ := json.Marshal(body) // a string never fails
	return text
}
