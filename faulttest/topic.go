package faulttest

import (
	"context"

	"ptpu/topic"
)

// Topic is the process's way to a topic. key names a message by what is the same
// in every run.
func (p *Process) Topic(t topic.Topic, key func(topic.Message) string) topic.Topic {
	return processTopic{next: t, p: p, key: key}
}

type processTopic struct {
	next topic.Topic
	p    *Process
	key  func(topic.Message) string
}

// Publish implements topic.Topic.
func (t processTopic) Publish(ctx context.Context, m topic.Message) (id string, err error) {
	err = t.p.do(ctx, Call{Seam: Topic, Op: "Publish", Key: t.key(m)}, topic.ErrUnavailable, func(ctx context.Context, _ Rule) error {
		id, err = t.next.Publish(ctx, m)
		return err
	})
	return id, err
}
