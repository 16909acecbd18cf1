package dynamo_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ptpu/enginetest"
	"ptpu/table"
	"ptpu/table/dynamo"
)

// wire answers the SDK's requests in the place of a network, and remembers the
// tokens that they carry.
type wire struct {
	tokens []string
	answer func(try int) (*http.Response, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var request struct{ ClientRequestToken string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	w.tokens = append(w.tokens, request.ClientRequestToken)
	return w.answer(len(w.tokens))
}

func answered(status int, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}, nil
}

var errLost = errors.New("connection reset")

func overWire(t *testing.T, w *wire) *dynamo.Table {
	t.Helper()
	client := dynamodb.NewFromConfig(enginetest.Config("http://dynamodb.invalid"), func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: w}
	})
	return open(t, client, spec)
}

var pair = []table.Action{
	table.Put(table.Item{Key: key}, table.VersionIs(1)),
	table.Put(table.Item{Key: table.Key{Partition: "p", Sort: "t"}}, table.Absent()),
}

// By its token DynamoDB knows the repeat of a transaction that it has applied,
// and answers with the first one's success instead of an unmet condition.
func TestARepeatAfterALostAnswerHasTheSameToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(try int) (*http.Response, error) {
			if try == 1 {
				return nil, errLost
			}
			return answered(http.StatusOK, "{}")
		}}
		if err := overWire(t, w).Write(t.Context(), pair...); err != nil {
			t.Fatal(err)
		}
		if len(w.tokens) != 2 || w.tokens[0] == "" || w.tokens[0] != w.tokens[1] {
			t.Errorf("tokens %q, want the same twice", w.tokens)
		}
	})
}

func TestAnswersOnTheWire(t *testing.T) {
	const prefix = `{"__type":"com.amazonaws.dynamodb.v20120810#`
	for name, c := range map[string]struct {
		status int
		body   string
		want   []error
	}{
		"conflict": {
			http.StatusBadRequest, prefix + `TransactionCanceledException","CancellationReasons":[{"Code":"ConditionalCheckFailed"},{"Code":"None"}]}`,
			[]error{table.ErrConflict},
		},
		"transactions that met": {
			http.StatusBadRequest, prefix + `TransactionCanceledException","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`,
			[]error{table.ErrUnavailable},
		},
		"throttled":      {http.StatusBadRequest, prefix + `ProvisionedThroughputExceededException"}`, []error{table.ErrUnavailable}},
		"failure of AWS": {http.StatusInternalServerError, prefix + `InternalServerError"}`, []error{table.ErrUnavailable}},
		"no table":       {http.StatusBadRequest, prefix + `ResourceNotFoundException"}`, []error{table.ErrUnavailable, dynamo.ErrNoTable}},
		"forbidden": {
			http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`,
			[]error{table.ErrUnavailable, dynamo.ErrDenied},
		},
		"not valid": {
			http.StatusBadRequest, `{"__type":"com.amazon.coral.validate#ValidationException","message":"Item size has exceeded the maximum allowed size"}`,
			[]error{table.ErrInvalid},
		},
		"a gateway's page": {http.StatusBadGateway, "<html>", []error{table.ErrUnavailable}},
		"garbage":          {http.StatusOK, "garbage", []error{table.ErrUnavailable}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answer: func(int) (*http.Response, error) { return answered(c.status, c.body) }}
			wantKinds(t, name, overWire(t, w).Write(t.Context(), pair...), c.want)
		})
	}
}

func TestANetworkThatIsDownIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(int) (*http.Response, error) { return nil, errLost }}
		rows := overWire(t, w)
		wantKinds(t, "a write", rows.Write(t.Context(), pair...), []error{table.ErrUnavailable, errLost})
	})
}
