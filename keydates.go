package ptpu

import "cmp"

// KeyDates are the seven dates that ptpu manages in Delius. Delius deletes each
// one that is not sent, so that a zero Date means "delete".
type KeyDates struct {
	ConditionalRelease         Date `json:"conditionalReleaseDate,omitzero"`
	SentenceExpiry             Date `json:"sentenceExpiryDate,omitzero"`
	ParoleEligibility          Date `json:"paroleEligibilityDate,omitzero"`
	LicenceExpiry              Date `json:"licenceExpiryDate,omitzero"`
	ExpectedRelease            Date `json:"expectedReleaseDate,omitzero"`
	HDCEligibility             Date `json:"hdcEligibilityDate,omitzero"`
	PostSentenceSupervisionEnd Date `json:"postSentenceSupervisionEndDate,omitzero"`
}

// KeyDatesOf chooses Delius's dates from those of NOMIS. A conditional release
// date that a person has overridden wins over the calculated one.
func KeyDatesOf(d SentenceDetail) KeyDates {
	return KeyDates{
		ConditionalRelease:         firstDate(d.ConditionalReleaseOverride, d.ConditionalRelease),
		SentenceExpiry:             d.SentenceExpiry,
		ParoleEligibility:          d.ParoleEligibility,
		LicenceExpiry:              d.LicenceExpiry,
		ExpectedRelease:            d.ConfirmedRelease,
		HDCEligibility:             d.HomeDetentionCurfewEligibility,
		PostSentenceSupervisionEnd: d.TopupSupervisionExpiry,
	}
}

// IsZero reports whether there is no date at all. Sending that would wipe all
// seven dates in Delius, so it is never sent without a person's word.
func (k KeyDates) IsZero() bool { return k == KeyDates{} }

func firstDate(dates ...Date) Date { return cmp.Or(dates...) }
