package ptpu

// WriteKind names one of the changes that ptpu makes in Delius.
type WriteKind string

// The kinds of write.
const (
	SetOffenderNo     WriteKind = "set-noms-number"
	ReplaceOffenderNo WriteKind = "replace-noms-number"
	SetBookNumber     WriteKind = "set-book-number"
	SetLocation       WriteKind = "set-location"
	ReplaceKeyDates   WriteKind = "replace-key-dates"
)

// Write is one change that ptpu is about to make, or has made, in Delius. The
// fields that its kind does not use are empty. It holds no personal data but
// the numbers by which a case is followed.
type Write struct {
	Kind       WriteKind  `json:"kind"`
	CRN        CRN        `json:"crn,omitempty"`        // SetOffenderNo
	OffenderNo OffenderNo `json:"offenderNo,omitempty"` // every kind; for ReplaceOffenderNo the new one
	Previous   OffenderNo `json:"previous,omitempty"`   // ReplaceOffenderNo
	BookNumber BookNumber `json:"bookNumber,omitempty"`
	// SentenceStart is the primary sentence date by which SetBookNumber finds
	// the event in Delius.
	SentenceStart Date       `json:"sentenceStart,omitzero"`
	Prison        PrisonCode `json:"prison,omitempty"`  // SetLocation
	KeyDates      KeyDates   `json:"keyDates,omitzero"` // ReplaceKeyDates
}

// ChangesIdentifier reports whether the write owes the world a domain event.
func (w Write) ChangesIdentifier() bool {
	return w.Kind == SetOffenderNo || w.Kind == ReplaceOffenderNo
}

// IdentifierChange is a prison identifier that has changed in Delius: what a
// domain event announces.
type IdentifierChange struct {
	CRN        CRN        `json:"crn"`
	OffenderNo OffenderNo `json:"offenderNo"`
	Previous   OffenderNo `json:"previous,omitempty"` // empty: added, not replaced
	BookNumber BookNumber `json:"bookNumber"`
}

// Added reports whether the person had no NOMS number of ours before.
func (c IdentifierChange) Added() bool { return c.Previous == "" }

// Change is the identifier change that a write makes for one CRN.
func (w Write) Change(crn CRN) IdentifierChange {
	return IdentifierChange{CRN: crn, OffenderNo: w.OffenderNo, Previous: w.Previous, BookNumber: w.BookNumber}
}
