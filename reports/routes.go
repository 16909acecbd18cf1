package reports

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Register adds the report routes to the API.
func (r *Reports) Register(api huma.API) {
	serveSheet[inProgressQuestion](r, api, operation(inProgressName,
		"What is in progress?", "The messages that are not processed yet, the oldest first, as CSV.", csvAnswer(inProgressExample)))
	serveSheet[notMatchedQuestion](r, api, operation(notMatchedName,
		"What has long found no match?", "The messages that are not processed and whose last attempt found nobody in Delius, "+
			"nobody with the sentence date, or too many, and that were first seen more than daysOld days ago; the oldest first, as CSV.", csvAnswer(inProgressExample)))
	serveSheet[processedQuestion](r, api, operation(processedName,
		"What is processed?", "The processed messages, the oldest first, as CSV. Bounds are exclusive. "+
			"Messages whose place a newer one took are left out unless asked for.", csvAnswer(processedExample)))
	register(api, operation(matchSummaryName,
		"How does matching do?", "Counts of the messages about a changed imprisonment status. "+
			"total is completed + waiting + exceeded-sla; superseded messages are not counted. Bounds are exclusive.", jsonAnswer()), r.summary)
}

// operation is a report's, with what all have in common.
func operation(name, summary, description string, answer *huma.Response) huma.Operation {
	return huma.Operation{
		OperationID: "report-" + name, Method: http.MethodGet, Path: "/report/" + name, Tags: []string{"reports"},
		Summary: summary,
		Description: description + " A pod makes two reports at a time. Each download is audited with its filters. " +
			"Role ROLE_PTPU_REPORT.",
		Security:           []map[string][]string{{"hmpps-auth": {"ROLE_PTPU_REPORT"}}},
		SkipValidateParams: true,
		Responses:          map[string]*huma.Response{"200": answer},
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
			http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}
}

// register registers the operation and documents what it really answers: never
// 422, and 429 with the time to wait.
func register[I, O any](api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, handler)
	delete(op.Responses, strconv.Itoa(http.StatusUnprocessableEntity))
	op.Responses[strconv.Itoa(http.StatusTooManyRequests)].Headers = map[string]*huma.Header{
		"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}},
	}
}

// serveSheet registers the route of a CSV report.
func serveSheet[Q question](r *Reports, api huma.API, op huma.Operation) {
	register(api, op, func(_ context.Context, q *Q) (*huma.StreamResponse, error) {
		now := time.Now()
		s, err := (*q).sheet(now)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			request, w := humago.Unwrap(c)
			if err := r.download(w, request, s, now); err != nil {
				refuse(api, c, err)
			}
		}}, nil
	})
}

type summaryAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         matchSummary
}

func (r *Reports) summary(ctx context.Context, q *summaryQuestion) (*summaryAnswer, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	s, err := r.summarise(ctx, f, time.Now())
	if err != nil {
		r.tell(ctx, err)
		status, detail, headers := refusal(err)
		return nil, huma.ErrorWithHeaders(huma.NewError(status, detail), headers)
	}
	return &summaryAnswer{CacheControl: "no-store", Body: s}, nil
}

// refusal is the answer to a question that cannot be answered now.
func refusal(err error) (status int, detail string, headers http.Header) {
	if errors.Is(err, errBusy) {
		seconds := strconv.Itoa(int(askAgain / time.Second))
		return http.StatusTooManyRequests, "Other reports are being made; ask again in " + seconds + " seconds.",
			http.Header{"Retry-After": {seconds}}
	}
	return http.StatusServiceUnavailable, "The messages cannot be read now; ask again later.", nil
}

// refuse answers instead of a stream that has not begun.
func refuse(api huma.API, c huma.Context, err error) {
	status, detail, headers := refusal(err)
	for name := range headers {
		c.SetHeader(name, headers.Get(name))
	}
	_ = huma.WriteErr(api, c, status, detail) // a caller that went away
}

const (
	inProgressExample = header +
		`"1200835","41001A","2020-12-09T15:15:50","X100001, X100002","2021-01-08T15:15:50","IMPRISONMENT_STATUS-CHANGED","SENTENCED",` +
		`"Moorland (HMP)","MDI","A1111BC","false","TOO_MANY_MATCHES"` + "\n"
	processedExample = processedHeader +
		`"1200835","41001A","2020-12-09T15:15:50","X100001","2021-01-08T16:16:00","IMPRISONMENT_STATUS-CHANGED","SENTENCED",` +
		`"Moorland (HMP)","MDI","A1111BC","2020-12-09T16:16:00.125","false","COMPLETED"` + "\n"
)

func csvAnswer(example string) *huma.Response {
	return &huma.Response{
		Description: "The report: every field quoted, what is not known empty, date-times in London's time, lines ending in a line feed. " +
			"A field that a spreadsheet would run as a formula begins with an apostrophe. The connection is cut when the report cannot be finished.",
		Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}, Example: example}},
		Headers: map[string]*huma.Header{"Content-Disposition": {
			Description: "A name for the file, with today's date", Schema: &huma.Schema{Type: huma.TypeString},
			Example: `attachment; filename="in-progress-2026-11-21.csv"`,
		}},
	}
}

func jsonAnswer() *huma.Response {
	var s matchSummary
	s.Total = 12
	s.Completed = matchSummaryDone{Total: 8, Success: 6, Rejected: 1, Expired: 1}
	s.Waiting = matchSummaryWaiting{Total: 3, New: 1, Retry: 2, Category: matchSummaryCategory{NoMatch: 2}}
	s.ExceededSLA = matchSummaryExceeded{Total: 1, Category: matchSummaryCategory{TooManyMatches: 1}}
	return &huma.Response{Description: "The counts", Content: map[string]*huma.MediaType{"application/json": {Example: s}}}
}
