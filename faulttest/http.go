package faulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// errConnection is what a request meets that gets no answer.
var errConnection = errors.New("the connection broke")

// RoundTripper is the process's way to its neighbours.
func (p *Process) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return processTransport{next: next, p: p}
}

type processTransport struct {
	next http.RoundTripper
	p    *Process
}

// RoundTrip implements http.RoundTripper.
func (t processTransport) RoundTrip(r *http.Request) (response *http.Response, err error) {
	// The body is kept: what a request says is part of what it is.
	body, err := io.ReadAll(orNothing(r.Body))
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	request := r.Clone(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	call := Call{Seam: HTTP, Op: r.Method + " " + r.URL.EscapedPath(), Key: r.URL.RawQuery + " " + string(body)}
	if t.p.faults.plan.Whose != nil {
		call.Whose = t.p.faults.plan.Whose(request)
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	err = t.p.do(r.Context(), call, errConnection, func(ctx context.Context, rule Rule) error {
		response, err = t.carry(request.WithContext(ctx), rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	response.Body = watchedBody{ReadCloser: response.Body, broke: func() { t.p.failedNow(call, 0) }}
	return response, nil
}

func orNothing(body io.Reader) io.Reader {
	if body == nil {
		return http.NoBody
	}
	return body
}

func (t processTransport) carry(r *http.Request, rule Rule) (*http.Response, error) {
	switch rule.Kind {
	case Hang:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case Status:
		return answer(r, rule.Status, rule.Header, rule.Body), nil
	case Garbage:
		return answer(r, http.StatusOK, nil, "\x00\xff{]not json"), nil
	case Huge:
		response := answer(r, http.StatusOK, nil, "")
		response.Body, response.ContentLength = io.NopCloser(blanks{}), -1
		return response, nil
	default: // it is carried out
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch rule.Kind {
	case Truncated:
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:len(text)/2]), broken{}))
	case Drip:
		response.Body = io.NopCloser(&dripping{ctx: r.Context(), from: response.Body})
	default: // it comes as it is
	}
	return response, nil
}

func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: r,
	}
}

// watchedBody tells when the reading of an answer breaks off.
type watchedBody struct {
	io.ReadCloser
	broke func()
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.broke()
	}
	return n, err
}

// broken is the end of a body whose connection was dropped.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// blanks is an endless line of spaces.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// dripping gives a byte a second.
type dripping struct {
	ctx  context.Context //nolint:containedctx // A body is read in the context of its request.
	from io.Reader
}

func (d *dripping) Read(p []byte) (int, error) {
	if err := pause(d.ctx, time.Second); err != nil {
		return 0, err
	}
	return d.from.Read(p[:min(1, len(p))])
}

// InProcess carries requests to a handler without a network: each is answered in
// the goroutine that makes it. A handler that aborts breaks the connection.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if request.Host == "" {
		request.Host = r.URL.Host
	}
	recorder := httptest.NewRecorder()
	defer func() {
		if aborted := recover(); aborted != nil {
			if aborted != http.ErrAbortHandler { //nolint:errorlint // It is the very value.
				panic(aborted)
			}
			response, err = nil, errConnection
		}
	}()
	t.handler.ServeHTTP(recorder, request)
	response = recorder.Result()
	response.Request = r
	return response, nil
}
