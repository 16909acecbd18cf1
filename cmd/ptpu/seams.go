package main

import (
	"context"
	"time"

	"ptpu/listener"
	"ptpu/queue"
	"ptpu/topic"
)

// notices is the event queue as the listener sees it.
type notices struct {
	main, dead queue.Queue
}

// What a receive asks of the queue. A notice is kept for the visibility again
// and again while it is in hand; that of a process that died comes back after it.
const (
	receiveWait = 20 * time.Second // the longest that SQS waits: an idle queue costs the fewest requests
	visibility  = 10 * time.Second
)

// The attributes that a dead letter carries besides its own.
const (
	whyDead  = "ptpu-error"
	whenDead = "ptpu-error-at"
)

// Receive waits a while for notices.
func (n notices) Receive(ctx context.Context, limit int) ([]listener.Delivery, error) {
	received, err := n.main.Receive(ctx, limit, receiveWait, visibility)
	deliveries := make([]listener.Delivery, len(received))
	for i, d := range received {
		deliveries[i] = listener.Delivery{
			Body: d.Body, Attributes: d.Attributes, Receipt: d.Receipt, Receives: d.ReceiveCount,
		}
	}
	return deliveries, err
}

// Keep holds on to the notice.
func (n notices) Keep(ctx context.Context, d listener.Delivery) error {
	return n.main.Extend(ctx, d.Receipt, visibility)
}

// Acknowledge removes the notice.
func (n notices) Acknowledge(ctx context.Context, d listener.Delivery) error {
	return n.main.Delete(ctx, d.Receipt)
}

// HandBack puts the notice back.
func (n notices) HandBack(ctx context.Context, d listener.Delivery, delay time.Duration) error {
	return n.main.Extend(ctx, d.Receipt, delay)
}

// DeadLetter moves the notice to the dead letters, with the reason and the time.
func (n notices) DeadLetter(ctx context.Context, d listener.Delivery, why string) error {
	delivery := queue.Delivery{
		Notice: queue.Notice{Body: d.Body, Attributes: d.Attributes}, Receipt: d.Receipt, ReceiveCount: d.Receives,
	}
	return n.main.Move(ctx, delivery, n.dead, map[string]string{
		whyDead: why, whenDead: time.Now().UTC().Format(time.RFC3339),
	})
}

// MaxReceives is the queue's own limit.
func (n notices) MaxReceives() int { return n.main.MaxReceives() }

// announcements is the topic as domainevents sees it.
type announcements struct{ topic.Topic }

// Publish hands the event to the topic.
func (a announcements) Publish(ctx context.Context, body string, attributes map[string]string) error {
	_, err := a.Topic.Publish(ctx, topic.Message{Body: body, Attributes: attributes})
	return err
}
