package deadletters_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/go-cmp/cmp"

	"ptpu/deadletters"
)

const (
	retryRoute    = "PUT /queue-admin/retry-dlq/"
	retryAllRoute = "PUT /queue-admin/retry-all-dlqs"
	purgeRoute    = "PUT /queue-admin/purge-queue/"
	listRoute     = "GET /queue-admin/get-dlq-messages/"
)

// served is the routes, with the API that documents them.
type served struct {
	http.Handler
	api    huma.API
	ledger *ledger
}

func serve(t *testing.T, pairs ...deadletters.Pair) served {
	t.Helper()
	d, l := open(t, pairs...)
	mux := http.NewServeMux()
	c := huma.DefaultConfig("ptpu", "test")
	c.CreateHooks = nil
	api := humago.New(mux, c)
	d.Register(api)
	return served{Handler: mux, api: api, ledger: l}
}

// ask asks without a network; a request is a method and a path.
func (s served) ask(ctx context.Context, request string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(request, " ")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequest(method, path, nil).WithContext(ctx))
	return answer
}

func (s served) wantAnswer(t *testing.T, request, want string) {
	t.Helper()
	answer := s.ask(t.Context(), request)
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s: got %d, %s, %s; want 200, JSON, and no cache", request, answer.Code, answer.Header(), answer.Body)
	}
	if diff := cmp.Diff(want, strings.TrimSuffix(answer.Body.String(), "\n")); diff != "" {
		t.Errorf("%s, -want +got:\n%s", request, diff)
	}
}

// problem is what a refusal says.
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
		Value    any    `json:"value"`
	} `json:"errors"`
}

func (s served) wantProblem(t *testing.T, request string, status int) problem {
	t.Helper()
	answer := s.ask(t.Context(), request)
	var p problem
	err := json.Unmarshal(answer.Body.Bytes(), &p)
	if err != nil || answer.Code != status || p.Status != status || p.Detail == "" || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s: got %d with %s, want a problem with %d", request, answer.Code, answer.Body, status)
	}
	return p
}

func TestAnswersOfTheRoutes(t *testing.T) {
	b, other := &broker{}, &broker{}
	s := serve(t, b.pair("events"), other.pair("runs"))
	fill := func() {
		b.next = 0
		b.bury(`{"bookingId":12345678901234567890123, "a":1.10,"a":"<é>"}`, map[string]string{"eventType": "x", "ptpu-error": "malformed notice: no event type"})
		b.bury("not \"JSON\"", nil)
	}
	fill()
	s.wantAnswer(t, listRoute+"events-dlq?maxMessages=2", `{"messagesFoundCount":2,"messagesReturnedCount":2,"messages":[`+
		`{"body":{"bookingId":12345678901234567890123,"a":1.10,"a":"<é>"},"messageId":"id-1",`+
		`"attributes":{"eventType":"x","ptpu-error":"malformed notice: no event type"},`+
		`"sentTimestamp":"2026-11-21T09:05:00.125Z","receiveCount":1,"error":"malformed notice: no event type"},`+
		`{"body":"not \"JSON\"","messageId":"id-2","attributes":{},`+
		`"sentTimestamp":"2026-11-21T09:05:00.125Z","receiveCount":1,"error":""}]}`)
	s.wantAnswer(t, listRoute+"runs-dlq", `{"messagesFoundCount":0,"messagesReturnedCount":0,"messages":[]}`)
	b.dead = nil
	fill()
	s.wantAnswer(t, retryRoute+"events-dlq", `{"messagesFoundCount":2,"messages":[`+
		`{"body":{"bookingId":12345678901234567890123,"a":1.10,"a":"<é>"},"messageId":"id-1"},`+
		`{"body":"not \"JSON\"","messageId":"id-2"}]}`)
	s.wantAnswer(t, retryRoute+"events-dlq", `{"messagesFoundCount":0,"messages":[]}`)
	if diff := cmp.Diff([]string{"not \"JSON\"", `{"bookingId":12345678901234567890123, "a":1.10,"a":"<é>"}`}, bodies(b.onMain())); diff != "" {
		t.Errorf("on the main queue, -want +got:\n%s", diff)
	}
	other.bury("7", nil)
	s.wantAnswer(t, retryAllRoute, `[{"messagesFoundCount":0,"messages":[]},{"messagesFoundCount":1,"messages":[{"body":7,"messageId":"id-1"}]}]`)
	s.wantAnswer(t, purgeRoute+"events", `{"messagesFoundCount":2}`)
	s.wantAnswer(t, purgeRoute+"events", `{"messagesFoundCount":0}`)
	other.bury("8", nil)
	s.wantAnswer(t, purgeRoute+"runs-dlq", `{"messagesFoundCount":1}`)
}

func TestBodiesAreShownAsJSONOrAsText(t *testing.T) {
	for body, want := range map[string]string{
		`{"a": [1, 2.50, 1e400]}`:  `{"a":[1,2.50,1e400]}`,
		`"text"`:                   `"text"`,
		`null`:                     `null`,
		` 1 `:                      `1`,
		`{"a":1} {"b":2}`:          `"{\"a\":1} {\"b\":2}"`,
		`{"a":`:                    `"{\"a\":"`,
		"\x00\n":                   `"\u0000\n"`,
		"\"not \xff UTF-8\"":       `"\"not ` + "�" + ` UTF-8\""`,
		strings.Repeat("[", 20000): `"` + strings.Repeat("[", 20000) + `"`,
	} {
		b := &broker{}
		s := serve(t, b.pair("events"))
		b.bury(body, nil)
		answer := s.ask(t.Context(), retryRoute+"events-dlq")
		var got struct {
			Messages []struct{ Body json.RawMessage }
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || len(got.Messages) != 1 {
			t.Errorf("%.20q: got %s (error %v), want one message", body, answer.Body, err)
			continue
		}
		text := string(got.Messages[0].Body)
		if text == want {
			continue
		}
		var a, b2 any // the same, escaped in another way?
		if json.Unmarshal([]byte(text), &a) != nil || json.Unmarshal([]byte(want), &b2) != nil || !cmp.Equal(a, b2) {
			t.Errorf("%.20q is shown as %.40s, want %.40s", body, text, want)
		}
	}
}

func TestMaxMessages(t *testing.T) {
	for query, want := range map[string]int{
		"": 100, "?maxMessages=": 100, "?maxMessages=1": 1, "?maxMessages=%2042%20": 42, "?maxMessages=100": 100,
		"?maxMessages=101": 100, "?maxMessages=99999999999999999999": 100,
	} {
		b := &broker{}
		s := serve(t, b.pair("events"))
		for i := range 130 {
			b.bury(strconv.Itoa(i), nil)
		}
		var got struct{ MessagesFoundCount, MessagesReturnedCount int }
		answer := s.ask(t.Context(), listRoute+"events-dlq"+query)
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || got.MessagesReturnedCount != want || got.MessagesFoundCount != 130 {
			t.Errorf("%q: got %d of %d with %d, want %d of 130", query, got.MessagesReturnedCount, got.MessagesFoundCount, answer.Code, want)
		}
	}
	for value, echo := range map[string]any{
		"0": "0", "-1": "-1", "abc": "abc", "1.5": "1.5", "%2B7": "+7", strings.Repeat("x", 65): nil,
	} {
		b := &broker{}
		s := serve(t, b.pair("events"))
		b.bury("one", nil)
		p := s.wantProblem(t, listRoute+"events-dlq?maxMessages="+value, http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Location != "query.maxMessages" || !strings.Contains(p.Errors[0].Message, "whole number from 1") || p.Errors[0].Value != echo {
			t.Errorf("%s: got %+v, want query.maxMessages, its form, and the value %v", value, p.Errors, echo)
		}
		if b.onDead()[0].Receives > 0 || len(s.ledger.recorded()) > 0 {
			t.Errorf("%s: the queue was looked at all the same", value)
		}
	}
}

func TestQueuesThatAreNotOursAre404(t *testing.T) {
	b := &broker{}
	s := serve(t, b.pair("events"))
	long := strings.Repeat("x", 65)
	for _, c := range []struct{ request, location, says, detail string }{
		{retryRoute + "other", "path.dlqName", "want a dead-letter queue: events-dlq", "None of"},
		{retryRoute + "events", "path.dlqName", "want a dead-letter queue: events-dlq", "events is not a dead-letter queue."},
		{retryRoute + long, "path.dlqName", "want a dead-letter queue: events-dlq", "None of"},
		{listRoute + "events", "path.dlqName", "want a dead-letter queue: events-dlq", "events is not a dead-letter queue."},
		{listRoute + "%2e%2e%2fevents-dlq", "path.dlqName", "want a dead-letter queue: events-dlq", "None of"},
		{purgeRoute + "other", "path.queueName", "want one of ptpu's queues", "None of"},
	} {
		p := s.wantProblem(t, c.request, http.StatusNotFound)
		if len(p.Errors) != 1 || p.Errors[0].Location != c.location || p.Errors[0].Message != c.says || !strings.HasPrefix(p.Detail, c.detail) {
			t.Errorf("%s: got %+v, want %s at %s and a detail that begins %q", c.request, p, c.says, c.location, c.detail)
		}
		if p.Errors[0].Value == long {
			t.Errorf("%s: a long name is repeated", c.request)
		}
	}
	if errs := s.ledger.stumbled(); len(errs) > 0 {
		t.Errorf("told of %v, want nothing: it is the caller's mistake", errs)
	}
}

func TestAQueueThatFailsIs503AndSaysWhatWasMoved(t *testing.T) {
	b := &broker{failing: func(operation string, l deadletters.Letter) bool {
		return operation == "purge" || operation == "replay" && l.Body == "secret 2" || operation == "receive" && l.ID == "none"
	}}
	away := &broker{failing: func(operation string, _ deadletters.Letter) bool { return operation == "receive" }}
	s := serve(t, b.pair("events"), away.pair("runs"))
	for i := range 4 {
		b.bury("secret "+strconv.Itoa(i), nil)
	}
	if p := s.wantProblem(t, retryRoute+"events-dlq", http.StatusServiceUnavailable); !strings.Contains(p.Detail, "moved were 3 from events-dlq") {
		t.Errorf("a part was moved: got %q, want it to say 3", p.Detail)
	}
	if p := s.wantProblem(t, retryAllRoute, http.StatusServiceUnavailable); !strings.Contains(p.Detail, "0 from events-dlq, 0 from runs-dlq") {
		t.Errorf("nothing was moved: got %q, want it to say so of each", p.Detail)
	}
	s.wantProblem(t, listRoute+"runs-dlq", http.StatusServiceUnavailable)
	s.wantProblem(t, purgeRoute+"events", http.StatusServiceUnavailable)
	errs := s.ledger.stumbled()
	if len(errs) != 4 {
		t.Errorf("told of %v, want of each of the 4", errs)
	}
	for _, err := range errs {
		if !errors.Is(err, errQueue) || strings.Contains(err.Error(), "secret") {
			t.Errorf("told of %v, want %v and no body", err, errQueue)
		}
	}
}

func TestAClientThatIsGoneIsNoFailure(t *testing.T) {
	b := &broker{}
	s := serve(t, b.pair("events"))
	b.bury("one", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, request := range []string{listRoute + "events-dlq", retryRoute + "events-dlq", retryAllRoute, purgeRoute + "events-dlq"} {
		s.ask(ctx, request)
	}
	if len(b.onDead()) != 1 || len(s.ledger.stumbled()) > 0 {
		t.Errorf("%d letters are left, told of %v; want the one, and nothing", len(b.onDead()), s.ledger.stumbled())
	}
}

func TestTheRoutesAreDocumentedAsTheyAre(t *testing.T) {
	b := &broker{}
	s := serve(t, b.pair("events"))
	for path, c := range map[string]struct{ method, statuses string }{
		"/queue-admin/retry-dlq/{dlqName}":        {http.MethodPut, "200 401 403 404 500 503"},
		"/queue-admin/retry-all-dlqs":             {http.MethodPut, "200 401 403 500 503"},
		"/queue-admin/purge-queue/{queueName}":    {http.MethodPut, "200 401 403 404 500 503"},
		"/queue-admin/get-dlq-messages/{dlqName}": {http.MethodGet, "200 400 401 403 404 500 503"},
	} {
		item := s.api.OpenAPI().Paths[path]
		if item == nil {
			t.Errorf("%s is not documented", path)
			continue
		}
		op := map[string]*huma.Operation{http.MethodPut: item.Put, http.MethodGet: item.Get}[c.method]
		if op == nil || op.OperationID == "" || op.Summary == "" || op.Description == "" {
			t.Errorf("%s: got operation %+v, want %s with a summary and a description", path, op, c.method)
			continue
		}
		if diff := cmp.Diff([]map[string][]string{{"hmpps-auth": {"ROLE_PTPU_QUEUE_ADMIN"}}}, op.Security); diff != "" {
			t.Errorf("%s, who may use it, -want +got:\n%s", path, diff)
		}
		var statuses []string
		for _, status := range []int{200, 400, 401, 403, 404, 422, 500, 503} {
			if op.Responses[strconv.Itoa(status)] != nil {
				statuses = append(statuses, strconv.Itoa(status))
			}
		}
		if got := strings.Join(statuses, " "); got != c.statuses || len(op.Responses) != len(statuses) {
			t.Errorf("%s: answers %s (%d in all), want %s", path, got, len(op.Responses), c.statuses)
		}
		answered := op.Responses["200"].Content["application/json"]
		if answered == nil || answered.Example == nil || answered.Schema == nil {
			t.Errorf("%s: got %+v, want JSON with a schema and an example", path, answered)
		}
	}
}
