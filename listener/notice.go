package listener

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

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

// readNotice opens the SNS envelope. With raw delivery there is none: the body
// is the payload, the event type stands in the queue's attribute as well, and
// the identity is a hash of both. What is wrong with the payload itself is not
// looked at here.
func readNotice(body string, attributes map[string]string) (notice, error) {
	if len(body) > ptpu.MaxPayload {
		return notice{}, fmt.Errorf("%w: larger than %d bytes", ptpu.ErrMalformed, ptpu.MaxPayload)
	}
	var envelope struct {
		Type      string
		MessageID string `json:"MessageId"`
		Message   *string

		MessageAttributes map[string]struct{ Value string }
	}
	// A body that is not an envelope is raw; ParsePayload says if it is nothing.
	isEnvelope := json.Unmarshal([]byte(body), &envelope) == nil && envelope.Message != nil
	if !isEnvelope {
		return notice{
			id:      hashOf(body, attributes["eventType"]),
			payload: withEventType(body, attributes["eventType"]),
			trace:   ptpu.TraceParent(attributes[traceAttribute]),
		}, nil
	}
	if envelope.MessageID == "" {
		return notice{}, fmt.Errorf("%w: an SNS notification without a MessageId", ptpu.ErrMalformed)
	}
	trace := cmp.Or(attributes[traceAttribute], envelope.MessageAttributes[traceAttribute].Value)
	return notice{id: ptpu.MessageID(envelope.MessageID), payload: *envelope.Message, trace: ptpu.TraceParent(trace)}, nil
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
	if eventType == "" || json.Unmarshal([]byte(body), &fields) != nil || fields["eventType"] != nil {
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
