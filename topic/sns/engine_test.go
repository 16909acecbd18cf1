package sns_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"ptpu/enginetest"
	"ptpu/queue"
	"ptpu/queue/sqs"
	"ptpu/topic"
	"ptpu/topic/sns"
	"ptpu/topic/topictest"
)

// engine is one that stands in for AWS. Neither differs in what is asked here.
type engine struct {
	name  string
	start func(testing.TB) string
}

var engines = []engine{{"moto", enginetest.Moto}, {"fauxqs", enginetest.Fauxqs}}

// world is what there is on an engine.
type world struct {
	topics *awssns.Client
	queues *awssqs.Client
}

func (e engine) world(t *testing.T) world {
	t.Helper()
	config := enginetest.Config(e.start(t))
	return world{topics: awssns.NewFromConfig(config), queues: awssqs.NewFromConfig(config)}
}

func TestContract(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := e.world(t)
			topictest.Exercise(t, func(t *testing.T) (topic.Topic, func() []topic.Message) {
				t.Helper()
				topicARN := w.topic(t)
				q, queueARN := w.queue(t, topicARN)
				w.subscribe(t, topicARN, queueARN, nil, true)
				var all []topic.Message
				return openTopic(t, w, topicARN), func() []topic.Message {
					for _, d := range receive(t, q) {
						all = append(all, topic.Message(d.Notice))
					}
					return all
				}
			})
		})
	}
}

func TestEnvelopeKeepsTheAttributes(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := e.world(t)
			topicARN := w.topic(t)
			q, queueARN := w.queue(t, topicARN)
			w.subscribe(t, topicARN, queueARN, nil, false)
			const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
			id, err := openTopic(t, w, topicARN).Publish(t.Context(), topic.Message{
				Body: "{}", Attributes: map[string]string{"eventType": "x", "traceparent": trace},
			})
			if err != nil {
				t.Fatal(err)
			}
			type attribute struct{ Type, Value string }
			type envelope struct {
				Type, MessageID, Message string
				MessageAttributes        map[string]attribute
			}
			var got envelope
			if err := json.Unmarshal([]byte(receive(t, q)[0].Body), &got); err != nil {
				t.Fatal(err)
			}
			want := envelope{Type: "Notification", MessageID: id, Message: "{}", MessageAttributes: map[string]attribute{
				"eventType": {"String", "x"}, "traceparent": {"String", trace},
			}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("envelope, -want +got:\n%s", diff)
			}
		})
	}
}

func TestFilterLetsEventTypesThrough(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := e.world(t)
			topicARN := w.topic(t)
			q, queueARN := w.queue(t, topicARN)
			w.subscribe(t, topicARN, queueARN, []string{"wanted", "too"}, true)
			out := openTopic(t, w, topicARN)
			for _, eventType := range []string{"unwanted", "wanted"} {
				_, err := out.Publish(t.Context(), topic.Message{Body: eventType, Attributes: map[string]string{"eventType": eventType}})
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := receive(t, q); len(got) != 1 || got[0].Body != "wanted" {
				t.Errorf("got %v, want the one that is wanted", got)
			}
		})
	}
}

func TestSetupIsSafeToRepeat(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := e.world(t)
			name := "setup-" + rand.Text()
			topicARN := w.create(t, name)
			if again := w.create(t, name); again != topicARN {
				t.Errorf("Create again: got %s, want %s", again, topicARN)
			}
			_, queueARN := w.queue(t, topicARN)
			made := w.subscribe(t, topicARN, queueARN, []string{"a", "b"}, false)
			if !made.Made || made.ARN == "" || made.Differs != "" {
				t.Errorf("Subscribe: got %+v, want it made", made)
			}
			want := sns.Subscription{ARN: made.ARN}
			if again := w.subscribe(t, topicARN, queueARN, []string{"b", "a"}, false); again != want {
				t.Errorf("Subscribe again: got %+v, want %+v", again, want)
			}
			want.Differs = `RawMessageDelivery is false, not true; FilterPolicy is "{\"eventType\":[\"a\",\"b\"]}", not for eventType []`
			if again := w.subscribe(t, topicARN, queueARN, nil, true); again != want {
				t.Errorf("Subscribe in another way: got %+v, want %+v", again, want)
			}
		})
	}
}

func TestCheckNamesATopicThatIsNotThere(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := e.world(t)
			there := w.topic(t)
			if err := sns.Check(t.Context(), w.topics, there); err != nil {
				t.Errorf("Check: %v", err)
			}
			if err := sns.Check(t.Context(), w.topics, there+"-not"); !errors.Is(err, sns.ErrNoTopic) {
				t.Errorf("Check: got error %v, want %v", err, sns.ErrNoTopic)
			}
			_, err := openTopic(t, w, there+"-not").Publish(t.Context(), topic.Message{Body: "x"})
			if !errors.Is(err, sns.ErrNoTopic) {
				t.Errorf("Publish: got error %v, want %v", err, sns.ErrNoTopic)
			}
		})
	}
}

// topic makes a topic and returns its ARN.
func (w world) topic(t *testing.T) string {
	t.Helper()
	return w.create(t, "topic-"+rand.Text())
}

func (w world) create(t *testing.T, name string) (topicARN string) {
	t.Helper()
	topicARN, err := sns.Create(t.Context(), w.topics, name)
	if err != nil {
		t.Fatal(err)
	}
	return topicARN
}

// queue makes a queue that the topic may send to.
func (w world) queue(t *testing.T, topicARN string) (q queue.Queue, queueARN string) {
	t.Helper()
	name := "queue-" + rand.Text()
	queueARN, _, err := sqs.Create(t.Context(), w.queues, sqs.Spec{
		Name: name, DeadLetters: name + "-dlq", MaxReceives: 10, Topic: topicARN,
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err = sqs.Open(t.Context(), w.queues, name)
	if err != nil {
		t.Fatal(err)
	}
	return q, queueARN
}

func (w world) subscribe(t *testing.T, topicARN, queueARN string, filter []string, raw bool) sns.Subscription {
	t.Helper()
	s, err := sns.Subscribe(t.Context(), w.topics, topicARN, queueARN, filter, raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openTopic(t *testing.T, w world, topicARN string) *sns.Topic {
	t.Helper()
	out, err := sns.Open(w.topics, topicARN)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// receive returns what there is within a second.
func receive(t *testing.T, q queue.Queue) []queue.Delivery {
	t.Helper()
	deliveries, err := q.Receive(t.Context(), queue.MaxBatch, time.Second, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return deliveries
}
