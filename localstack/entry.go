package localstack

import (
	"iter"
	"maps"
	"slices"
)

// entry is one line of the journal: what became so, all at once. Bookings and
// offenders stand whole as they are after it.
type entry struct {
	Bookings   []Booking  `json:"bookings,omitempty"`
	Offenders  []Offender `json:"offenders,omitempty"`
	Faults     []Fault    `json:"faults,omitempty"` // of the seed
	Changes    []Change   `json:"changes,omitempty"`
	Writes     []Write    `json:"writes,omitempty"`
	Sent       []string   `json:"sent,omitempty"` // samples
	Generation int        `json:"generation,omitempty"`
	Reset      bool       `json:"reset,omitempty"`
}

// replay puts an entry into force. It copies what it keeps: the caller's people
// stay the caller's.
func (w *World) replay(e entry) {
	if e.Reset {
		w.changes, w.writes = nil, nil
	}
	for i := range e.Bookings {
		b := e.Bookings[i]
		w.people.putBooking(&b)
	}
	for i := range e.Offenders {
		w.people.putOffender(e.Offenders[i].clone())
	}
	w.seeded = append(w.seeded, e.Faults...)
	w.changes = append(w.changes, e.Changes...)
	w.writes = append(w.writes, e.Writes...)
	for _, name := range e.Sent {
		w.sent[name] = true
	}
	if e.Generation > 0 {
		w.keys.setGeneration(e.Generation)
	}
}

// chunk is how many records share a line of the journal when all are written, so
// that no line grows with the world.
const chunk = 100

// entries yields what begins a world of these people.
func (p People) entries() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for some := range slices.Chunk(p.Bookings, chunk) {
			if !yield(entry{Bookings: some}) {
				return
			}
		}
		for some := range slices.Chunk(p.Offenders, chunk) {
			if !yield(entry{Offenders: some}) {
				return
			}
		}
		yield(entry{Faults: p.Faults})
	}
}

// snapshot yields entries that make this world from nothing.
func (w *World) snapshot() iter.Seq[entry] {
	people := w.people.everybody()
	people.Faults = w.seeded
	return func(yield func(entry) bool) {
		for e := range people.entries() {
			if !yield(e) {
				return
			}
		}
		for some := range slices.Chunk(w.changes, chunk) {
			if !yield(entry{Changes: some}) {
				return
			}
		}
		for some := range slices.Chunk(w.writes, chunk) {
			if !yield(entry{Writes: some}) {
				return
			}
		}
		yield(entry{Sent: slices.Sorted(maps.Keys(w.sent)), Generation: w.keys.current()})
	}
}
