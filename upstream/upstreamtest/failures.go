package upstreamtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ptpu"
	"ptpu/upstream"
)

// Canaries are what a body may hold of a person, and no error may repeat.
var Canaries = []string{"Canaria", "1984-02-29", "A9999XX", "X999999", "2006/0123456X"}

// answerer is one answer and the kind of failure that it must become.
type answerer struct {
	name    string
	answer  http.HandlerFunc
	want    error
	status  int  // 0: there may be one or not
	booking bool // wants NamesBookNumber
}

func answers() []answerer {
	canaries := strings.Join(Canaries, " ")
	text := fmt.Sprintf(`{"developerMessage": "offender %s not found"}`, canaries)
	numbered := fmt.Sprintf(`{"developerMessage": "conviction with bookingNumber 41001A of %s not found"}`, canaries)
	page := fmt.Sprintf(`<html><p>bookingNumber %s</p></html>`, canaries)
	const plain, html, problem = "application/json", "text/html; charset=utf-8", "application/problem+json;charset=UTF-8"

	list := []answerer{
		{name: "404 without a body", answer: Answer(404, "", ""), want: ptpu.ErrNotFound, status: 404},
		{name: "404 with JSON", answer: Answer(404, plain, text), want: ptpu.ErrNotFound, status: 404},
		{name: "404 with problem JSON", answer: Answer(404, problem, text), want: ptpu.ErrNotFound, status: 404},
		{name: "404 that names the booking number", answer: Answer(404, plain, numbered), want: ptpu.ErrNotFound, status: 404, booking: true},
		{name: "404 with half its JSON", answer: Answer(404, plain, numbered[:len(numbered)/2]), want: ptpu.ErrNotFound, status: 404, booking: true},
		{name: "404 whose JSON breaks on the way", answer: Cut(404, plain, numbered), want: ptpu.ErrNotFound, status: 404, booking: true},
		{name: "404 whose JSON breaks before it begins", answer: Cut(404, plain, ""), want: ptpu.ErrNotFound, status: 404},
		{name: "404 with a gateway's page", answer: Answer(404, html, page), want: ptpu.ErrUnavailable, status: 404},
		{name: "404 with a page that breaks on the way", answer: Cut(404, html, page), want: ptpu.ErrUnavailable, status: 404},
		{name: "404 with a page that breaks before it begins", answer: Cut(404, html, ""), want: ptpu.ErrUnavailable, status: 404},
		{name: "404 with text of no type", answer: Answer(404, "", page), want: ptpu.ErrUnavailable, status: 404},
		{name: "200 with half its JSON", answer: Answer(200, plain, `{"bookingNo": "Canaria`), want: ptpu.ErrUnavailable},
		{name: "200 whose JSON breaks on the way", answer: Cut(200, plain, text), want: ptpu.ErrUnavailable},
		{name: "200 with a page", answer: Answer(200, html, page), want: ptpu.ErrUnavailable},
		{name: "no answer", answer: Break, want: ptpu.ErrUnavailable},
	}
	kinds := map[error][]int{
		ptpu.ErrConflict:    {409},
		ptpu.ErrDenied:      {401, 403},
		ptpu.ErrRefused:     {400, 402, 405, 406, 410, 411, 413, 414, 415, 418, 422, 451, 499},
		ptpu.ErrUnavailable: {204, 300, 301, 302, 303, 304, 307, 308, 408, 429, 500, 501, 502, 503, 504, 520, 599},
	}
	for want, statuses := range kinds {
		for _, status := range statuses {
			body := text
			if status == 204 || status == 304 {
				body = ""
			}
			list = append(list, answerer{name: fmt.Sprint(status), answer: Answer(status, plain, body), want: want, status: status})
		}
	}
	return list
}

// Failures gives the call every answer that is not the one hoped for, one at a
// time, and wants the failure that each must become. The API's http.Client is
// one of net/http's own, without upstream's pauses and repeats.
func Failures(t *testing.T, call func(context.Context, upstream.API) error) {
	t.Helper()
	for _, c := range answers() {
		t.Run(c.name, func(t *testing.T) {
			api := Serve(t, c.answer).API(t, upstream.Config{}, "")
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			api.HTTP = &http.Client{Transport: transport, CheckRedirect: api.HTTP.CheckRedirect}
			err := call(t.Context(), api)
			var failure *ptpu.CallError
			if !errors.As(err, &failure) {
				t.Fatalf("got error %v, want a *ptpu.CallError", err)
			}
			if !errors.Is(err, c.want) || c.status != 0 && failure.Status != c.status {
				t.Errorf("got %v, want %v with status %d", err, c.want, c.status)
			}
			if failure.NamesBookNumber != c.booking {
				t.Errorf("NamesBookNumber = %v, want %v", failure.NamesBookNumber, c.booking)
			}
			wantNoCanary(t, err)
		})
	}
}

func wantNoCanary(t *testing.T, err error) {
	t.Helper()
	for _, canary := range Canaries {
		if strings.Contains(err.Error(), canary) {
			t.Errorf("error %q shows %q", err, canary)
		}
	}
}
