package deadletters_test

import (
	"crypto/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs" //nolint:depguard // the tests stand on a real engine too
	"github.com/google/go-cmp/cmp"

	"ptpu/enginetest"
	"ptpu/queue"
	"ptpu/queue/sqs"
)

// largest is the size of a notice that these SQS queues carry, attributes and
// all.
const largest = 256 << 10

func TestOnSQS(t *testing.T) {
	client := awssqs.NewFromConfig(enginetest.Config(enginetest.Moto(t)))
	main, dead := sqsQueue(t, client, "events-"), sqsQueue(t, client, "events-dlq-")
	d, _ := open(t, pairOf(main, dead))
	full := strings.Repeat("x", largest)
	nine := attributes(9)
	bury(t, main, dead, queue.Notice{Body: "not JSON", Attributes: nine})
	bury(t, main, dead, queue.Notice{Body: full})

	l, err := d.List(t.Context(), dead.Name(), 100)
	if err != nil || len(l.Letters) != 2 {
		t.Fatalf("List: %d shown (error %v), want 2", len(l.Letters), err)
	}
	for _, letter := range l.Letters {
		if letter.Body == full && len(letter.Attributes) > 0 {
			t.Errorf("the largest came with %v, want nothing: there is no room", letter.Attributes)
		}
		if letter.Body != full && len(letter.Attributes) != 10 {
			t.Errorf("nine attributes became %v, want ten", letter.Attributes)
		}
	}

	// The small one is replayed as often as is allowed; its count does not get
	// lost between its own attributes and the reasons.
	for round := range maxReplays {
		kept, err := d.Housekeep(t.Context())
		if err != nil || kept[0].Replayed != 1 || kept[0].Uncountable != 1 {
			t.Fatalf("Housekeep: got %+v, %v; want the small one replayed and the largest left", kept, err)
		}
		delivery := take(t, main)
		if diff := cmp.Diff(with(attributes(9), "ptpu-replays", strconv.Itoa(round+1)), delivery.Attributes); diff != "" {
			t.Errorf("attributes, -want +got:\n%s", diff)
		}
		giveUp(t, main, dead, delivery)
	}
	kept, err := d.Housekeep(t.Context())
	if err != nil || kept[0].Replayed != 0 || kept[0].Exhausted != 1 || kept[0].Uncountable != 1 {
		t.Fatalf("Housekeep: got %+v, %v; want one exhausted and one without room", kept, err)
	}

	moved, err := d.Retry(t.Context(), dead.Name())
	if err != nil || moved.Count != 2 {
		t.Fatalf("Retry: got %d (error %v), want 2", moved.Count, err)
	}
	for range 2 {
		switch delivery := take(t, main); delivery.Body {
		case full:
			if len(delivery.Attributes) > 0 {
				t.Errorf("the largest has %v, want nothing", delivery.Attributes)
			}
		case "not JSON":
			if got := delivery.Attributes["ptpu-replays"]; got != "4" {
				t.Errorf("the small one counts %q replays, want 4", got)
			}
		default:
			t.Errorf("got a body of %d bytes, want the two", len(delivery.Body))
		}
	}
	for name, want := range map[string]int{main.Name(): 2, dead.Name(): 0} {
		for range 2 { // the second one is under way already
			if n, err := d.Purge(t.Context(), name); err != nil || n != want {
				t.Errorf("Purge of %s: got %d, %v; want %d", name, n, err, want)
			}
			want = 0
		}
	}
}

func sqsQueue(t *testing.T, client *awssqs.Client, prefix string) queue.Queue {
	t.Helper()
	name := prefix + rand.Text()
	_, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{"MaximumMessageSize": strconv.Itoa(largest)},
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := sqs.Open(t.Context(), client, name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// take receives one notice.
func take(t *testing.T, q queue.Queue) queue.Delivery {
	t.Helper()
	received, err := q.Receive(t.Context(), 1, 5*time.Second, time.Minute)
	if err != nil || len(received) != 1 {
		t.Fatalf("receiving from %s: got %d (error %v), want 1", q.Name(), len(received), err)
	}
	return received[0]
}

// bury sends a notice and gives it up.
func bury(t *testing.T, main, dead queue.Queue, n queue.Notice) {
	t.Helper()
	send(t, main, n)
	giveUp(t, main, dead, take(t, main))
}

// giveUp moves a notice to the dead letters, as the listener does.
func giveUp(t *testing.T, main, dead queue.Queue, d queue.Delivery) {
	t.Helper()
	why := map[string]string{"ptpu-error": strings.Repeat("because ", 20), "ptpu-error-at": "2026-11-21T09:05:00Z"}
	if err := main.Move(t.Context(), d, dead, why); err != nil {
		t.Fatal(err)
	}
}
