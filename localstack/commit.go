package localstack

import (
	"errors"
	"net/http"
	"time"
)

// carryOut lets a route decide a write, and keeps what it changed together with
// the record of the call.
func (w *World) carryOut(c *call, effect Effect) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := &edit{people: &w.people, several: w.cfg.SeveralCustodialEvents}
	said := c.route.write(e, c)
	now := time.Now().UTC()
	kept := entry{}
	for _, after := range e.after {
		kept.Offenders = append(kept.Offenders, *after)
		kept.Changes = append(kept.Changes, w.people.changes(w.people.offenders[after.CRN], after, now)...)
	}
	record := w.people.writeOf(c, now)
	record.Status, record.Changed, record.Effect = said.status, len(kept.Changes) > 0, effect
	kept.Writes = []Write{record}
	if err := w.keep(kept); err != nil {
		return deliusProblem(http.StatusInternalServerError, "%v", err)
	}
	said.changed = record.Changed
	return said
}

// refuse records a write that was not carried out.
func (w *World) refuse(c *call, status int, effect Effect) {
	if c.route.write == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	record := w.people.writeOf(c, time.Now().UTC())
	record.Status, record.Effect = status, effect
	// A call that changes nothing is worth no failure of the journal.
	_ = w.keep(entry{Writes: []Write{record}})
}

var errClosed = errors.New("the world is closed")

// keep puts an entry into the journal and then into force. The caller holds mu.
func (w *World) keep(e entry) error {
	select {
	case <-w.closed:
		return errClosed
	default:
	}
	if w.journal != nil {
		if err := w.journal.append(e); err != nil {
			return err
		}
	}
	w.replay(e)
	return nil
}
