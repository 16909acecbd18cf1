package upstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/communityapi"
	"ptpu/matcher"
	"ptpu/offendersearch"
	"ptpu/prisonapi"
	"ptpu/processor"
	"ptpu/upstream"
)

// testdata/classes.tsv says of every answer and failure, for every call, what
// it means for the message, and for the circuit of the API that gave it. What a
// business answer is only the rules can tell, so each call is made as the rules
// make it: an attempt that ends without an error has met a business answer.

const (
	business      = "business answer"
	refusedWholly = "refused wholly"
	refusedHere   = "refused here"
	transient     = "transient"
)

func classOf(err error) string {
	if err == nil {
		return business
	}
	return map[ptpu.Class]string{
		ptpu.Transient: transient, ptpu.DeniedWholly: refusedWholly, ptpu.RefusedHere: refusedHere,
	}[ptpu.ClassOf(err)]
}

// column is one call: its path in the tests' world, and an attempt that makes it.
type column struct {
	path    string
	attempt func(context.Context, *rules) error
}

var columns = map[string]column{
	"GET /api/bookings/{bookingId}":                                 {"/api/bookings/1300101", process(ptpu.SentenceDatesChanged)},
	"GET /api/bookings/{bookingId}/sentenceDetail":                  {"/api/bookings/1300101/sentenceDetail", process(ptpu.SentenceDatesChanged)},
	"GET /api/offender-sentences/booking/{bookingId}/sentenceTerms": {"/api/offender-sentences/booking/1300101/sentenceTerms", process(ptpu.ImprisonmentStatusChanged)},
	"GET /api/bookings/{bookingId}/movement/{movementSeq}":          {"/api/bookings/1300101/movement/3", process(ptpu.ExternalMovementInserted)},
	"GET /api/prisoners":                                            {"/api/prisoners", process(ptpu.ImprisonmentStatusChanged)},
	"GET /api/bookings/{bookingId}/identifiers":                     {"/api/bookings/1300101/identifiers", process(ptpu.BookingNumberChanged)},
	"POST /match": {"/match", process(ptpu.ImprisonmentStatusChanged)},
	"GET /secure/offenders/crn/{crn}/convictions":                                                   {"/secure/offenders/crn/X100001/convictions", process(ptpu.ImprisonmentStatusChanged)},
	"PUT /secure/offenders/crn/{crn}/nomsNumber":                                                    {"/secure/offenders/crn/X100001/nomsNumber", process(ptpu.ImprisonmentStatusChanged)},
	"PUT /secure/offenders/nomsNumber/{nomsNumber}/nomsNumber":                                      {"/secure/offenders/nomsNumber/A9999BC/nomsNumber", process(ptpu.BookingNumberChanged)},
	"PUT /secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber":                           {"/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber", process(ptpu.ImprisonmentStatusChanged)},
	"PUT /secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}":           {"/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A", process(ptpu.ImprisonmentStatusChanged)},
	"POST /secure/offenders/nomsNumber/{nomsNumber}/bookingNumber/{bookingNumber}/custody/keyDates": {"/secure/offenders/nomsNumber/A1111BC/bookingNumber/41001A/custody/keyDates", process(ptpu.ImprisonmentStatusChanged)},
	"GET /secure/offenders/crn/{crn}":                                                               {"/secure/offenders/crn/X100001", finish(ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: "A1111BC"})},
	"GET /secure/offenders/nomsNumber/{nomsNumber}":                                                 {"/secure/offenders/nomsNumber/A9999BC", finish(ptpu.Write{Kind: ptpu.ReplaceOffenderNo, Previous: "A9999BC", OffenderNo: "A1111BC"})},
	"GET /secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}":           {"/secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A", look},
}

func process(event ptpu.EventType) func(context.Context, *rules) error {
	return func(ctx context.Context, r *rules) error {
		_, err := r.Process(ctx, ptpu.Message{ID: "m1", BookingID: 1300101, EventType: event, MovementSeq: 3}, trail{})
		return err
	}
}

func finish(w ptpu.Write) func(context.Context, *rules) error {
	return func(ctx context.Context, r *rules) error {
		_, err := r.Finish(ctx, w, false)
		return err
	}
}

// look has no rule behind it: nothing is a business answer but the custody.
func look(ctx context.Context, r *rules) error {
	_, err := r.community.Custody(ctx, "A1111BC", "41001A")
	return err
}

// good are the answers of a day on which every attempt makes all of its calls.
var good = map[string]string{
	"GET /api/bookings/1300101":                                                       `{"bookingNo": "41001A", "offenderNo": "A1111BC", "activeFlag": true, "agencyId": "MDI", "firstName": "OAKLEY", "lastName": "FENWICK"}`,
	"GET /api/bookings/1300101/sentenceDetail":                                        `{"sentenceStartDate": "2026-02-11", "sentenceExpiryDate": "2031-09-10"}`,
	"GET /api/offender-sentences/booking/1300101/sentenceTerms":                       `[{"startDate": "2026-02-11"}]`,
	"GET /api/bookings/1300101/movement/3":                                            `{"movementType": "ADM", "toAgency": "MDI"}`,
	"GET /api/prisoners":                                                              `[{"offenderNo": "A1111BC"}]`,
	"GET /api/bookings/1300101/identifiers":                                           `[{"type": "MERGED", "value": "A9999BC"}]`,
	"POST /match":                                                                     `{"matches": [{"offender": {"otherIds": {"crn": "X100001"}}}], "matchedBy": "NAME"}`,
	"GET /secure/offenders/crn/X100001/convictions":                                   `[{"active": true, "sentence": {"startDate": "2026-02-11"}, "custody": {}}]`,
	"GET /secure/offenders/crn/X100001":                                               `{"otherIds": {"crn": "X100001"}}`,
	"GET /secure/offenders/nomsNumber/A9999BC":                                        `{"otherIds": {"crn": "X100004"}}`,
	"GET /secure/offenders/nomsNumber/A1111BC":                                        `{"otherIds": {"crn": "X100001"}}`,
	"GET /secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A":           `{}`,
	"PUT /secure/offenders/crn/X100001/nomsNumber":                                    `{}`,
	"PUT /secure/offenders/nomsNumber/A9999BC/nomsNumber":                             `[{"crn": "X100004"}]`,
	"PUT /secure/offenders/nomsNumber/A1111BC/custody/bookingNumber":                  `{}`,
	"PUT /secure/offenders/nomsNumber/A1111BC/custody/bookingNumber/41001A":           `{}`,
	"POST /secure/offenders/nomsNumber/A1111BC/bookingNumber/41001A/custody/keyDates": `{}`,
	"POST /oauth/token":                                                               `{"access_token": "token-1", "token_type": "bearer", "expires_in": 3600}`,
}

const (
	plain = "application/json"
	page  = "text/html;charset=utf-8"
	text  = `{"developerMessage": "offender not found"}`
)

// given are the rows of the table whose name is not simply a status. An answer
// is given what the good day would have answered.
var given = map[string]func(good string) answer{
	"200":                    func(good string) answer { return body(200, good) },
	"200 of another shape":   func(string) answer { return body(200, `"UP"`) },
	"200 without a body":     func(string) answer { return body(200, "") },
	"200 with a page":        func(string) answer { return typed(200, page, "<html>Back soon</html>") },
	"200 with half its JSON": func(good string) answer { return body(200, good[:len(good)/2]) },
	"200 that breaks on the way": func(good string) answer {
		return typed(200, plain, good, brokenBody{})
	},
	"200 that falls silent": func(good string) answer { return hangs(good) },
	"200 byte by byte":      func(good string) answer { return drips(good) },
	"200 larger than 10 MB": func(string) answer { return typed(200, plain, "", blanks{}) },
	"401 until the token is new": func(good string) answer {
		return func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "Bearer token-1" {
				return status(401)(r)
			}
			return body(200, good)(r)
		}
	},
	"404 with JSON":                    func(string) answer { return typed(404, plain, text) },
	"404 with half its JSON":           func(string) answer { return typed(404, plain, text[:10]) },
	"404 whose JSON breaks on the way": func(string) answer { return typed(404, plain, text, brokenBody{}) },
	"404 without a body":               func(string) answer { return typed(404, "", "") },
	"404 with a page":                  func(string) answer { return typed(404, page, "<html>No such host</html>") },
	"404 whose page breaks on the way": func(string) answer { return typed(404, page, "", brokenBody{}) },
	"404 with text of no type":         func(string) answer { return typed(404, "", "no route") },
	"429 with Retry-After":             func(string) answer { return status(429, "Retry-After", "30") },
	"503 with Retry-After":             func(string) answer { return status(503, "Retry-After", "30") },
	"silence":                          func(string) answer { return silent },
	"no host of that name": func(string) answer {
		return broken(&net.DNSError{Err: "no such host", Name: "neighbour", IsNotFound: true})
	},
	"nobody listens":                 func(string) answer { return broken(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}) },
	"a reset":                        func(string) answer { return broken(&net.OpError{Op: "read", Err: syscall.ECONNRESET}) },
	"the connection ends":            func(string) answer { return broken(io.EOF) },
	"a certificate of somebody else": func(string) answer { return broken(&tls.CertificateVerificationError{Err: errors.New("another host")}) },
	"no HTTP":                        func(string) answer { return broken(errors.New("malformed HTTP response")) },
	"the caller's end":               func(string) answer { return leave },
}

// answerOf is the answer of a row.
func answerOf(t *testing.T, row, good string) answer {
	t.Helper()
	if special, ok := given[row]; ok {
		return special(good)
	}
	code, err := strconv.Atoi(row)
	if err != nil {
		t.Fatalf("the table has a row %q that no test knows", row)
	}
	return typed(code, plain, text)
}

// typed answers with the content, and what comes after it.
func typed(code int, contentType, content string, then ...io.Reader) answer {
	return func(r *http.Request) (*http.Response, error) {
		response, err := status(code)(r)
		response.Body = io.NopCloser(io.MultiReader(append([]io.Reader{strings.NewReader(content)}, then...)...))
		if contentType != "" {
			response.Header.Set("Content-Type", contentType)
		}
		return response, err
	}
}

func hangs(content string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return typed(200, plain, content, hanging{r.Context()})(r)
	}
}

func drips(content string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return typed(200, plain, content, dripping{r.Context()})(r)
	}
}

// dripping is a body of which a byte comes each second, without end.
type dripping struct{ ctx context.Context } //nolint:containedctx // it drips as long as its request

func (d dripping) Read(to []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		to[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// blanks is a body without end.
type blanks struct{}

func (blanks) Read(to []byte) (int, error) {
	for i := range to {
		to[i] = ' '
	}
	return len(to), nil
}

type leaver struct{}

// leave has the caller go while its request is under way.
func leave(r *http.Request) (*http.Response, error) {
	r.Context().Value(leaver{}).(context.CancelFunc)()
	return silent(r)
}

// day answers as on a good day, but one call otherwise.
type day struct {
	call  string
	other answer
}

func (d day) RoundTrip(r *http.Request) (*http.Response, error) {
	call := r.Method + " " + r.URL.Path
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	if call == d.call {
		return d.other(r)
	}
	content, ok := good[call]
	if !ok {
		return nil, fmt.Errorf("nobody knows %s", call)
	}
	return body(200, content)(r)
}

// rules are the rules, with the real clients below them.
type rules struct {
	*processor.Processor
	community *communityapi.Client
	circuit   *upstream.Circuit // of all three, to see what it makes of the call
	auth      *upstream.Circuit
}

func newRules(t *testing.T, d day) *rules {
	t.Helper()
	r := &rules{circuit: newCircuit(t, "the API", 5), auth: newCircuit(t, "hmpps-auth", 1)}
	tokens, second := 0, d
	if d.call != "POST /oauth/token" { // a new one each time
		second.call = "POST /oauth/token"
		second.other = func(r *http.Request) (*http.Response, error) {
			tokens++
			return grant(fmt.Sprint("token-", tokens), 3600)(r)
		}
	}
	config := upstream.Config{
		Base: d, Safe: offendersearch.Safe, Circuit: r.circuit,
		Tokens: newTokens(t, upstream.TokenConfig{
			Base: second, Circuit: r.auth, URL: &url.URL{Scheme: "https", Host: "example.org", Path: "/oauth/token"},
		}),
	}
	api := upstream.API{Name: "the API", Base: &url.URL{Scheme: "https", Host: "example.org"}, HTTP: newClient(t, config)}
	r.community = communityapi.New(api)
	matching, err := matcher.New(offendersearch.New(api), r.community)
	if err != nil {
		t.Fatal(err)
	}
	r.Processor, err = processor.New(prisonapi.New(api), r.community, matching, ptpu.NewPrisons())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newCircuit(t *testing.T, name string, enough int) *upstream.Circuit {
	t.Helper()
	circuit, err := upstream.NewCircuit(upstream.CircuitConfig{
		Name: name, Version: "1.2.3", Base: &url.URL{Scheme: "https", Host: "example.org"}, Enough: enough,
	})
	if err != nil {
		t.Fatal(err)
	}
	return circuit
}

// trail lets every write be sent.
type trail struct{}

func (trail) Learned(ptpu.Step)                           {}
func (trail) Intend(context.Context, ...ptpu.Write) error { return nil }
func (trail) Write(ctx context.Context, _ ptpu.Write, send func(context.Context) ([]ptpu.CRN, error)) error {
	_, err := send(ctx)
	return err
}

func TestEveryAnswerToEveryCallHasItsClass(t *testing.T) {
	head, rows := readClasses(t)
	for i, call := range head {
		column, ok := columns[call]
		if !ok {
			continue // of the other two tests
		}
		method, _, _ := strings.Cut(call, " ")
		made := method + " " + column.path
		for _, row := range rows {
			t.Run(call+"/"+row[0], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					asked := 0
					answer := answerOf(t, row[0], good[made])
					r := newRules(t, day{made, func(r *http.Request) (*http.Response, error) {
						asked++
						return answer(r)
					}})
					err := column.attempt(context.WithValue(ctx, leaver{}, cancel), r)
					if got := classOf(err); got != row[i] {
						t.Errorf("got %s for error %v, want %s", got, err, row[i])
					}
					if asked == 0 {
						t.Error("the call was not made")
					}
				})
			})
		}
	}
}

func TestEveryAnswerToATokenRequestHasItsClass(t *testing.T) {
	head, rows := readClasses(t)
	class, effect := slices.Index(head, "POST /oauth/token"), slices.Index(head, "circuit of hmpps-auth")
	for _, row := range rows {
		if row[class] == "-" {
			continue
		}
		t.Run(row[0], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const call = "POST /oauth/token"
				r := newRules(t, day{call, answerOf(t, row[0], good[call])})
				err := process(ptpu.ImprisonmentStatusChanged)(t.Context(), r)
				if got := classOf(err); got != row[class] {
					t.Errorf("got %s for error %v, want %s", got, err, row[class])
				}
				want := map[string]upstream.State{"success": upstream.Closed, "failure": upstream.Open, "opens": upstream.Open, "pauses": upstream.Open}
				if got := r.auth.State(); got != want[row[effect]] {
					t.Errorf("the circuit is %s, want it to take the answer for: %s", got, row[effect])
				}
				if got := r.circuit.State(); got != upstream.Closed {
					t.Errorf("the circuit of the API is %s for what hmpps-auth did", got)
				}
			})
		})
	}
}

// Told by a read: the answer to a write may be of any shape.
func TestEveryAnswerHasItsEffectOnTheCircuit(t *testing.T) {
	head, rows := readClasses(t)
	effect := slices.Index(head, "circuit")
	for _, row := range rows {
		t.Run(row[0], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := newTokens(t, upstream.TokenConfig{Base: &told{answers: []answer{grant("token-1", 3600), grant("token-2", 3600)}}})
				p := protect(t, &service{}, upstream.CircuitConfig{}, upstream.Config{Tokens: tokens})
				p.now(up, answerOf(t, row[0], good["GET /api/bookings/1300101"]))
				once := func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					// A write, so that nothing is repeated, which is read like a booking.
					_ = p.api.Call(context.WithValue(ctx, leaver{}, cancel), write, new(booking))
				}
				fail := func(n int) {
					p.now(up, down)
					for range n {
						_ = p.write(t.Context())
					}
				}
				once()
				switch first := p.told(); row[effect] {
				case "opens":
					if len(first) != 1 || first[0].state != upstream.Open || !errors.Is(first[0].why, ptpu.ErrDenied) {
						t.Errorf("told %v after one, want an opening for denied credentials", first)
					}
				case "pauses":
					if len(first) != 1 || first[0].state != upstream.Open || !strings.Contains(first[0].why.Error(), "left alone for 30s") {
						t.Errorf("told %v after one, want an opening for half a minute", first)
					}
				case "failure":
					fail(3)
					p.want(t, upstream.Closed, false)
					fail(1)
					p.want(t, upstream.Open, true)
				case "success":
					for range 4 {
						once()
					}
					fail(4) // of nine
					p.want(t, upstream.Closed, false)
					fail(1)
					p.want(t, upstream.Open, true)
				case "nothing":
					for range 20 {
						once()
					}
					fail(4)
					p.want(t, upstream.Closed, false)
					fail(1)
					p.want(t, upstream.Open, true)
				default:
					t.Errorf("the table has an effect %q that no test knows", row[effect])
				}
			})
		})
	}
}

// booking is what cannot do without its number.
type booking struct {
	BookingNo string `json:"bookingNo"`
}

func (b *booking) Missing() string {
	if b.BookingNo == "" {
		return "bookingNo"
	}
	return ""
}

func TestTheTableOfClassesIsWhole(t *testing.T) {
	head, rows := readClasses(t)
	for call := range columns {
		if !slices.Contains(head, call) {
			t.Errorf("the table has no column %s", call)
		}
	}
	if len(head) != len(columns)+4 {
		t.Errorf("the table has %d columns, want a name, an effect for either circuit, a request for a token and %d calls", len(head), len(columns))
	}
	var names []string
	for _, row := range rows {
		if len(row) != len(head) {
			t.Errorf("row %q has %d cells, want %d", row[0], len(row), len(head))
		}
		names = append(names, row[0])
	}
	for name := range given {
		if !slices.Contains(names, name) {
			t.Errorf("the table has no row %q", name)
		}
	}
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("the table has a row twice: %q", names)
	}
}

func readClasses(t *testing.T) (head []string, rows [][]string) {
	t.Helper()
	content, err := os.ReadFile("testdata/classes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows[0], rows[1:]
}
