package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/enginetest"
	"ptpu/queue"
	queuesqs "ptpu/queue/sqs"
	"ptpu/table/dynamo"
	"ptpu/topic"
	topicsns "ptpu/topic/sns"
)

// onAWS are the variables that the aws backend needs, with names of their own.
func onAWS(account, suffix string) map[string]string {
	return map[string]string{
		"PTPU_BACKEND": "aws",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME": "queue" + suffix,
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME":   "dead" + suffix,
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN":        "arn:aws:sns:eu-west-2:" + account + ":domain" + suffix,
		"DYNAMODB_TABLENAME":                           "messages" + suffix,
		"DYNAMODB_SCHEDULE_TABLENAME":                  "locks" + suffix,
	}
}

// motoAccount is whose everything is in moto.
const motoAccount = "123456789012"

// onMoto points the AWS SDK at moto, and at nothing of this machine's user, and
// returns settings with names that no other test has.
func onMoto(t *testing.T) (environ map[string]string, clients awsClients) {
	t.Helper()
	endpoint := enginetest.Moto(t)
	nothing := filepath.Join(t.TempDir(), "none")
	for variable, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-2",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing,
	} {
		t.Setenv(variable, value)
	}
	return onAWS(motoAccount, "-"+rand.Text()), clientsOf(enginetest.Config(endpoint))
}

// told reads what setup printed: what it saw to, in order, and what came of each.
func told(out string) (what, outcomes []string) {
	for line := range strings.Lines(out) {
		columns := regexp.MustCompile(`^(.*\S) +(made|found|left)(.*)\n$`).FindStringSubmatch(line)
		if columns == nil {
			columns = []string{"", line, "", ""}
		}
		what = append(what, columns[1])
		outcomes = append(outcomes, columns[2]+columns[3])
	}
	return what, outcomes
}

func TestSetupMakesWhatIsMissing(t *testing.T) {
	environ, _ := onMoto(t)
	events := "events" + strings.TrimPrefix(environ["DYNAMODB_TABLENAME"], "messages")
	line := []string{"setup", "--event-topic", events}

	code, out, errs := cli(t, environ, "", line...)
	if code != exitOK || errs != "" {
		t.Fatalf("ptpu setup exits with %d and prints %q, want %d", code, errs, exitOK)
	}
	what, outcomes := told(out)
	queueName, eventsARN := environ["HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME"], "arn:aws:sns:eu-west-2:"+motoAccount+":"+events
	want := []string{
		"table " + environ["DYNAMODB_TABLENAME"],
		"  index due", "  index created",
		"  time-to-live",
		"table " + environ["DYNAMODB_SCHEDULE_TABLENAME"],
		"topic " + environ["HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN"],
		"topic " + eventsARN,
		"dead-letter queue " + environ["HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME"],
		"queue " + queueName,
		"redrive policy of " + queueName,
		"access to " + queueName + " for " + eventsARN,
		"subscription of " + queueName + " to the five event types",
	}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Errorf("ptpu setup sees to (-want +got):\n%s", diff)
	}
	if all(outcomes, "made") != len(want) {
		t.Errorf("the first ptpu setup prints\n%s\nwant all of it made", out)
	}

	code, out, errs = cli(t, environ, "", line...)
	if what, outcomes = told(out); code != exitOK || errs != "" || !slices.Equal(what, want) || all(outcomes, "found") != len(want) {
		t.Errorf("the second ptpu setup exits with %d and prints %q and\n%s\nwant %d and all of it found", code, errs, out, exitOK)
	}
}

// all is how many outcomes are this one.
func all(outcomes []string, want string) int {
	n := 0
	for _, outcome := range outcomes {
		if outcome == want {
			n++
		}
	}
	return n
}

func TestSetupMakesItAsItIsNeeded(t *testing.T) {
	environ, clients := onMoto(t)
	if code, out, errs := cli(t, environ, "", "setup", "--event-topic", "events"+rand.Text()); code != exitOK {
		t.Fatalf("ptpu setup exits with %d and prints %q and %q", code, out, errs)
	}
	s, err := awsSettings(environ)
	if err != nil {
		t.Fatal(err)
	}

	dead := queueAttributes(t, clients, s.DeadQueue)
	if got, want := dead["MessageRetentionPeriod"], "1209600"; got != want {
		t.Errorf("dead letters are kept for %s seconds, want %s: 14 days", got, want)
	}
	var redrive struct {
		Target string      `json:"deadLetterTargetArn"`
		After  json.Number `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(queueAttributes(t, clients, s.EventQueue)["RedrivePolicy"]), &redrive); err != nil {
		t.Fatal(err)
	}
	if redrive.After != "10" || redrive.Target != dead["QueueArn"] {
		t.Errorf("a notice goes to %s after %s receives, want %s after 10", redrive.Target, redrive.After, dead["QueueArn"])
	}
	for variable, want := range map[string]string{s.MessageTable: "ttl", s.ScheduleTable: ""} {
		described, err := clients.dynamodb.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &variable})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(described.TimeToLiveDescription.AttributeName); got != want {
			t.Errorf("the time-to-live of %s is %q, want %q", variable, got, want)
		}
	}
	b, err := openAWS(t.Context(), s)
	if err != nil {
		t.Fatalf("ptpu serve does not take what ptpu setup has made: %v", err)
	}
	if err := b.close(); err != nil {
		t.Error(err)
	}
}

func TestSetupSubscribesToTheFiveEventTypes(t *testing.T) {
	environ, clients := onMoto(t)
	events := "arn:aws:sns:eu-west-2:" + motoAccount + ":events" + rand.Text()
	if _, err := clients.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(nameOf(events))}); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := cli(t, environ, "", "setup", "--raw", "--event-topic", events); code != exitOK {
		t.Fatalf("ptpu setup exits with %d and prints %q and %q", code, out, errs)
	}
	published, err := topicsns.Open(clients.sns, events)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for _, eventType := range append([]ptpu.EventType{"OFFENDER-UPDATED"}, ptpu.EventTypes()...) {
		message := topic.Message{Body: string(eventType), Attributes: map[string]string{"eventType": string(eventType)}}
		if _, err := published.Publish(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		want = append(want, string(eventType))
	}
	want = want[1:]
	slices.Sort(want)

	arrivals, err := queuesqs.Open(t.Context(), clients.sqs, environ["HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME"])
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := arrivals.Receive(t.Context(), queue.MaxBatch, time.Second, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, d := range deliveries {
		got = append(got, d.Body)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of what is published this arrives (-want +got):\n%s", diff)
	}
}

func TestSetupLeavesTheSubscriptionToOthers(t *testing.T) {
	environ, _ := onMoto(t)
	code, out, errs := cli(t, environ, "", "setup")
	if code != exitOK || errs != "" || !strings.Contains(out, "left to others: no --event-topic") || strings.Contains(out, "access to") {
		t.Errorf("ptpu setup without a topic exits with %d and prints %q and\n%s\nwant %d, and that the subscription is left to others", code, errs, out, exitOK)
	}
}

func TestSetupSaysWhatDiffersAndLeavesIt(t *testing.T) {
	environ, clients := onMoto(t)
	dead := environ["HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME"]
	_, err := clients.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: &dead, Attributes: map[string]string{"MessageRetentionPeriod": "3600"},
	})
	if err != nil {
		t.Fatal(err)
	}
	events := "events" + rand.Text()
	if code, out, errs := cli(t, environ, "", "setup", "--event-topic", events); code != exitOK ||
		!strings.Contains(out, "found, but keeps notices for 3600 seconds, not 1209600") {
		t.Errorf("ptpu setup exits with %d and prints %q and\n%s\nwant %d, and how the dead letters differ", code, errs, out, exitOK)
	}
	if got := queueAttributes(t, clients, dead)["MessageRetentionPeriod"]; got != "3600" {
		t.Errorf("dead letters are kept for %s seconds, want the 3600 that they were", got)
	}
	if code, out, errs := cli(t, environ, "", "setup", "--raw", "--event-topic", events); code != exitOK ||
		!strings.Contains(out, "found, but RawMessageDelivery is false, not true") {
		t.Errorf("ptpu setup --raw exits with %d and prints %q and\n%s\nwant %d, and how the subscription differs", code, errs, out, exitOK)
	}
}

// The account is that of the credentials, whatever the ARN says.
func TestSetupNamesATopicOfAnotherAccount(t *testing.T) {
	environ, _ := onMoto(t)
	const variable = "HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN"
	environ[variable] = strings.Replace(environ[variable], motoAccount, "000000000000", 1)
	code, _, errs := cli(t, environ, "", "setup")
	if code != exitUsage || !strings.Contains(errs, variable+":") || !strings.Contains(errs, motoAccount) {
		t.Errorf("ptpu setup exits with %d and prints %q, want %d, the setting and the account that there is", code, errs, exitUsage)
	}
}

func TestSetupNamesWhatIsNoARN(t *testing.T) {
	environ, clients := onMoto(t)
	const variable = "HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN"
	for name, arn := range map[string]string{
		"a name":                "domain-events",
		"too few parts":         "arn:aws:sns:domain-events",
		"too many parts":        "arn:aws:sns:eu-west-2:" + motoAccount + ":domain-events:0ab1",
		"something else's":      "arn:aws:sqs:eu-west-2:" + motoAccount + ":domain-events",
		"a URL":                 "https://sns.eu-west-2.amazonaws.com/domain-events",
		"a topic without name":  "arn:aws:sns:eu-west-2:" + motoAccount + ":",
		"a topic without owner": "arn:aws:sns:eu-west-2::domain-events",
	} {
		for _, flags := range [][]string{{"setup"}, {"setup", "--print-iam"}} {
			t.Run(name+", ptpu "+strings.Join(flags, " "), func(t *testing.T) {
				code, out, errs := cli(t, with(environ, map[string]string{variable: arn}), "", flags...)
				if code != exitUsage || out != "" || !strings.HasPrefix(errs, "ptpu: "+variable+": ") || !strings.Contains(errs, "arn:aws:sns:eu-west-2:") {
					t.Errorf("with %s it exits with %d and prints %q and %q, want %d, the setting and what is expected", arn, code, out, errs, exitUsage)
				}
			})
		}
	}
	if err := dynamo.Check(t.Context(), clients.dynamodb, dynamo.Spec{Name: environ["DYNAMODB_TABLENAME"], Partition: "pk", Sort: "sk"}); err == nil {
		t.Error("a table was made before the ARN was looked at")
	}
}

func TestSetupListsEveryMissingSetting(t *testing.T) {
	for _, flags := range [][]string{{"setup"}, {"setup", "--print-iam"}} {
		code, out, errs := cli(t, map[string]string{}, "", flags...)
		if code != exitUsage || out != "" || strings.Count(errs, "\n") != 5 {
			t.Errorf("ptpu %v without settings exits with %d and prints %q and\n%s\nwant %d and five lines", flags, code, out, errs, exitUsage)
		}
		for variable := range onAWS(motoAccount, "") {
			if variable != "PTPU_BACKEND" && !strings.Contains(errs, "ptpu: "+variable+": is required: ") {
				t.Errorf("ptpu %v without settings prints\n%s\nwant %s named", flags, errs, variable)
			}
		}
	}
}

func TestSetupOfTheEmbeddedBackendHasNothingToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errs := cli(t, map[string]string{"PTPU_BACKEND": "embedded"}, "", "setup")
	if want := "the embedded backend makes what it needs by itself; nothing to set up\n"; code != exitOK || out != want || errs != "" {
		t.Errorf("ptpu setup exits with %d and prints %q and %q, want %d and %q", code, out, errs, exitOK, want)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, error %v, want nothing", left, err)
	}
}

// printedPolicies are what --print-iam prints, for the settings without suffix.
func printedPolicies(t *testing.T) (text string, policies map[string]policy) {
	t.Helper()
	code, text, errs := cli(t, onAWS("111122223333", ""), "", "setup", "--print-iam")
	if code != exitOK || errs != "" {
		t.Fatalf("ptpu setup --print-iam exits with %d and prints %q, want %d", code, errs, exitOK)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policies); err != nil || decoder.More() {
		t.Fatalf("ptpu setup --print-iam prints\n%s\nwant one JSON document: %v", text, err)
	}
	return text, policies
}

func TestGoldenPolicies(t *testing.T) {
	const golden = "testdata/iam.json"
	got, _ := printedPolicies(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("ptpu setup --print-iam (-golden +got):\n%s", diff)
	}
}

func TestPoliciesNameWhatTheyAllow(t *testing.T) {
	_, policies := printedPolicies(t)
	for who, document := range policies {
		if document.Version != "2012-10-17" || len(document.Statement) == 0 {
			t.Errorf("the policy of %s is %+v, want one of IAM's language", who, document)
		}
		for _, s := range document.Statement {
			if s.Effect != "Allow" || s.Sid == "" || len(s.Resource) == 0 {
				t.Errorf("a statement of %s is %+v, want it to allow, with a name and resources", who, s)
			}
			for _, action := range s.Action {
				service, verb, _ := strings.Cut(action, ":")
				if !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(verb) {
					t.Errorf("%s may do %q, want each action by its name", who, action)
				}
				for _, resource := range s.Resource {
					if !strings.HasPrefix(resource, "arn:aws:"+service+":eu-west-2:111122223333:") {
						t.Errorf("%s may do %s on %s, want a resource of that service, in the account of the topic", who, action, resource)
					}
				}
			}
		}
	}
}

// What the worker and setup ask of AWS stands in the interfaces of the backends:
// what is not there is not asked, and must not be allowed.
func TestPoliciesAllowWhatIsAsked(t *testing.T) {
	_, policies := printedPolicies(t)
	worker := slices.Concat(
		actions[queuesqs.Client]("sqs"), actions[topicsns.Client]("sns"),
		actions[dynamo.Client]("dynamodb"), actions[dynamo.Describer]("dynamodb"),
	)
	setup := slices.Concat(
		actions[queuesqs.SetupClient]("sqs"), actions[topicsns.SetupClient]("sns"), actions[dynamo.Manager]("dynamodb"),
		[]string{"sns:GetTopicAttributes"}, // whether the topic is there
	)
	// Setup's client can do what the worker's can; it only finds and reads queues.
	setup = slices.DeleteFunc(setup, func(action string) bool {
		return slices.Contains([]string{
			"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue",
		}, action)
	})
	for who, want := range map[string][]string{"worker": worker, "setup": setup} {
		var got []string
		for _, s := range policies[who].Statement {
			got = append(got, s.Action...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
			t.Errorf("what the policy of %s allows (-asked +allowed):\n%s", who, diff)
		}
	}
}

// actions are those that IAM knows the calls of a client by.
func actions[client any](service string) []string {
	var names []string
	for method := range reflect.TypeFor[client]().Methods() {
		switch method.Name {
		case "TransactWriteItems": // puts and deletes, each with its condition
			names = append(names, "dynamodb:PutItem", "dynamodb:DeleteItem")
		default:
			names = append(names, service+":"+strings.TrimSuffix(method.Name, "Batch"))
		}
	}
	return names
}

func queueAttributes(t *testing.T, clients awsClients, name string) map[string]string {
	t.Helper()
	found, err := clients.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	read, err := clients.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: found.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(fmt.Errorf("reading queue %s: %w", name, err))
	}
	return read.Attributes
}
