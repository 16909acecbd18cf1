package listener

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"ptpu"
)

// notice is a delivery whose envelope has been opened.
type notice struct {
	id      ptpu.MessageID
	payload string
	trace   ptpu.TraceParent // that it came with, if any
}

// traceAttribute carries the W3C trace context, on the queue's message or
// inside the SNS envelope.
const traceAttribute = "traceparent"

// maxMessageID is the longest identity that is taken, in bytes: far longer than
// SNS's own, and short enough for every key that it becomes a part of.
const maxMessageID = 256

// readNotice opens the SNS envelope. With raw delivery there is none: the body
// is the payload, the event type stands in the queue's attribute as well, and
// the identity is a hash of both. What is wrong with the payload itself is not
// looked at here.
func readNotice(body string, attributes map[string]string) (notice, error) {
	if len(body) > ptpu.MaxPayload {
		return notice{}, fmt.Errorf("%w: larger than %d bytes", ptpu.ErrMalformed, ptpu.MaxPayload)
	}
	if !utf8.ValidString(body) {
		// Inside an envelope the decoder would mend it, and nobody notice.
		return notice{}, fmt.Errorf("%w: not UTF-8", ptpu.ErrMalformed)
	}
	e, isEnvelope := openEnvelope(body)
	switch {
	case !isEnvelope: // raw; ParsePayload says if it is nothing
		return notice{
			id:      hashOf(body, attributes["eventType"]),
			payload: withEventType(body, attributes["eventType"]),
			trace:   ptpu.TraceParent(attributes[traceAttribute]),
		}, nil
	case e.messageID == "":
		return notice{}, fmt.Errorf("%w: an SNS notification without a MessageId", ptpu.ErrMalformed)
	case len(e.messageID) > maxMessageID:
		return notice{}, fmt.Errorf("%w: a MessageId longer than %d bytes", ptpu.ErrMalformed, maxMessageID)
	}
	trace := cmp.Or(attributes[traceAttribute], e.trace)
	return notice{id: ptpu.MessageID(e.messageID), payload: e.message, trace: ptpu.TraceParent(trace)}, nil
}

// envelope is what SNS wraps around a payload.
type envelope struct{ messageID, message, trace string }

// openEnvelope reads an SNS envelope, and reports whether the body is one: it
// has a Message that is a string. Names are matched to the letter, as
// encoding/json alone would not: a payload may well have a field "message".
func openEnvelope(body string) (e envelope, ok bool) {
	var fields map[string]json.RawMessage
	var message *string
	if json.Unmarshal([]byte(body), &fields) != nil || json.Unmarshal(fields["Message"], &message) != nil || message == nil {
		return envelope{}, false
	}
	e.message = *message
	// What is of another kind counts as absent.
	_ = json.Unmarshal(fields["MessageId"], &e.messageID)
	var attributes map[string]struct{ Value any }
	_ = json.Unmarshal(fields["MessageAttributes"], &attributes)
	e.trace, _ = attributes[traceAttribute].Value.(string)
	return e, true
}

// IDOf is the identity of a notice, by which the same notice is known however
// often it is delivered. ok is false for one that cannot be read.
func IDOf(body string, attributes map[string]string) (id ptpu.MessageID, ok bool) {
	n, err := readNotice(body, attributes)
	return n.id, err == nil
}

// Hopeless says why a notice can never be validated, whenever it is tried; nil
// when it may be.
func Hopeless(body string, attributes map[string]string) error {
	n, err := readNotice(body, attributes)
	if err == nil {
		_, err = ptpu.ParsePayload([]byte(n.payload))
	}
	return err
}

// hashOf is the identity of a raw notice. The length in front keeps the two
// parts apart.
func hashOf(body, eventType string) ptpu.MessageID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(eventType), eventType, body))
	return ptpu.MessageID(hex.EncodeToString(sum[:16]))
}

// withEventType puts the attribute's event type into a raw payload that does
// not carry one itself.
func withEventType(body, eventType string) string {
	var fields map[string]json.RawMessage
	// The body null is JSON, and leaves no fields to add one to.
	if eventType == "" || json.Unmarshal([]byte(body), &fields) != nil || fields == nil || fields["eventType"] != nil {
		return body
	}
	quoted, err := json.Marshal(eventType)
	if err != nil {
		return body
	}
	fields["eventType"] = quoted
	completed, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return string(completed)
}
