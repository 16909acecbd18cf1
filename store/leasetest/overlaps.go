package leasetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// terms says where the accepted writes of a booking, in the order of their
// versions, do not belong to one owner after the other.
func (h *History) terms() []string {
	var faults []string
	for booking, ops := range h.things() {
		accepted := slices.DeleteFunc(ops, func(o op) bool { return o.in.Kind == look || o.out.How != done })
		slices.SortFunc(accepted, func(a, b op) int { return cmp.Compare(a.out.Version, b.out.Version) })
		fault := func(what string, earlier, later op) {
			faults = append(faults, fmt.Sprintf("booking %s: %s:\n\t%s\n\t%s", booking, what, earlier, later))
		}
		for i, later := range accepted {
			if i == 0 {
				continue
			}
			earlier := accepted[i-1]
			switch {
			case earlier.out.Version == later.out.Version:
				fault("two writes of one version", earlier, later)
			case later.in.Term < earlier.in.Term:
				fault("a write under a term that was over", earlier, later)
			case later.in.Term == earlier.in.Term && later.in.Owner != earlier.in.Owner:
				fault("one term of two owners", earlier, later)
			case later.in.Term > earlier.in.Term && later.in.Kind != take && !takenBetween(ops, earlier, later):
				fault("a write under a term that nobody took", earlier, later)
			case later.end < earlier.call:
				fault("a higher version before a lower one", earlier, later)
			}
		}
	}
	return faults
}

// takenBetween reports whether a take of the later one's term may have been done
// without its owner hearing of it.
func takenBetween(ops []op, earlier, later op) bool {
	return slices.ContainsFunc(ops, func(o op) bool {
		return o.in.Kind == take && o.out.How == open && o.in.Term == later.in.Term && o.in.Owner == later.in.Owner && o.call < later.end && o.in.Version >= earlier.in.Version
	})
}

// reliance is a time in which a worker could rely on holding: from an accepted
// write's answer until a length after its call, or until it gives back.
type reliance struct {
	op
	until time.Time
}

// overlaps says where two workers could rely on holding the same at once.
func (h *History) overlaps() []string {
	var faults []string
	for thing, ops := range h.things() {
		var all []reliance
		for i, o := range ops {
			if o.in.Kind == look || o.in.Kind == release || o.out.How != done {
				continue
			}
			r := reliance{op: o, until: o.began.Add(h.length)}
			for _, later := range ops[i+1:] {
				if later.in.Kind == release && later.in.Owner == o.in.Owner && later.in.Term == o.in.Term && later.began.Before(r.until) {
					r.until = later.began
				}
			}
			if r.ended.Before(r.until) {
				all = append(all, r)
			}
		}
		for i, a := range all {
			for _, b := range all[i+1:] {
				if a.in.Owner != b.in.Owner && a.ended.Before(b.until) && b.ended.Before(a.until) {
					faults = append(faults, fmt.Sprintf("%s: held by two at once:\n\t%s\n\t%s", thing, a.op, b.op))
				}
			}
		}
	}
	return faults
}
