package ledgertest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// field is one thing that Delius holds about a booking.
type field struct{ booking, name string }

// fact is what NOMIS says of a field from an instant on.
type fact struct {
	value string
	from  time.Time
}

// The fields, named as the simulated Delius names them. Key dates are
// "keyDates." and the name.
const (
	NOMSNumber    = "nomsNumber"
	BookingNumber = "bookingNumber"
	Institution   = "institution"
)

// KeyDates are the names of the key dates that come from prison.
var KeyDates = []string{
	"conditionalReleaseDate", "sentenceExpiryDate", "paroleEligibilityDate", "licenceExpiryDate", "expectedReleaseDate",
	"hdcEligibilityDate", "postSentenceSupervisionEndDate",
}

// Fact tells what NOMIS says from now on, as Delius should hold it. Empty is
// none. A value that is the same as before is no new fact.
func (l *Ledger) Fact(booking, name, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := field{booking, name}
	if all := l.facts[f]; len(all) > 0 && all[len(all)-1].value == value {
		return
	}
	l.facts[f] = append(l.facts[f], fact{value: value, from: time.Now()})
}

// write is one write to Delius that reached it.
type write struct {
	at                     time.Time
	process, booking, what string
	message                string // empty: of no attempt, but to finish an open write
	status                 int
	// noms is the number that a write sets, crn whose; empty: whose it was before.
	crn, noms string
}

// RoundTripper watches what a process writes to Delius. It stands below the
// faults: what it sees arrives.
func (l *Ledger) RoundTripper(process string, next http.RoundTripper) http.RoundTripper {
	return watchedTransport{next: next, ledger: l, process: process}
}

type watchedTransport struct {
	next    http.RoundTripper
	ledger  *Ledger
	process string
}

// RoundTrip implements http.RoundTripper.
func (t watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	path := r.URL.Path
	at := strings.Index(path, "/secure/offenders/")
	if r.Method == http.MethodGet || at < 0 {
		return t.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	request := r.Clone(r.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	booking := t.ledger.cfg.Whose(request)
	request.Body = io.NopCloser(bytes.NewReader(body))
	t.ledger.arrives(t.process, booking, request)
	response, err := t.next.RoundTrip(request)
	if err == nil {
		t.ledger.carriedOut(t.process, booking, request, strings.Split(path[at+len("/secure/offenders/"):], "/"), body, response.StatusCode)
	}
	return response, err
}

// arrives holds a write to I3 and I8 as it reaches Delius.
func (l *Ledger) arrives(process, booking string, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	m, known := l.traces[traceOf(r)]
	if !l.holds(process, booking) {
		l.broken("I3", booking, m.id, "%s writes %s and does not hold the claim", process, r.URL.Path)
	}
	switch {
	case known && !m.open():
		l.broken("I3", booking, m.id, "%s writes %s for it although it was processed at %s", process, r.URL.Path, m.processed)
	case known && now.After(m.deleteBy):
		l.broken("I8", booking, m.id, "%s writes %s for it after its delete-by, %s", process, r.URL.Path, m.deleteBy)
	case !known && !l.mayFinish(booking, now):
		l.broken("I8", booking, "", "%s writes %s for no message, and with no open write that it could finish", process, r.URL.Path)
	}
}

// mayFinish reports whether an open write of the booking may still be sent.
func (l *Ledger) mayFinish(booking string, now time.Time) bool {
	for key, r := range l.rows {
		if key.Partition == booking && kindOf(key) == "unfinished" && now.Before(attributes(r.item.Attributes).instant("until")) {
			return true
		}
	}
	// It stands in the intents of a claim that was taken over, until it is written
	// down in the same transaction as the claim.
	return false
}

func traceOf(r *http.Request) string {
	parts := strings.Split(r.Header.Get("traceparent"), "-")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}

// carriedOut takes a write into the account once Delius has decided about it.
func (l *Ledger) carriedOut(process, booking string, r *http.Request, path []string, body []byte, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.traces[traceOf(r)]
	w := write{at: time.Now(), process: process, booking: booking, what: r.Method + " " + r.URL.Path, message: m.id, status: status}
	var said map[string]*string
	if err := json.Unmarshal(body, &said); err != nil {
		l.broken("I2", booking, m.id, "%s is sent a body that is no object of texts", w.what)
	}
	values := valuesOf(path, said)
	if noms, ok := values[NOMSNumber]; ok {
		w.noms = noms
		if path[0] == "crn" {
			w.crn = path[1]
		}
	}
	l.writes = append(l.writes, w)
	if status != http.StatusOK {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		l.written(w, name, values[name])
	}
}

// valuesOf is what a write makes of each field.
func valuesOf(path []string, said map[string]*string) map[string]string {
	text := func(name string) string {
		if said[name] == nil {
			return ""
		}
		return *said[name]
	}
	values := map[string]string{}
	switch {
	case len(path) == 3 && path[2] == "nomsNumber":
		values[NOMSNumber] = text("nomsNumber")
	case len(path) == 4 && path[3] == "bookingNumber":
		values[BookingNumber] = text("bookingNumber")
	case len(path) == 5 && path[3] == "bookingNumber":
		values[Institution] = text("nomsPrisonInstitutionCode")
	case len(path) == 6 && path[5] == "keyDates":
		for _, name := range KeyDates {
			values["keyDates."+name] = text(name)
		}
	}
	return values
}

// written holds a value that Delius has taken to I2: it is a fact, and none
// older than one that it was given before.
func (l *Ledger) written(w write, name, value string) {
	f := field{w.booking, name}
	which := -1
	for i, known := range l.facts[f] {
		if known.value == value {
			which = i
		}
	}
	switch newest, ok := l.newest[f]; {
	case which < 0:
		l.broken("I2", w.booking, w.message, "%s is set to %q, which was never so", name, value)
	case ok && which < newest:
		l.broken("I2", w.booking, w.message, "%s is set back to %q of %s, after %q of %s", name,
			value, l.facts[f][which].from.UTC().Format(time.RFC3339), l.facts[f][newest].value, l.facts[f][newest].from.UTC().Format(time.RFC3339))
	default:
		l.newest[f] = which
	}
}

// Newest holds that Delius ends as the newest facts say (I2). held is what it
// holds of each booking that must be in step by now, by the fields' names.
func (l *Ledger) Newest(held map[string]map[string]string) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	for _, booking := range slices.Sorted(maps.Keys(held)) {
		for f, all := range l.facts {
			if f.booking != booking || len(all) == 0 {
				continue
			}
			want := all[len(all)-1]
			if got := held[booking][f.name]; got != want.value {
				l.broken("I2", booking, "", "Delius ends with %s %q; NOMIS says %q since %s", f.name, got, want.value,
					want.from.UTC().Format(time.RFC3339))
			}
		}
	}
	return slices.Clone(l.violations[from:])
}

// Repeats holds that an effect is written again only where a fault struck (I2).
// It returns how many writes there were, and how many of them were extra.
func (l *Ledger) Repeats() (writes, extra int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	type effect struct{ booking, message, what string }
	times := map[effect]int{}
	for _, w := range l.writes {
		times[effect{w.booking, w.message, w.what}]++
	}
	for e, n := range times {
		more := n - l.orderly[e.message]
		if more <= 0 {
			continue
		}
		extra += more
		if faults := l.cfg.Faults(e.booking); more > faults {
			l.broken("I2", e.booking, e.message, "%s was sent %d times in %d attempts with %d faults", e.what, n, l.orderly[e.message], faults)
		}
	}
	return len(l.writes), extra
}
