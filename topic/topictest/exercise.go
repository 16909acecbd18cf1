// Package topictest is the contract of ptpu/topic as tests. Each backend runs
// them.
package topictest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ptpu/topic"
)

// patience is how long a subscriber may lag behind what was published.
const patience = 10 * time.Second

// Exercise runs the contract against a backend. open gives an empty topic, and
// what has reached its subscribers so far, in any order.
func Exercise(t *testing.T, open func(t *testing.T) (topic.Topic, func() []topic.Message)) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, topic.Topic, func() []topic.Message)
	}{
		{"a message arrives as it was published", arrives},
		{"messages are told apart", toldApart},
		{"messages of many publishers arrive", manyPublishers},
		{"what can never be published is refused", refused},
		{"a cancelled context publishes nothing", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, published := open(t)
			c.run(t, out, published)
		})
	}
}

func arrives(t *testing.T, out topic.Topic, published func() []topic.Message) {
	messages := []topic.Message{
		{Body: `{"text": "<Łódź> & 東京"}` + "\r\n\t", Attributes: map[string]string{"eventType": "a.b", "name": "Łódź & \"東京\""}},
		{Body: "plain"},
		{Body: strings.Repeat("0123456789", 10_000)},
	}
	for _, m := range messages {
		if _, err := out.Publish(t.Context(), m); err != nil {
			t.Fatalf("Publish: %v", err)
		}
	}
	wantPublished(t, published, messages...)
}

func toldApart(t *testing.T, out topic.Topic, published func() []topic.Message) {
	same := topic.Message{Body: "twice"}
	first, firstErr := out.Publish(t.Context(), same)
	second, secondErr := out.Publish(t.Context(), same)
	if firstErr != nil || secondErr != nil {
		t.Fatalf("Publish: %v, %v", firstErr, secondErr)
	}
	if first == "" || second == "" || first == second {
		t.Errorf("got ids %q and %q, want two", first, second)
	}
	wantPublished(t, published, same, same)
}

func manyPublishers(t *testing.T, out topic.Topic, published func() []topic.Message) {
	var want []topic.Message
	var publishing sync.WaitGroup
	for i := range 20 {
		m := topic.Message{Body: fmt.Sprint("message ", i)}
		want = append(want, m)
		publishing.Go(func() {
			if _, err := out.Publish(t.Context(), m); err != nil {
				t.Errorf("Publish: %v", err)
			}
		})
	}
	publishing.Wait()
	wantPublished(t, published, want...)
}

func refused(t *testing.T, out topic.Topic, published func() []topic.Message) {
	for what, m := range map[string]topic.Message{
		"an empty body":             {Attributes: map[string]string{"a": "b"}},
		"an attribute of no UTF-8":  {Body: "x", Attributes: map[string]string{"a": "\xff"}},
		"an attribute name of none": {Body: "x", Attributes: map[string]string{"\xff": "a"}},
	} {
		if _, err := out.Publish(t.Context(), m); !errors.Is(err, topic.ErrInvalid) {
			t.Errorf("Publish of %s: got error %v, want %v", what, err, topic.ErrInvalid)
		}
	}
	wantPublished(t, published)
}

func cancelled(t *testing.T, out topic.Topic, published func() []topic.Message) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := out.Publish(ctx, topic.Message{Body: "never"})
	if !errors.Is(err, topic.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Publish: got error %v, want %v and %v", err, topic.ErrUnavailable, context.Canceled)
	}
	wantPublished(t, published)
}

// wantPublished waits until these messages have arrived, in any order.
func wantPublished(t *testing.T, published func() []topic.Message, want ...topic.Message) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		diff := cmp.Diff(want, published(), cmpopts.EquateEmpty(), cmpopts.SortSlices(byBody))
		if diff == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("published, -want +got:\n%s", diff)
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func byBody(a, b topic.Message) int { return strings.Compare(a.Body, b.Body) }
