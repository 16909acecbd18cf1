package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"ptpu"
	queuesqs "ptpu/queue/sqs"
	"ptpu/table/dynamo"
	topicsns "ptpu/topic/sns"
)

// setupCommand makes what ptpu needs on AWS.
type setupCommand struct {
	EventTopic string `help:"The topic of the prison events, which the event queue is subscribed to: an ARN, or a name for one to be made."`
	Raw        bool   `help:"Have events delivered raw, without the SNS envelope."`
	PrintIAM   bool   `name:"print-iam" help:"Print the least policies for the worker and for setup itself, and make nothing."`
}

// maxReceives is how often a notice is delivered before it is a dead letter.
const maxReceives = 10

// Run makes what is missing and prints what it found and made. It is safe to
// repeat, and after an error to run again.
func (c setupCommand) Run(ctx context.Context, p *process) error {
	s, err := awsSettings(p.environ)
	if err != nil {
		return err
	}
	if s.Backend != "aws" {
		_, err := fmt.Fprintln(p.out, "the embedded backend makes what it needs by itself; nothing to set up")
		return err
	}
	if c.PrintIAM {
		return printPolicies(p.out, s)
	}
	clients, err := newAWSClients(ctx, s)
	if err != nil {
		return err
	}
	return setup{clients: clients, settings: s, out: p.out}.run(ctx, c)
}

// awsSettings reads the settings of a command that calls no upstream.
func awsSettings(environ map[string]string) (settings, error) {
	environ = maps.Clone(environ)
	asked := cmp.Or(strings.TrimSpace(environ["PTPU_BACKEND"]), "aws")
	maps.Copy(environ, worldSettings("http://127.0.0.1"))
	environ["PTPU_BACKEND"] = asked
	return readSettings(environ)
}

// setup is one run of the command.
type setup struct {
	clients  awsClients
	settings settings
	out      io.Writer
}

func (s setup) run(ctx context.Context, c setupCommand) error {
	for _, spec := range []dynamo.Spec{messageTableSpec(s.settings), lockTableSpec(s.settings)} {
		if err := s.table(ctx, spec); err != nil {
			return err
		}
	}
	if err := s.domainTopic(ctx); err != nil {
		return err
	}
	topic, err := s.eventTopic(ctx, c.EventTopic)
	if err != nil {
		return err
	}
	queue, err := s.queues(ctx, topic)
	if err != nil {
		return err
	}
	return s.subscription(ctx, topic, queue, c.Raw)
}

// tell prints one line: what it is, and what came of it.
func (s setup) tell(what, outcome string) { fmt.Fprintf(s.out, "%-60s %s\n", what, outcome) }

func foundOrMade(made bool) string {
	if made {
		return "made"
	}
	return "found"
}

func (s setup) table(ctx context.Context, spec dynamo.Spec) error {
	made, err := dynamo.Create(ctx, s.clients.dynamodb, spec)
	if err != nil {
		return err
	}
	s.tell("table "+spec.Name, foundOrMade(made.Table))
	for _, index := range spec.Indexes {
		s.tell("  index "+index.Name, foundOrMade(made.Table || slices.Contains(made.Indexes, index.Name)))
	}
	if !spec.NoExpiry {
		s.tell("  time-to-live", foundOrMade(made.TimeToLive))
	}
	return nil
}

// domainTopic makes the topic whose ARN is set. Its name is the ARN's last part;
// that the rest is right only AWS can say.
func (s setup) domainTopic(ctx context.Context) error {
	want := s.settings.DomainTopic
	arn, made, err := s.topic(ctx, nameOf(want))
	switch {
	case err != nil:
		return err
	case arn != want:
		return usage{fmt.Errorf("HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN: is %s, but the topic of that name is %s", want, arn)}
	}
	s.tell("topic "+arn, foundOrMade(made))
	return nil
}

// eventTopic is the ARN of the topic of the prison events; empty when none is
// named, because somebody else sees to the subscription then.
func (s setup) eventTopic(ctx context.Context, named string) (arn string, err error) {
	if named == "" || strings.HasPrefix(named, "arn:") {
		return named, nil
	}
	arn, made, err := s.topic(ctx, named)
	if err != nil {
		return "", err
	}
	s.tell("topic "+arn, foundOrMade(made))
	return arn, nil
}

// topic makes the topic. SNS answers a second making with the topic that is
// there, so that it has to be looked for before.
func (s setup) topic(ctx context.Context, name string) (arn string, made bool, err error) {
	domain := s.settings.DomainTopic
	expected := strings.TrimSuffix(domain, nameOf(domain)) + name // in the same region and account
	err = topicsns.Check(ctx, s.clients.sns, expected)
	if err != nil && !errors.Is(err, topicsns.ErrNoTopic) {
		return "", false, err
	}
	missing := err != nil
	arn, err = topicsns.Create(ctx, s.clients.sns, name)
	return arn, missing, err
}

// queues makes the event queue and its dead letters, and returns the ARN of the
// event queue.
func (s setup) queues(ctx context.Context, topic string) (arn string, err error) {
	arn, parts, err := queuesqs.Create(ctx, s.clients.sqs, queuesqs.Spec{
		Name: s.settings.EventQueue, DeadLetters: s.settings.DeadQueue, MaxReceives: maxReceives, Topic: topic,
	})
	for _, part := range parts {
		outcome := foundOrMade(part.Made)
		if part.Differs != "" {
			outcome += ", but " + part.Differs
		}
		s.tell(part.Name, outcome)
	}
	return arn, err
}

// subscription has the five event types, and no others, come to the queue.
func (s setup) subscription(ctx context.Context, topic, queue string, raw bool) error {
	if topic == "" {
		s.tell("subscription", "left to others: no --event-topic")
		return nil
	}
	var types []string
	for _, eventType := range ptpu.EventTypes() {
		types = append(types, string(eventType))
	}
	subscribed, err := topicsns.Subscribe(ctx, s.clients.sns, topic, queue, types, raw)
	if err != nil {
		return err
	}
	outcome := foundOrMade(subscribed.Made)
	if subscribed.Differs != "" {
		outcome += ", but " + subscribed.Differs
	}
	s.tell("subscription of "+s.settings.EventQueue+" to the five event types", outcome)
	return nil
}

// nameOf is the last part of an ARN.
func nameOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }
