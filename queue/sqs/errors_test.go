package sqs_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ptpu/enginetest"
	"ptpu/queue"
	"ptpu/queue/sqs"
)

// answers is SQS on the wire: the attributes that Open asks for, and one answer
// to everything else.
type answers struct {
	status     int
	body       string
	queryError string // the code in SQS's old spelling, which it adds
	err        error  // instead of an answer
	asked      int
}

// Do implements aws.HTTPClient.
func (a *answers) Do(r *http.Request) (*http.Response, error) {
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "GetQueueUrl":
		return response(r, http.StatusOK, `{"QueueUrl": "https://sqs.example/main"}`), nil
	case "GetQueueAttributes":
		return response(r, http.StatusOK, `{"Attributes": {"MaximumMessageSize": "262144"}}`), nil
	}
	a.asked++
	if a.err != nil {
		return nil, a.err
	}
	answer := response(r, a.status, a.body)
	if a.queryError != "" {
		answer.Header.Set("X-Amzn-Query-Error", a.queryError)
	}
	return answer, nil
}

func response(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
	}
}

// client is the SDK's, with a transport of ours.
func (a *answers) client() *awssqs.Client {
	config := enginetest.Config("https://sqs.example")
	config.HTTPClient = a
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return awssqs.NewFromConfig(config)
}

func TestFailuresAreNamed(t *testing.T) {
	const inWords = "Value AQEB for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
	named := []error{sqs.ErrNoQueue, sqs.ErrRefused, queue.ErrGone, queue.ErrInvalid, queue.ErrUnavailable}
	for name, c := range map[string]struct {
		answers
		want error
	}{
		"no such queue":                 {answers{status: 400, body: fault("QueueDoesNotExist", "")}, sqs.ErrNoQueue},
		"no such queue, old code":       {answers{status: 400, body: fault("QueueDoesNotExist", ""), queryError: "AWS.SimpleQueueService.NonExistentQueue;Sender"}, sqs.ErrNoQueue},
		"not allowed":                   {answers{status: 403, body: fault("AccessDenied", "")}, sqs.ErrRefused},
		"not allowed, new code":         {answers{status: 400, body: fault("AccessDeniedException", "")}, sqs.ErrRefused},
		"unknown key":                   {answers{status: 403, body: fault("InvalidClientTokenId", "")}, sqs.ErrRefused},
		"unknown key, new code":         {answers{status: 400, body: fault("UnrecognizedClientException", "")}, sqs.ErrRefused},
		"wrong secret":                  {answers{status: 403, body: fault("SignatureDoesNotMatch", "")}, sqs.ErrRefused},
		"no receipt of ours":            {answers{status: 400, body: fault("ReceiptHandleIsInvalid", "")}, queue.ErrGone},
		"not in flight":                 {answers{status: 400, body: fault("MessageNotInflight", "")}, queue.ErrGone},
		"not in flight, in words":       {answers{status: 400, body: fault("InvalidParameterValue", inWords)}, queue.ErrGone},
		"kept for too long":             {answers{status: 400, body: fault("InvalidParameterValue", "Total VisibilityTimeout is beyond the limit")}, queue.ErrInvalid},
		"throttled":                     {answers{status: 400, body: fault("RequestThrottled", "")}, queue.ErrUnavailable},
		"throttled, new code":           {answers{status: 400, body: fault("ThrottlingException", "")}, queue.ErrUnavailable},
		"too many in flight":            {answers{status: 403, body: fault("OverLimit", "")}, queue.ErrUnavailable},
		"internal error":                {answers{status: 500, body: fault("InternalFailure", "")}, queue.ErrUnavailable},
		"a gateway's page":              {answers{status: 502, body: "<html>"}, queue.ErrUnavailable},
		"throttled by a gateway":        {answers{status: 429, body: "slow down"}, queue.ErrUnavailable},
		"no connection":                 {answers{err: errors.New("connection refused")}, queue.ErrUnavailable},
		"something we have no name for": {answers{status: 400, body: fault("SomethingNew", "")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q := openQueue(t, c.client(), "main")
			err := q.Extend(t.Context(), "receipt", time.Minute)
			if err == nil {
				t.Fatal("Extend: got no error")
			}
			for _, e := range named {
				if errors.Is(err, e) != errors.Is(c.want, e) {
					t.Errorf("Extend: got error %q, want %v alone", err, c.want)
				}
			}
		})
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	if err := sqs.Check(t.Context(), &fake{}, "main.fifo"); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("Check of a FIFO queue: got error %v, want %v", err, queue.ErrInvalid)
	}
	broken := &fake{attributes: map[string]string{"RedrivePolicy": "{"}}
	if err := sqs.Check(t.Context(), broken, "main"); err == nil {
		t.Error("Check of a broken redrive policy: got no error")
	}
}

// Half an answer must not look like an empty queue.
func TestTruncatedReceiveIsAFailure(t *testing.T) {
	cut := &answers{status: http.StatusOK, body: `{"Messages": [{"Body": "x`}
	if _, err := openQueue(t, cut.client(), "main").Receive(t.Context(), 1, 0, time.Minute); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("Receive: got error %v, want %v", err, queue.ErrUnavailable)
	}
}

// A receive is asked again by its caller; were the SDK to repeat it too, a queue
// that is gone would be asked several times a second.
func TestReceiveIsNotRepeated(t *testing.T) {
	down := &answers{status: http.StatusServiceUnavailable}
	config := enginetest.Config("https://sqs.example")
	config.HTTPClient = down
	q := openQueue(t, awssqs.NewFromConfig(config), "main")
	if _, err := q.Receive(t.Context(), 1, 0, time.Minute); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("Receive: got error %v, want %v", err, queue.ErrUnavailable)
	}
	if down.asked != 1 {
		t.Errorf("SQS was asked %d times, want once", down.asked)
	}
}

func TestSendRefusesWhatSQSWould(t *testing.T) {
	q := (&fake{}).open(t)
	eleven := map[string]string{}
	for _, name := range strings.Split("abcdefghijk", "") {
		eleven[name] = "1"
	}
	for what, n := range map[string]queue.Notice{
		"eleven attributes":       {Body: "x", Attributes: eleven},
		"an empty attribute":      {Body: "x", Attributes: map[string]string{"a": ""}},
		"a control character":     {Body: "\x00"},
		"more bytes than allowed": {Body: strings.Repeat("x", 1990), Attributes: map[string]string{"a": "2345"}},
	} {
		if _, err := q.Send(t.Context(), n); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("Send of %s: got error %v, want %v", what, err, queue.ErrInvalid)
		}
	}
}

func fault(code, message string) string {
	return `{"__type": "com.amazonaws.sqs#` + code + `", "message": "` + message + `"}`
}
