package ptpu

import "strings"

// Reason says why a notice or a message is left alone, in the words that the
// predecessor's dashboards know. The empty Reason means that it matters.
type Reason string

// The reasons of the validation rules.
const (
	NonZeroSequence       Reason = "Non zero sequence"
	NoSentenceStartDate   Reason = "No sentence start date"
	NotActiveBooking      Reason = "Not an active booking"
	NotAtInterestedPrison Reason = "Not at an interested prison"
	MovementNotFound      Reason = "Movement not found"
	NotATransfer          Reason = "Not a transfer"
	NotAnInterestedPrison Reason = "Not an interested prison"
	NoLongerAtThisPrison  Reason = "No longer at this prison"
	NoMergedOffenders     Reason = "No merged offenders found"
	UnknownEventType      Reason = "Unknown event type"
)

// admission is the movement type that puts a prisoner under a prison's care.
const admission = "ADM"

// MergedIdentifier is the type of an identifier that was another prisoner
// record's NOMS number before the two were merged.
const MergedIdentifier = "MERGED"

// Verdict says whether a notice matters: it does unless there is a reason why
// not. Booking is what the booking said, where it was read.
type Verdict struct {
	Booking Booking
	Reason  Reason
}

// Matters reports whether the notice is to be stored.
func (v Verdict) Matters() bool { return v.Reason == "" }

// CheckSequence holds for the current imprisonment status. NOMIS numbers them
// from the newest, so that any but 0 is history.
func CheckSequence(sequence int64) Reason {
	if sequence != 0 {
		return NonZeroSequence
	}
	return ""
}

// CheckSentenced holds when the booking has a sentence that has started.
func CheckSentenced(d SentenceDetail) Reason {
	if d.SentenceStart.IsZero() {
		return NoSentenceStartDate
	}
	return ""
}

// CheckBooking holds for an active booking at an interested prison.
func CheckBooking(b Booking, prisons Prisons) Reason {
	if reason := CheckActive(b); reason != "" {
		return reason
	}
	return CheckPrison(b, prisons)
}

// CheckPrison holds for a booking at an interested prison, active or not.
func CheckPrison(b Booking, prisons Prisons) Reason {
	if !prisons.Interested(b.Agency) {
		return NotAtInterestedPrison
	}
	return ""
}

// CheckTransfer holds for an admission to an interested prison.
func CheckTransfer(m Movement, prisons Prisons) Reason {
	switch {
	case m.Type != admission || strings.TrimSpace(string(m.To)) == "":
		return NotATransfer
	case !prisons.Interested(m.To):
		return NotAnInterestedPrison
	}
	return ""
}

// CheckStillThere holds while the booking is where the movement took it. An old
// movement that arrives late must not take the person back in Delius.
func CheckStillThere(b Booking, m Movement) Reason {
	if b.Agency != m.To {
		return NoLongerAtThisPrison
	}
	return ""
}

// CheckMerged holds when the booking carries a NOMS number of a merged record.
func CheckMerged(identifiers []Identifier) Reason {
	if len(MergedNumbers(identifiers)) == 0 {
		return NoMergedOffenders
	}
	return ""
}

// MergedNumbers lists the NOMS numbers that merged records had, each once, in
// the order given. A value that is no NOMS number says nothing about Delius.
func MergedNumbers(identifiers []Identifier) []OffenderNo {
	var numbers []OffenderNo
	seen := map[OffenderNo]bool{}
	for _, identifier := range identifiers {
		number := OffenderNo(normalise(identifier.Value))
		if identifier.Type != MergedIdentifier || !number.Valid() || seen[number] {
			continue
		}
		seen[number] = true
		numbers = append(numbers, number)
	}
	return numbers
}

// CheckActive holds for an active booking. It is all that a movement asks of its
// booking: the prison is the movement's own.
func CheckActive(b Booking) Reason {
	if !b.Active {
		return NotActiveBooking
	}
	return ""
}

// normalise brings a code or number to the form that NOMIS and Delius print.
func normalise(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }
