package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxAnswer is the most that is read of an answer, in bytes after
// decompression. The largest page of bookings is about a tenth of it.
const maxAnswer = 10 << 20

var (
	errTimeout    = errors.New("no whole answer within the deadline")
	errTooLarge   = errors.New("answer larger than 10 MB")
	errCut        = errors.New("answer cut short")
	errUnreadable = errors.New("unreadable answer")
)

// whole carries one HTTP request with a deadline that includes reading the
// answer, and hands on only answers that it holds in memory. A successful one
// is complete, and JSON or empty. Of any other the status is what counts, and it
// comes with as much of its body as there was; reading that ends with the error
// that ended it here.
type whole struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (t whole) RoundTrip(r *http.Request) (*http.Response, error) {
	// A plain context ends dialling, writing and reading alike, which a policy
	// around RoundTrip could not do better.
	ctx, cancel := context.WithTimeout(r.Context(), t.timeout)
	defer cancel()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, whyEnded(r.Context(), ctx, err)
	}
	body, err := readCapped(response.Body)
	response.Body.Close()
	if err != nil {
		err = whyEnded(r.Context(), ctx, err)
	} else if isSuccess(response.StatusCode) && len(body) > 0 && !json.Valid(body) {
		err = errUnreadable
	}
	if err != nil && (r.Context().Err() != nil || isSuccess(response.StatusCode)) {
		return nil, err
	}
	response.Body = &wholeBody{Reader: io.MultiReader(bytes.NewReader(body), failing{err}), content: body, broken: err}
	return response, nil
}

// wholeBody is a body in memory.
type wholeBody struct {
	io.Reader
	content []byte
	broken  error // what ended the reading, or nil
	// read, when set, is told on Close what its reader thought of the body.
	read      func(distrust error)
	untrusted error
}

// Close tells what the body was worth, once.
func (b *wholeBody) Close() error {
	if b.read != nil {
		b.read(b.untrusted)
		b.read = nil
	}
	return nil
}

// distrust says of a body that it was read and cannot be trusted.
func distrust(body io.ReadCloser, err error) {
	if body, ok := body.(*wholeBody); ok {
		body.untrusted = err
	}
}

// whyEnded tells the caller's own end from that of the deadline, which net/http
// words alike.
func whyEnded(caller, ours context.Context, err error) error {
	switch {
	case caller.Err() != nil:
		return caller.Err()
	case ours.Err() != nil:
		return errTimeout
	default:
		return err
	}
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// readCapped reads a body to its end, or as far as it may. What was read comes
// back with the error too.
func readCapped(body io.Reader) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case len(read) > maxAnswer:
		return read[:maxAnswer], errTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return read, errCut
	default:
		return read, err
	}
}

// failing is the end of a body that broke; of a sound one when err is nil.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}
