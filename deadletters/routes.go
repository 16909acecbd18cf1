package deadletters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Register adds the queue-admin routes to the API.
func (d *DeadLetters) Register(api huma.API) {
	register(api, operation(http.MethodPut, "retry-dlq", "/{dlqName}", "Retry the dead letters of a queue",
		"Moves every dead letter back to its main queue, with its body and attributes. An attribute counts how often: "+AttributeReplays+". "+
			"At most 100 of them are shown; the count is whole. One that fails again comes back. "+
			"With 503, some may have been moved; the answer says how many.", example(retriedExample())), d.answerRetry)
	register(api, operation(http.MethodPut, "retry-all-dlqs", "", "Retry all dead letters",
		"The same for every dead-letter queue, in turn.", example([]retriedDeadLetters{retriedExample()})), d.answerRetryAll)
	register(api, operation(http.MethodPut, "purge-queue", "/{queueName}", "Throw away everything on a queue",
		"Removes everything from a main or dead-letter queue, for good. SQS takes up to a minute, and removes what arrives meanwhile too; "+
			"a purge that is under way already counts as success.", example(purgedQueue{MessagesFoundCount: 3})), d.answerPurge)
	register(api, operation(http.MethodGet, "get-dlq-messages", "/{dlqName}", "Look at the dead letters of a queue",
		"Shows up to maxMessages of them, at most 100; messagesFoundCount says how many there are. "+
			"Looking receives them, which raises their receive counts, and hides them from others for that moment.",
		example(listedExample()), http.StatusBadRequest), d.answerList)
}

// operation is one on queues, with what all have in common.
func operation(method, name, parameter, summary, description string, answer *huma.Response, faults ...int) huma.Operation {
	if parameter != "" {
		faults = append(faults, http.StatusNotFound)
	}
	return huma.Operation{
		OperationID: "queue-admin-" + name, Method: method, Path: "/queue-admin/" + name + parameter, Tags: []string{"queue admin"},
		Summary:            summary,
		Description:        description + " Each call is audited. Role ROLE_PTPU_QUEUE_ADMIN.",
		Security:           []map[string][]string{{"hmpps-auth": {"ROLE_PTPU_QUEUE_ADMIN"}}},
		SkipValidateParams: true,
		Responses:          map[string]*huma.Response{"200": answer},
		Errors:             append(faults, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable),
	}
}

// register registers the operation and documents what it really answers: never
// 422.
func register[I, O any](api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, handler)
	delete(op.Responses, strconv.Itoa(http.StatusUnprocessableEntity))
}

// answer is a body that no cache keeps: it shows notices.
type answer[B any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         B
}

func answered[B any](body B) *answer[B] { return &answer[B]{CacheControl: "no-store", Body: body} }

type deadQueueQuestion struct {
	Name string `path:"dlqName" doc:"The dead-letter queue" example:"prison-events-dlq"`
}

func (d *DeadLetters) answerRetry(ctx context.Context, q *deadQueueQuestion) (*answer[retriedDeadLetters], error) {
	m, err := d.Retry(ctx, q.Name)
	if err != nil {
		return nil, d.refusal(ctx, err, "dlqName", q.Name, movedSoFar(m))
	}
	return answered(retriedAnswer(m)), nil
}

func (d *DeadLetters) answerRetryAll(ctx context.Context, _ *struct{}) (*answer[[]retriedDeadLetters], error) {
	all, err := d.RetryAll(ctx)
	if err != nil {
		return nil, d.refusal(ctx, err, "", "", movedSoFar(all...))
	}
	answers := []retriedDeadLetters{}
	for _, m := range all {
		answers = append(answers, retriedAnswer(m))
	}
	return answered(answers), nil
}

// movedSoFar tells of a retry that was not carried through.
func movedSoFar(all ...Moved) string {
	var counts []string
	for _, m := range all {
		counts = append(counts, fmt.Sprintf("%d from %s", m.Count, m.Queue))
	}
	return "Not all dead letters could be moved; moved were " + strings.Join(counts, ", ") + ". Ask again later."
}

type queueQuestion struct {
	Name string `path:"queueName" doc:"The queue, a main or a dead-letter queue" example:"prison-events-dlq"`
}

func (d *DeadLetters) answerPurge(ctx context.Context, q *queueQuestion) (*answer[purgedQueue], error) {
	n, err := d.Purge(ctx, q.Name)
	if err != nil {
		return nil, d.refusal(ctx, err, "queueName", q.Name, "The queue cannot be purged now; ask again later.")
	}
	return answered(purgedQueue{MessagesFoundCount: n}), nil
}

type listQuestion struct {
	Name string `path:"dlqName" doc:"The dead-letter queue" example:"prison-events-dlq"`
	Most string `query:"maxMessages" doc:"How many to show at most: 1 or more, of which 100 are shown. Missing is 100." example:"100" pattern:"^[0-9]+$"`
}

func (d *DeadLetters) answerList(ctx context.Context, q *listQuestion) (*answer[listedDeadLetters], error) {
	most, err := mostOf(q.Most)
	if err != nil {
		return nil, err
	}
	l, err := d.List(ctx, q.Name, most)
	if err != nil {
		return nil, d.refusal(ctx, err, "dlqName", q.Name, "The dead letters cannot be read now; ask again later.")
	}
	return answered(listedAnswer(l)), nil
}

// longestEcho is how much of a bad value is worth repeating.
const longestEcho = 64

// mostOf reads maxMessages. The error is the answer to a bad one.
func mostOf(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return MostShown, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return MostShown, nil
	case err == nil && n > 0:
		return min(int(n), MostShown), nil
	}
	return 0, huma.Error400BadRequest("maxMessages: want a whole number from 1",
		fault("query.maxMessages", "want a whole number from 1; at most 100 are shown", text))
}

// fault names what is wrong in a request, and repeats it if it is short.
func fault(location, message, value string) error {
	detail := &huma.ErrorDetail{Location: location, Message: message}
	if len(value) <= longestEcho {
		detail.Value = value
	}
	return detail
}

// refusal is the answer to what cannot be done. It tells of what is ours.
func (d *DeadLetters) refusal(ctx context.Context, err error, parameter, name, detail string) error {
	if errors.Is(err, ErrNoQueue) {
		return d.unknown(parameter, name)
	}
	if ctx.Err() == nil {
		d.Stumbled(ctx, err)
	}
	return huma.Error503ServiceUnavailable(detail)
}

// unknown is the answer to the name of a queue that is not ours, or not of the
// kind that is asked for.
func (d *DeadLetters) unknown(parameter, name string) error {
	var names []string
	for _, p := range d.pairs {
		names = append(names, p.Dead.Name())
	}
	detail := "None of ptpu's queues is called that."
	if _, err := d.queue(name); err == nil {
		detail = name + " is not a dead-letter queue."
	}
	form := "want a dead-letter queue: " + strings.Join(names, ", ")
	if parameter == "queueName" {
		form = "want one of ptpu's queues"
	}
	return huma.Error404NotFound(detail, fault("path."+parameter, form, name))
}

const bodyExample = `{"Type": "Notification", "MessageId": "5a0e6d0c-6c3f-5d8e-9f3b-0d6f0f8a1c2e", ` +
	`"Message": "{\"eventType\": \"IMPRISONMENT_STATUS-CHANGED\", \"bookingId\": \"unknown\"}"}`

func retriedExample() retriedDeadLetters {
	return retriedDeadLetters{MessagesFoundCount: 1, Messages: []deadLetter{
		{Body: json.RawMessage(bodyExample), MessageID: "0b7f9e0e-36f4-4bd9-8a6c-1f6c2d1f3a77"},
	}}
}

func listedExample() listedDeadLetters {
	const why = "malformed notice: booking id is not a whole number"
	return listedDeadLetters{MessagesFoundCount: 12, MessagesReturnedCount: 1, Messages: []listedDeadLetter{{
		Body: json.RawMessage(bodyExample), MessageID: "0b7f9e0e-36f4-4bd9-8a6c-1f6c2d1f3a77",
		Attributes:    map[string]string{AttributeWhy: why, AttributeWhen: "2026-11-21T09:05:00Z"},
		SentTimestamp: time.Date(2026, 11, 21, 9, 5, 0, 125e6, time.UTC), ReceiveCount: 2, Error: why,
	}}}
}

func example(of any) *huma.Response {
	return &huma.Response{Description: "Done", Content: map[string]*huma.MediaType{"application/json": {Example: of}}}
}
