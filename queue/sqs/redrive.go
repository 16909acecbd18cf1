package sqs

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// redrive is the RedrivePolicy of a queue.
type redrive struct {
	Target      string `json:"deadLetterTargetArn"`
	MaxReceives count  `json:"maxReceiveCount"`
}

// count is a number that SQS also gives back quoted, when it was set so.
type count int

// UnmarshalJSON implements json.Unmarshaler.
func (c *count) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	*c = count(n)
	return err
}

// parseRedrive reads a RedrivePolicy; of an empty one nothing.
func parseRedrive(text string) (r redrive, err error) {
	if text == "" {
		return redrive{}, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return redrive{}, fmt.Errorf("its redrive policy: %w", err)
	}
	return r, nil
}

// name is that of the queue that the policy points at.
func (r redrive) name() string { return r.Target[strings.LastIndex(r.Target, ":")+1:] }
