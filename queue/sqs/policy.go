package sqs

import (
	"encoding/json"
	"fmt"
)

// allowing returns an access policy that lets a topic send to a queue, and all
// that the policy given allowed; changed is false when that one did already. No
// policy is the empty text.
func allowing(policy, topic, queue string) (allowed string, changed bool, err error) {
	document := map[string]any{"Version": "2012-10-17"}
	if policy != "" {
		if err := json.Unmarshal([]byte(policy), &document); err != nil {
			return "", false, fmt.Errorf("its access policy: %w", err)
		}
	}
	statements, isList := document["Statement"].([]any)
	if single := document["Statement"]; single != nil && !isList {
		statements = []any{single}
	}
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		if statement["Effect"] == "Allow" && allowsSending(statement["Action"]) && names(statement["Condition"], topic) {
			return policy, false, nil
		}
	}
	document["Statement"] = append(statements, map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]any{"Service": "sns.amazonaws.com"},
		"Action":    "sqs:SendMessage",
		"Resource":  queue,
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": topic}},
	})
	text, err := json.Marshal(document)
	return string(text), true, err
}

// allowsSending reports whether an action, or a list of them, covers sending.
func allowsSending(action any) bool {
	for _, covering := range []string{"sqs:SendMessage", "SQS:SendMessage", "sqs:*", "SQS:*", "*"} {
		if names(action, covering) {
			return true
		}
	}
	return false
}

// names reports whether a part of a policy says the text anywhere.
func names(part any, text string) bool {
	switch part := part.(type) {
	case string:
		return part == text
	case []any:
		for _, p := range part {
			if names(p, text) {
				return true
			}
		}
	case map[string]any:
		for _, p := range part {
			if names(p, text) {
				return true
			}
		}
	}
	return false
}
