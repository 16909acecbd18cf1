package localstack

import (
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// keepsOut reports whether the effect comes between the caller and the service.
func (e Effect) keepsOut() bool {
	switch e {
	case Answer, Hang, Reset, Garbage, Huge, Bomb, GatewayGone:
		return true
	default:
		return false
	}
}

// status is what the caller is told by an effect that keeps the call out.
func (f Fault) status() int {
	switch f.Effect {
	case Answer:
		return cmp.Or(f.Status, http.StatusInternalServerError)
	case Garbage, Huge, Bomb:
		return http.StatusOK
	case GatewayGone:
		return http.StatusNotFound
	default:
		return 0
	}
}

// instead answers in the service's place. It returns the status that left, and
// whether the connection is to be dropped.
func (w *World) instead(rw http.ResponseWriter, r *http.Request, f Fault) (status int, drop bool) {
	switch f.Effect {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-w.closed:
		}
		return 0, true
	case Reset:
		return 0, !reset(rw)
	case Huge:
		rw.Header().Set("Content-Type", "application/json")
		send(rw, http.StatusOK, f.Size)
		_, err := io.CopyN(rw, blanks{}, f.Size)
		return http.StatusOK, err != nil
	case Bomb:
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(rw)
		_, err := io.CopyN(packed, blanks{}, f.Size)
		return http.StatusOK, errors.Join(err, packed.Close()) != nil
	default: // is answered with a body of its own, below
	}
	body := f.Body
	rw.Header().Set("Content-Type", "application/json")
	switch f.Effect {
	case Garbage:
		body = "\x00\xff{]not json"
	case GatewayGone:
		rw.Header().Set("Content-Type", "text/html")
		body = "<html><body><h1>404 Not Found</h1><hr>nginx</body></html>"
	default: // the body is the fault's
	}
	for name, value := range f.Header {
		rw.Header().Set(name, value)
	}
	rw.WriteHeader(f.status())
	_, err := io.WriteString(rw, body)
	return f.status(), err != nil
}

// deliver sends the service's own answer, as far as the fault lets it.
func (w *World) deliver(rw http.ResponseWriter, r *http.Request, said answer, f Fault) (status int, drop bool) {
	if f.Effect == Lost {
		return 0, true
	}
	text := said.text()
	rw.Header().Set("Content-Type", "application/json")
	send(rw, said.status, int64(len(text)))
	switch f.Effect {
	case Truncate:
		_, _ = rw.Write(text[:len(text)/2])
		_ = http.NewResponseController(rw).Flush()
		return said.status, true
	case Drip:
		return said.status, !w.drip(rw, r, text, cmp.Or(time.Duration(f.Pace), time.Second))
	default: // nothing is spoilt on the way
	}
	_, err := rw.Write(text)
	return said.status, err != nil
}

// drip writes a byte at a time, and reports whether it came to the end.
func (w *World) drip(rw http.ResponseWriter, r *http.Request, text []byte, pace time.Duration) bool {
	for i := range text {
		if !w.pause(r, pace) {
			return false
		}
		if _, err := rw.Write(text[i : i+1]); err != nil {
			return false
		}
		if err := http.NewResponseController(rw).Flush(); err != nil {
			return false
		}
	}
	return true
}

func send(rw http.ResponseWriter, status int, length int64) {
	rw.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	rw.WriteHeader(status)
}

// reset closes the connection without the usual goodbye. It reports whether it
// could; HTTP/2 has no connection of its own to close.
func reset(rw http.ResponseWriter) bool {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return false
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return conn.Close() == nil
}

// blanks is an endless line of spaces: JSON so far, whatever its length.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
