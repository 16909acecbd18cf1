package ptpu

import "time"

// State says how far a message has come.
type State string

// The states. Imported rows may also carry NotValid.
const (
	Validated                State = "VALIDATED"
	NoMatch                  State = "NO_MATCH"
	NoMatchWithSentenceDate  State = "NO_MATCH_WITH_SENTENCE_DATE"
	TooManyMatches           State = "TOO_MANY_MATCHES"
	BookingNumberNotAssigned State = "BOOKING_NUMBER_NOT_ASSIGNED"
	LocationNotUpdated       State = "LOCATION_NOT_UPDATED"
	KeyDatesNotUpdated       State = "KEY_DATES_NOT_UPDATED"
	Completed                State = "COMPLETED"
	NoLongerValid            State = "NO_LONGER_VALID"
	Failed                   State = "ERROR"
	Superseded               State = "SUPERSEDED"
	Expired                  State = "EXPIRED"
	Dismissed                State = "DISMISSED"
	NotValid                 State = "NOT_VALID"
)

// Words that explain an outcome where its state alone does not.
const (
	// NoDates: NOMIS gives no key date at all.
	NoDates Reason = "no dates"
	// NumberAlreadyHeld: a merge's new NOMS number is already on somebody else.
	NumberAlreadyHeld Reason = "number already held"
	// Poison: work on the message ended in a crash again and again.
	Poison Reason = "poison"
)

// Outcome is what an attempt established: done, or try later, in a state.
type Outcome struct {
	State State
	// Done: the message needs no further attempt.
	Done   bool
	Reason Reason
	// DeleteBy, when set, is the instant until which the message is to be
	// tried; it moves the message's own only later.
	DeleteBy time.Time
	// Facts are what the attempt learnt on its way.
	Facts Facts
}

// Facts are what an attempt learnt from the neighbours; nil is not asked.
type Facts struct {
	Booking  *Booking
	Sentence *SentenceDetail
	Movement *Movement
	Prisoner *Prisoner
	Match    *Match
	// Merges is what became of each merged NOMS number.
	Merges []Merge
	// ConvictionUnknown: Delius knows the offender and not the booking number.
	ConvictionUnknown bool
}

// Merge is the replacement of one merged NOMS number in Delius.
type Merge struct {
	From, To OffenderNo
	// CRNs are those whose number was replaced; none when Delius knew nobody
	// by the old number, or Held when the new number is already somebody's.
	CRNs []CRN
	Held bool
}

// Completes is the outcome of an attempt that did all there was to do.
func Completes(facts Facts) Outcome {
	return Outcome{State: Completed, Done: true, Facts: facts}
}

// NoLongerMatters is the outcome for facts that have changed since validation.
func NoLongerMatters(reason Reason, facts Facts) Outcome {
	return Outcome{State: NoLongerValid, Done: true, Reason: reason, Facts: facts}
}

// Later is the outcome of a business miss that is tried again by tier.
func Later(state State, facts Facts) Outcome {
	return Outcome{State: state, Facts: facts}
}
