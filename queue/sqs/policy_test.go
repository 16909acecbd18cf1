package sqs

import (
	"strings"
	"testing"
)

func TestAllowing(t *testing.T) {
	const (
		topicARN = "arn:aws:sns:eu-west-2:1:events"
		queueARN = "arn:aws:sqs:eu-west-2:1:main"
		other    = `{"Sid": "ours", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "x"}`
	)
	first, changed, err := allowing("", topicARN, queueARN)
	if err != nil || !changed {
		t.Fatalf("no policy: changed %v, error %v", changed, err)
	}
	for name, c := range map[string]struct {
		policy  string
		changed bool
	}{
		"its own":                          {policy: first},
		"a list that names the topic":      {policy: `{"Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Condition": {"ArnLike": {"aws:SourceArn": ["x", "` + topicARN + `"]}}}]}`},
		"one that allows it another thing": {policy: `{"Statement": [{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Condition": {"ArnLike": {"aws:SourceArn": "` + topicARN + `"}}}]}`, changed: true},
		"one that denies the topic":        {policy: `{"Statement": [{"Effect": "Deny", "Condition": {"ArnLike": {"aws:SourceArn": "` + topicARN + `"}}}]}`, changed: true},
		"others":                           {policy: `{"Statement": [` + other + `]}`, changed: true},
		"a single one that is no list":     {policy: `{"Statement": ` + other + `}`, changed: true},
	} {
		got, changed, err := allowing(c.policy, topicARN, queueARN)
		if err != nil || changed != c.changed {
			t.Errorf("%s: changed %v (error %v), want %v", name, changed, err, c.changed)
		}
		if !strings.Contains(got, topicARN) || strings.Contains(c.policy, "ours") != strings.Contains(got, "ours") {
			t.Errorf("%s: got %s, want what it was and the topic", name, got)
		}
	}
	if _, _, err := allowing("{", topicARN, queueARN); err == nil {
		t.Error("a policy that cannot be read: got no error; it must not be overwritten")
	}
}
