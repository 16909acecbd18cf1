package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ptpu/deadletters"
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
		deadletters.AttributeWhy: why, deadletters.AttributeWhen: time.Now().UTC().Format(time.RFC3339),
	})
}

// MaxReceives is the queue's own limit.
func (n notices) MaxReceives() int { return n.main.MaxReceives() }

// anyQueue is a queue as the dead letters see it.
type anyQueue struct{ queue.Queue }

// Depth counts what waits, is in flight or is delayed.
func (q anyQueue) Depth(ctx context.Context) (int, error) {
	counts, err := q.Counts(ctx)
	return counts.Visible + counts.InFlight + counts.Delayed, err
}

// replayedQueue is a dead-letter queue as they see it.
type replayedQueue struct {
	anyQueue
	main queue.Queue
}

// What a look at dead letters asks of the queue: they are hidden for long enough
// to look at all, and handed back after that.
const (
	lookWait = time.Second
	lookTime = 2 * time.Minute
)

// Receive takes letters in hand.
func (q replayedQueue) Receive(ctx context.Context, limit int) ([]deadletters.Letter, error) {
	received, err := q.Queue.Receive(ctx, limit, lookWait, lookTime)
	letters := make([]deadletters.Letter, len(received))
	for i, d := range received {
		letters[i] = deadletters.Letter{
			ID: d.ID, Body: d.Body, Attributes: d.Attributes, Receipt: d.Receipt, Receives: d.ReceiveCount, Sent: d.Sent,
		}
	}
	return letters, err
}

// HandBack lets others receive the letter.
func (q replayedQueue) HandBack(ctx context.Context, l deadletters.Letter) error {
	if err := q.Extend(ctx, l.Receipt, 0); !errors.Is(err, queue.ErrGone) {
		return err
	}
	return nil
}

// Replay moves the letter to the main queue.
func (q replayedQueue) Replay(ctx context.Context, l deadletters.Letter) error {
	err := q.Move(ctx, queue.Delivery{
		Notice: queue.Notice{Body: l.Body, Attributes: l.Attributes}, ID: l.ID, Receipt: l.Receipt, ReceiveCount: l.Receives, Sent: l.Sent,
	}, q.main, nil)
	switch {
	case errors.Is(err, queue.ErrGone):
		return fmt.Errorf("%w: %w", deadletters.ErrGone, err)
	case errors.Is(err, queue.ErrInvalid):
		return fmt.Errorf("%w: %w", deadletters.ErrNoRoom, err)
	}
	return err
}

// announcements is the topic as domainevents sees it.
type announcements struct{ topic.Topic }

// Publish hands the event to the topic.
func (a announcements) Publish(ctx context.Context, body string, attributes map[string]string) error {
	_, err := a.Topic.Publish(ctx, topic.Message{Body: body, Attributes: attributes})
	return err
}
