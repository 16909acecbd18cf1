package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/enginetest"
	"ptpu/localstack"
)

// serveOnce runs serve in this process and returns its exit code and output.
func serveOnce(t *testing.T, environ map[string]string) (code int, said string) {
	t.Helper()
	out := &output{}
	code = run(t.Context(), []string{"serve"}, environ, standard{out: out, err: out})
	return code, out.String()
}

func TestServeNamesWhatIsWrongOnAWSAndStartsNothing(t *testing.T) {
	_, environ := awsWorld(t, localstack.Generated(1, firstGenerated))
	otherSchema(t, environ["AWS_ENDPOINT_URL"], "predecessor")
	for name, c := range map[string]struct {
		setting, value string
		says           []string
	}{
		"no such queue":        {"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME", "nowhere", []string{"nowhere", "no such queue"}},
		"no such dead letters": {"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME", "nowhere", []string{"nowhere", "no such queue"}},
		"no such topic":        {"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN", "arn:aws:sns:eu-west-2:123456789012:nowhere", []string{"nowhere", "no such topic"}},
		"no ARN":               {"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN", "nowhere", []string{"want the ARN"}},
		"no such table":        {"DYNAMODB_TABLENAME", "nowhere", []string{"nowhere", "no such table"}},
		"no such lock table":   {"DYNAMODB_SCHEDULE_TABLENAME", "nowhere", []string{"nowhere", "no such table"}},
		"another key schema":   {"DYNAMODB_TABLENAME", "predecessor", []string{"predecessor", "pk"}},
		"a refused client":     {"OAUTH_CLIENT_SECRET", "wrong", []string{"OAUTH_CLIENT_ID", "denied"}},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := maps.Clone(environ)
			wrong[c.setting] = c.value
			code, said := serveOnce(t, wrong)
			if code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			for _, word := range append(c.says, "ptpu: ") {
				if !strings.Contains(said, word) {
					t.Errorf("does not say %q:\n%s", word, said)
				}
			}
			if c.setting != "OAUTH_CLIENT_SECRET" && !strings.Contains(said, "ptpu: "+c.setting) {
				t.Errorf("does not name %s:\n%s", c.setting, said)
			}
			if strings.Contains(said, `"msg":"ready"`) {
				t.Error("it was ready all the same")
			}
		})
	}
}

// otherSchema makes a table as the predecessor has it.
func otherSchema(t *testing.T, endpoint, name string) {
	t.Helper()
	_, err := clientsOf(enginetest.Config(endpoint)).dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestServeNamesRefusedCredentials(t *testing.T) {
	world, err := localstack.Open(localstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	simulators := httptest.NewServer(world.Handler())
	defer simulators.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`))
	}))
	defer refusing.Close()
	code, said := serveOnce(t, plainAWS(t, simulators.URL, refusing.URL))
	if code != exitUsage || strings.Count(said, "ptpu: ") < 4 || !strings.Contains(said, "DYNAMODB_TABLENAME") || !strings.Contains(said, "QUEUE_NAME") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// plainAWS are the settings for an AWS at the endpoint, set up by nobody.
func plainAWS(t *testing.T, simulators, endpoint string) map[string]string {
	t.Helper()
	environ := worldSettings(simulators)
	maps.Copy(environ, map[string]string{
		"PTPU_BACKEND": "aws", "SERVER_PORT": "0",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME": "events", "HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME": "dead",
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN": "arn:aws:sns:eu-west-2:123456789012:domain",
		"DYNAMODB_TABLENAME":                    "messages", "DYNAMODB_SCHEDULE_TABLENAME": "locks",
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-2",
	})
	for name, value := range environ {
		if strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	return environ
}

// With AWS out of reach the process is alive, not ready, and quiet; it is ready
// once AWS can be reached.
func TestServeWaitsForWhatCannotBeReached(t *testing.T) {
	_, environ := awsWorld(t, localstack.Generated(1, firstGenerated))
	target, err := url.Parse(environ["AWS_ENDPOINT_URL"])
	if err != nil {
		t.Fatal(err)
	}
	var reachable atomic.Bool
	asked := atomic.Int64{}
	through := httputil.NewSingleHostReverseProxy(target)
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !reachable.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		through.ServeHTTP(w, r)
	}))
	defer gate.Close()
	environ["AWS_ENDPOINT_URL"] = gate.URL
	serving := startChild(t, environ, "serve")
	serving.says(`"msg":"not ready`)
	address := regexp.MustCompile(`"msg":"alive"[^\n]*:([0-9]+)"`).FindStringSubmatch(serving.out.String())
	if address == nil {
		t.Fatalf("it does not say where it is:\n%s", serving.out)
	}
	base := "http://127.0.0.1:" + address[1]
	wantStatus(t, base+"/health/liveness", http.StatusOK)
	wantStatus(t, base+"/health/readiness", http.StatusServiceUnavailable)
	rounds := asked.Load()
	eventually(t, "it tries again", func() bool { return asked.Load() > 2*rounds })
	if n := strings.Count(serving.out.String(), `"msg":"not ready`); n != 1 {
		t.Errorf("%d lines about it within a minute, want one", n)
	}
	reachable.Store(true)
	serving.says(`"msg":"ready"`)
	wantStatus(t, base+"/health/readiness", http.StatusOK)
	if code := serving.interrupt(); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, serving.out)
	}
}

func wantStatus(t *testing.T, address string, want int) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("GET %s: status %d, want %d", address, response.StatusCode, want)
	}
}
