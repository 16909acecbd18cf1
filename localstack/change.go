package localstack

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Change is one field of one person in Delius that a call made another.
type Change struct {
	At         time.Time `json:"at"`
	CRN        string    `json:"crn"`
	NomsNumber string    `json:"nomsNumber"` // after the change; before it when that took the number away
	// BookingID is the newest booking of that number in NOMIS, 0 for none.
	BookingID int64 `json:"bookingId"`
	// Field is nomsNumber, bookingNumber, institution, or keyDates. and a name.
	Field string `json:"field"`
	From  string `json:"from"` // empty: there was none
	To    string `json:"to"`   // empty: there is none now
}

// Write is one write call to Delius, whatever came of it.
type Write struct {
	At         time.Time `json:"at"`
	Method     string    `json:"method"`
	Route      string    `json:"route"`
	Path       string    `json:"path"`
	CRN        string    `json:"crn,omitempty"` // when the path names one
	NomsNumber string    `json:"nomsNumber"`
	BookingID  int64     `json:"bookingId"` // as for a Change
	// Status is what Delius decided, whether or not the answer arrived; what
	// the fault answered when Delius was never asked, 0 for silence.
	Status  int    `json:"status"`
	Changed bool   `json:"changed"`
	Effect  Effect `json:"effect,omitempty"` // of the fault that struck
	// Traceparent ties the call to the work that made it.
	Traceparent string `json:"traceparent,omitempty"`
}

// changes compares a person before and after a write.
func (r *register) changes(before, after *Offender, at time.Time) []Change {
	noms := after.NomsNumber
	if noms == "" {
		noms = before.NomsNumber
	}
	var list []Change
	add := func(field, from, to string) {
		if from != to {
			list = append(list, Change{
				At: at, CRN: after.CRN, NomsNumber: noms, BookingID: r.bookingOf(noms), Field: field, From: from, To: to,
			})
		}
	}
	add("nomsNumber", before.NomsNumber, after.NomsNumber)
	for i := range after.Events {
		// A write alters events; it never adds, drops or reorders them.
		was, is := before.Events[i].Custody, after.Events[i].Custody
		if is == nil {
			continue
		}
		add("bookingNumber", was.BookingNumber, is.BookingNumber)
		add("institution", was.Institution, is.Institution)
		for _, name := range managedKeyDates {
			add("keyDates."+name, string(was.KeyDates[name]), string(is.KeyDates[name]))
		}
	}
	return list
}

// writeOf begins the record of a write call.
func (r *register) writeOf(c *call, at time.Time) Write {
	noms := c.noms()
	crn := fold(c.PathValue("crn"))
	if o := r.offenders[crn]; o != nil && noms == "" {
		noms = o.NomsNumber
	}
	return Write{
		At: at, Method: c.Method, Route: c.route.template, Path: c.path(), CRN: crn,
		NomsNumber: noms, BookingID: r.bookingOf(noms), Traceparent: c.Header.Get("traceparent"),
	}
}

// noms is the NOMS number that a write is for: the new one when it gives one.
func (c *call) noms() string {
	var body struct {
		NomsNumber string `json:"nomsNumber"`
	}
	_ = json.Unmarshal(c.body, &body) // A body that says nothing leaves the path's.
	if body.NomsNumber != "" {
		return fold(body.NomsNumber)
	}
	return fold(c.PathValue("nomsNumber"))
}

// writesTo lists the numbers of those whose record the call writes, each once.
func (c *call) writesTo() []string {
	if c.route.write == nil {
		return nil
	}
	numbers := map[string]bool{c.noms(): true, fold(c.PathValue("crn")): true, fold(c.PathValue("nomsNumber")): true}
	delete(numbers, "")
	return slices.Collect(maps.Keys(numbers))
}
