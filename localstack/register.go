package localstack

import (
	"maps"
	"slices"
	"strings"
)

// register holds everybody, found by each number and name. The records are never
// altered in place: whoever has one may read it without a lock.
type register struct {
	bookings   map[int64]*Booking
	inOrder    []int64            // booking ids, ascending
	byPrisoner map[string][]int64 // booking ids of an offender number, ascending

	offenders map[string]*Offender // by CRN
	byNoms    index
	byPNC     index
	byCRO     index
	bySurname index // aliases included
}

// index lists CRNs under a key, in order.
type index map[string][]string

func newRegister() register {
	return register{
		bookings:   map[int64]*Booking{},
		byPrisoner: map[string][]int64{},
		offenders:  map[string]*Offender{},
		byNoms:     index{}, byPNC: index{}, byCRO: index{}, bySurname: index{},
	}
}

func (r *register) putBooking(b *Booking) {
	if old, ok := r.bookings[b.BookingID]; ok {
		ids := r.byPrisoner[old.OffenderNo]
		r.byPrisoner[old.OffenderNo] = slices.DeleteFunc(ids, func(id int64) bool { return id == b.BookingID })
	} else {
		at, _ := slices.BinarySearch(r.inOrder, b.BookingID)
		r.inOrder = slices.Insert(r.inOrder, at, b.BookingID)
	}
	r.bookings[b.BookingID] = b
	ids := append(r.byPrisoner[b.OffenderNo], b.BookingID)
	slices.Sort(ids)
	r.byPrisoner[b.OffenderNo] = ids
}

// latestBooking is the newest stay of the prisoner, or nil.
func (r *register) latestBooking(offenderNo string) *Booking {
	ids := r.byPrisoner[offenderNo]
	if len(ids) == 0 {
		return nil
	}
	return r.bookings[ids[len(ids)-1]]
}

// bookingOf is the id of the newest stay, 0 for an unknown prisoner.
func (r *register) bookingOf(offenderNo string) int64 {
	if b := r.latestBooking(offenderNo); b != nil {
		return b.BookingID
	}
	return 0
}

func (r *register) putOffender(o *Offender) {
	if old, ok := r.offenders[o.CRN]; ok {
		for in, key := range r.keys(old) {
			in.remove(key, o.CRN)
		}
	}
	r.offenders[o.CRN] = o
	for in, key := range r.keys(o) {
		in.add(key, o.CRN)
	}
}

// keys yields each index with each key that the offender stands under.
func (r *register) keys(o *Offender) func(yield func(index, string) bool) {
	return func(yield func(index, string) bool) {
		if !yield(r.byNoms, fold(o.NomsNumber)) || !yield(r.byPNC, canonicalPNC(o.PNC)) ||
			!yield(r.byCRO, fold(o.CRO)) || !yield(r.bySurname, fold(o.Surname)) {
			return
		}
		for _, alias := range o.Aliases {
			if !yield(r.bySurname, fold(alias.Surname)) {
				return
			}
		}
	}
}

// under lists the offenders of a key, in the order of their CRNs.
func (r *register) under(in index, key string) []*Offender {
	var found []*Offender
	for _, crn := range in[key] {
		found = append(found, r.offenders[crn])
	}
	return found
}

// everybody is a copy of the register, in the order of its ids.
func (r *register) everybody() People {
	people := People{Bookings: []Booking{}, Offenders: []Offender{}}
	for _, id := range r.inOrder {
		people.Bookings = append(people.Bookings, *r.bookings[id])
	}
	for _, crn := range slices.Sorted(maps.Keys(r.offenders)) {
		people.Offenders = append(people.Offenders, *r.offenders[crn].clone())
	}
	return people
}

func (in index) add(key, crn string) {
	if key == "" {
		return
	}
	if at, found := slices.BinarySearch(in[key], crn); !found {
		in[key] = slices.Insert(in[key], at, crn)
	}
}

func (in index) remove(key, crn string) {
	at, found := slices.BinarySearch(in[key], crn)
	switch {
	case !found:
	case len(in[key]) == 1:
		delete(in, key)
	default:
		in[key] = slices.Delete(in[key], at, at+1)
	}
}

// fold brings names and numbers to one spelling: NOMIS shouts, Delius does not.
func fold(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// canonicalPNC writes the year with two digits, so that 2006/0123456X and
// 06/0123456X are one number.
func canonicalPNC(pnc string) string {
	pnc = fold(pnc)
	if year, rest, ok := strings.Cut(pnc, "/"); ok && len(year) == 4 {
		return year[2:] + "/" + rest
	}
	return pnc
}
