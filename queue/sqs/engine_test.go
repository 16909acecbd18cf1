package sqs_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"ptpu/enginetest"
	"ptpu/queue/queuetest"
	"ptpu/queue/sqs"
)

// engine is one that stands in for SQS, and how it differs from what AWS
// documents; that decides.
type engine struct {
	name    string
	start   func(testing.TB) string
	differs map[string]string
}

var engines = []engine{
	{name: "moto", start: enginetest.Moto, differs: map[string]string{
		"hand/has no power over a later delivery": "moto honours the receipts of earlier deliveries; " +
			"AWS: a request with one may succeed, but does not delete the notice",
	}},
	{name: "fauxqs", start: enginetest.Fauxqs, differs: map[string]string{
		"hand/deletes it late, while nobody else has it": "fauxqs forgets a receipt when the visibility ends; " +
			"AWS: the most recent receipt deletes",
	}},
}

func (e engine) client(t *testing.T) *awssqs.Client {
	t.Helper()
	return awssqs.NewFromConfig(enginetest.Config(e.start(t)))
}

func TestContract(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			client := e.client(t)
			queuetest.Exercise(t, func(t *testing.T, spec queuetest.Spec) queuetest.Queues {
				t.Helper()
				main, dead := "contract-"+rand.Text(), "contract-dlq-"+rand.Text()
				if spec.MaxReceives > 0 {
					create(t, client, sqs.Spec{Name: main, DeadLetters: dead, MaxReceives: spec.MaxReceives})
				} else {
					createPlain(t, client, main)
					createPlain(t, client, dead)
				}
				return queuetest.Queues{Main: openQueue(t, client, main), Dead: openQueue(t, client, dead), Differs: e.differs}
			})
		})
	}
}

func TestCreateMakesWhatIsMissing(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			client := e.client(t)
			spec := sqs.Spec{
				Name: "setup-" + rand.Text(), DeadLetters: "setup-dlq-" + rand.Text(), MaxReceives: 10,
				Topic: "arn:aws:sns:eu-west-2:123456789012:prison-events",
			}
			wantParts(t, create(t, client, spec),
				sqs.Part{Name: "dead-letter queue " + spec.DeadLetters, Made: true},
				sqs.Part{Name: "queue " + spec.Name, Made: true},
				sqs.Part{Name: "redrive policy of " + spec.Name, Made: true},
				sqs.Part{Name: "access to " + spec.Name + " for " + spec.Topic, Made: true})
			wantParts(t, create(t, client, spec),
				sqs.Part{Name: "dead-letter queue " + spec.DeadLetters},
				sqs.Part{Name: "queue " + spec.Name},
				sqs.Part{Name: "redrive policy of " + spec.Name},
				sqs.Part{Name: "access to " + spec.Name + " for " + spec.Topic})
			q := openQueue(t, client, spec.Name)
			if q.MaxReceives() != 10 || q.DeadLetters() != spec.DeadLetters {
				t.Errorf("redrives to %s after %d receives, want %s after 10", q.DeadLetters(), q.MaxReceives(), spec.DeadLetters)
			}
		})
	}
}

func TestCreateLeavesWhatIsThere(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			client := e.client(t)
			spec := sqs.Spec{Name: "left-" + rand.Text(), DeadLetters: "left-dlq-" + rand.Text(), MaxReceives: 3}
			createPlain(t, client, spec.DeadLetters)
			create(t, client, spec)
			spec.MaxReceives = 10
			wantParts(t, create(t, client, spec),
				sqs.Part{Name: "dead-letter queue " + spec.DeadLetters, Differs: "keeps notices for 345600 seconds, not 1209600"},
				sqs.Part{Name: "queue " + spec.Name},
				sqs.Part{
					Name:    "redrive policy of " + spec.Name,
					Differs: "after 3 receives to " + spec.DeadLetters + ", not after 10 to " + spec.DeadLetters,
				})
			if got := openQueue(t, client, spec.Name).MaxReceives(); got != 3 {
				t.Errorf("MaxReceives: got %d, want the 3 that were there", got)
			}
		})
	}
}

func TestOpenNamesAQueueThatIsNotThere(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			client := e.client(t)
			if err := sqs.Check(t.Context(), client, "missing"); !errors.Is(err, sqs.ErrNoQueue) {
				t.Errorf("Check: got error %v, want %v", err, sqs.ErrNoQueue)
			}
		})
	}
}

func TestAttributesOfOtherTypesAreReadAsStrings(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			client := e.client(t)
			name := "typed-" + rand.Text()
			url := createPlain(t, client, name)
			_, err := client.SendMessage(t.Context(), &awssqs.SendMessageInput{
				QueueUrl: url, MessageBody: aws.String("x"),
				MessageAttributes: map[string]types.MessageAttributeValue{
					"number": {DataType: aws.String("Number"), StringValue: aws.String("42.0")},
					"custom": {DataType: aws.String("String.Array"), StringValue: aws.String(`["a"]`)},
					"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0xff, 0}},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			deliveries, err := openQueue(t, client, name).Receive(t.Context(), 1, 10*time.Second, time.Minute)
			if err != nil || len(deliveries) != 1 {
				t.Fatalf("Receive: got %d deliveries (error %v), want 1", len(deliveries), err)
			}
			want := map[string]string{"number": "42.0", "custom": `["a"]`, "bytes": "/wA="}
			if diff := cmp.Diff(want, deliveries[0].Attributes); diff != "" {
				t.Errorf("attributes, -want +got:\n%s", diff)
			}
		})
	}
}

func create(t *testing.T, client *awssqs.Client, spec sqs.Spec) []sqs.Part {
	t.Helper()
	arn, parts, err := sqs.Create(t.Context(), client, spec)
	if err != nil || !strings.HasSuffix(arn, ":"+spec.Name) {
		t.Fatalf("Create: got ARN %q (error %v), want one of %s", arn, err, spec.Name)
	}
	return parts
}

func wantParts(t *testing.T, got []sqs.Part, want ...sqs.Part) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts, -want +got:\n%s", diff)
	}
}

// createPlain makes a queue with SQS's own defaults.
func createPlain(t *testing.T, client *awssqs.Client, name string) (url *string) {
	t.Helper()
	created, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return created.QueueUrl
}

func openQueue(t *testing.T, client sqs.Client, name string) *sqs.Queue {
	t.Helper()
	q, err := sqs.Open(t.Context(), client, name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
