package leasetest

import "github.com/anishathalye/porcupine"

// register is a claim and its message, as what is written one after the other
// makes them.
type register struct {
	owner   string
	term    int64
	held    bool
	version int64
	message int64 // version
	by      int64 // the term that the message was settled under last
}

// fits reports whether a write meets what it is conditioned on. It also finds its
// place behind an earlier write of the same hold that its worker knows nothing of.
func (r register) fits(in asked) bool {
	behind := r.version == in.Version+1 && r.held && r.owner == in.Owner && r.term == in.Term
	return (r.version == in.Version || behind) && (in.Message == 0 || in.Message == r.message)
}

func (r register) after(in asked) register {
	next := register{owner: in.Owner, term: in.Term, held: in.Held, version: r.version + 1, message: r.message, by: r.by}
	if in.Message > 0 {
		next.message, next.by = r.message+1, in.Term
	}
	return next
}

// step is what one call may do and say.
func (r register) step(in asked, out answered) (bool, register) {
	fits := r.fits(in)
	switch {
	case in.Kind == look:
		return out.Seen == r, r
	case out.How == lost:
		return !fits, r
	case out.How == done:
		return fits && out.Version == r.version+1, r.after(in)
	case fits: // open, and done now; at the end of all it is as good as never
		return true, r.after(in)
	}
	return true, r
}

// claimModel is the claim on one booking.
var claimModel = porcupine.Model{
	Init: func() any { return register{message: 1} },
	Step: func(state, in, out any) (bool, any) { return state.(register).step(in.(asked), out.(answered)) },
}

// CheckClaims says everything that is wrong with a history of claims, in two
// parts: what porcupine says, and what is seen directly.
func (h *History) CheckClaims() (order, overlaps []string) {
	return h.linearizable(claimModel), append(h.terms(), h.overlaps()...)
}
