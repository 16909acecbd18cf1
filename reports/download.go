package reports

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"ptpu"
)

// sendAt is how many bytes of rows are gathered before they are sent.
const sendAt = 32 << 10

// download answers with the sheet. An error comes before the first byte only: a
// report that breaks off later is cut off with its connection, without an end
// that could be taken for the report's.
func (r *Reports) download(w http.ResponseWriter, request *http.Request, s sheet, now time.Time) error {
	out := r.newSender(w, request, s.name+"-"+ptpu.DateOf(now.In(ptpu.London)).String()+".csv")
	if request.Method == http.MethodHead {
		out.begin() // nothing is read, so nothing is downloaded
		return nil
	}
	ctx := request.Context()
	end, err := r.begin(ctx, s.name, s.given)
	if err == nil {
		defer end()
		err = r.stream(ctx, out, s)
	}
	if err == nil {
		return nil
	}
	r.tell(ctx, err)
	if out.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// stream sends the rows while it reads them, the first one at once. Nothing is
// sent before a row or the end was read, so that a store which is away can still
// be answered for.
func (r *Reports) stream(ctx context.Context, out *sender, s sheet) error {
	rows := appendHeader(make([]byte, 0, sendAt+1<<10), s.selection.Processed)
	for m, err := range r.Store.Select(ctx, s.selection) {
		if err == nil {
			err = ctx.Err() // the rest of a page comes without a look at it
		}
		if err != nil {
			return fmt.Errorf("reading messages for report %s: %w", s.name, err)
		}
		if !s.shows(m) {
			continue
		}
		rows = appendRow(rows, m, s.selection.Processed)
		if out.begun && len(rows) < sendAt {
			continue
		}
		if err := out.send(rows); err != nil {
			return fmt.Errorf("sending report %s: %w", s.name, err)
		}
		rows = rows[:0]
	}
	if err := out.end(rows); err != nil {
		return fmt.Errorf("sending report %s: %w", s.name, err)
	}
	return nil
}

// sender sends one answer piece by piece.
type sender struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	filename string
	gzip     *gzip.Writer // nil: as it is
	patience time.Duration
	begun    bool
}

func (r *Reports) newSender(w http.ResponseWriter, request *http.Request, filename string) *sender {
	s := &sender{w: w, control: http.NewResponseController(w), filename: filename, patience: r.patience}
	if acceptsGzip(request.Header.Values("Accept-Encoding")) {
		// Rows resemble each other: the fastest level is small enough.
		s.gzip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // fails for an unknown level only
	}
	return s
}

func (s *sender) begin() {
	s.begun = true
	h := s.w.Header()
	h.Set("Content-Type", "text/csv")
	h.Set("Content-Disposition", `attachment; filename="`+s.filename+`"`)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	if s.gzip != nil {
		h.Set("Content-Encoding", "gzip")
	}
	s.w.WriteHeader(http.StatusOK)
}

// send sends the rows: the first ones as far as the client, later ones when
// there is enough of them. The client has to accept them within the patience.
func (s *sender) send(rows []byte) error {
	first := !s.begun
	if first {
		s.begin()
	}
	if err := supported(s.control.SetWriteDeadline(time.Now().Add(s.patience))); err != nil {
		return err
	}
	if _, err := s.body().Write(rows); err != nil {
		return err
	}
	if !first {
		return nil
	}
	if s.gzip != nil {
		if err := s.gzip.Flush(); err != nil {
			return err
		}
	}
	return supported(s.control.Flush())
}

// end sends the last rows and all that is still held back. The deadline stays
// for what the server adds, and is lifted by the server.
func (s *sender) end(rows []byte) error {
	if err := s.send(rows); err != nil {
		return err
	}
	if s.gzip != nil {
		if err := s.gzip.Close(); err != nil {
			return err
		}
	}
	return supported(s.control.Flush())
}

func (s *sender) body() io.Writer {
	if s.gzip != nil {
		return s.gzip
	}
	return s.w
}

// supported makes nothing of it that a ResponseWriter cannot do it.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
