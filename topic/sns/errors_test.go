package sns_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"ptpu/enginetest"
	"ptpu/topic"
	"ptpu/topic/sns"
)

const somewhere = "arn:aws:sns:eu-west-2:123456789012:events"

// answers is SNS on the wire, with one answer to everything.
type answers struct {
	status int
	body   string
	err    error // instead of an answer
}

// Do implements aws.HTTPClient.
func (a answers) Do(r *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status, Request: r, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

// client is the SDK's, with a transport of ours.
func (a answers) client() *awssns.Client {
	config := enginetest.Config("https://sns.example")
	config.HTTPClient = a
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return awssns.NewFromConfig(config)
}

func TestFailuresAreNamed(t *testing.T) {
	named := []error{sns.ErrNoTopic, sns.ErrRefused, topic.ErrInvalid, topic.ErrUnavailable}
	for name, c := range map[string]struct {
		answers
		want error
	}{
		"no such topic":                 {answers{status: 404, body: fault("NotFound")}, sns.ErrNoTopic},
		"not allowed":                   {answers{status: 403, body: fault("AuthorizationError")}, sns.ErrRefused},
		"not allowed, by another code":  {answers{status: 403, body: fault("AccessDenied")}, sns.ErrRefused},
		"unknown key":                   {answers{status: 403, body: fault("InvalidClientTokenId")}, sns.ErrRefused},
		"too large":                     {answers{status: 400, body: fault("InvalidParameter")}, topic.ErrInvalid},
		"a malformed attribute":         {answers{status: 400, body: fault("ParameterValueInvalid")}, topic.ErrInvalid},
		"throttled":                     {answers{status: 429, body: fault("Throttled")}, topic.ErrUnavailable},
		"throttled, by another code":    {answers{status: 400, body: fault("Throttling")}, topic.ErrUnavailable},
		"internal error":                {answers{status: 500, body: fault("InternalError")}, topic.ErrUnavailable},
		"a gateway's page":              {answers{status: 502, body: "<html>"}, topic.ErrUnavailable},
		"a truncated answer":            {answers{status: 200, body: "<PublishResp"}, topic.ErrUnavailable},
		"no connection":                 {answers{err: errors.New("connection refused")}, topic.ErrUnavailable},
		"something we have no name for": {answers{status: 400, body: fault("SomethingNew")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := sns.Open(c.client(), somewhere)
			if err != nil {
				t.Fatal(err)
			}
			_, err = out.Publish(t.Context(), topic.Message{Body: "x"})
			if err == nil {
				t.Fatal("Publish: got no error")
			}
			for _, e := range named {
				if errors.Is(err, e) != errors.Is(c.want, e) {
					t.Errorf("Publish: got error %q, want %v alone", err, c.want)
				}
			}
		})
	}
}

func TestOpenRefusesWhatIsNoStandardTopic(t *testing.T) {
	for _, wrong := range []string{
		"", "events", "arn:aws:sqs:eu-west-2:123456789012:events", somewhere + ".fifo", somewhere + ":a-subscription",
	} {
		if _, err := sns.Open(answers{}.client(), wrong); !errors.Is(err, topic.ErrInvalid) {
			t.Errorf("Open(%q): got error %v, want %v", wrong, err, topic.ErrInvalid)
		}
	}
}

func TestEmptyAttributeIsRefused(t *testing.T) {
	out, err := sns.Open(answers{err: errors.New("not to be asked")}.client(), somewhere)
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Publish(t.Context(), topic.Message{Body: "x", Attributes: map[string]string{"a": ""}})
	if !errors.Is(err, topic.ErrInvalid) {
		t.Errorf("Publish: got error %v, want %v", err, topic.ErrInvalid)
	}
}

func fault(code string) string {
	return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>x</Message></Error></ErrorResponse>`, code)
}
