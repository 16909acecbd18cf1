package prisonapi

import "ptpu"

// The answers of prison-api, with the fields that ptpu uses. Pointers are where
// absent must not pass for false or 0.

type booking struct {
	BookingNo           ptpu.BookNumber `json:"bookingNo"`
	OffenderNo          ptpu.OffenderNo `json:"offenderNo"`
	ActiveFlag          *bool           `json:"activeFlag"`
	AgencyID            ptpu.PrisonCode `json:"agencyId"`
	LocationDescription string          `json:"locationDescription"`
	Recall              *bool           `json:"recall"`
	LegalStatus         string          `json:"legalStatus"`
	FirstName           string          `json:"firstName"`
	LastName            string          `json:"lastName"`
	DateOfBirth         ptpu.Date       `json:"dateOfBirth"`
}

// Missing names what a decision would wrongly rest on: a booking without
// activeFlag would end its messages as "not active".
func (b *booking) Missing() string {
	switch {
	case b.BookingNo == "":
		return "bookingNo"
	case b.OffenderNo == "":
		return "offenderNo"
	case b.ActiveFlag == nil:
		return "activeFlag"
	default:
		return ""
	}
}

func (b *booking) inOurWords(id ptpu.BookingID) ptpu.Booking {
	return ptpu.Booking{
		ID:                  id,
		BookNumber:          b.BookingNo,
		OffenderNo:          b.OffenderNo,
		Active:              *b.ActiveFlag,
		Agency:              b.AgencyID,
		LocationDescription: b.LocationDescription,
		Recall:              b.Recall,
		LegalStatus:         b.LegalStatus,
		Person:              ptpu.Person{FirstName: b.FirstName, Surname: b.LastName, DateOfBirth: b.DateOfBirth},
	}
}

type sentenceDetail struct {
	SentenceStartDate                  ptpu.Date `json:"sentenceStartDate"`
	ConfirmedReleaseDate               ptpu.Date `json:"confirmedReleaseDate"`
	ConditionalReleaseDate             ptpu.Date `json:"conditionalReleaseDate"`
	ConditionalReleaseOverrideDate     ptpu.Date `json:"conditionalReleaseOverrideDate"`
	LicenceExpiryDate                  ptpu.Date `json:"licenceExpiryDate"`
	ParoleEligibilityDate              ptpu.Date `json:"paroleEligibilityDate"`
	SentenceExpiryDate                 ptpu.Date `json:"sentenceExpiryDate"`
	TopupSupervisionExpiryDate         ptpu.Date `json:"topupSupervisionExpiryDate"`
	HomeDetentionCurfewEligibilityDate ptpu.Date `json:"homeDetentionCurfewEligibilityDate"`
	ReleaseDate                        ptpu.Date `json:"releaseDate"`
}

func (d *sentenceDetail) inOurWords() ptpu.SentenceDetail {
	return ptpu.SentenceDetail{
		SentenceStart:                  d.SentenceStartDate,
		ConfirmedRelease:               d.ConfirmedReleaseDate,
		ConditionalRelease:             d.ConditionalReleaseDate,
		ConditionalReleaseOverride:     d.ConditionalReleaseOverrideDate,
		LicenceExpiry:                  d.LicenceExpiryDate,
		ParoleEligibility:              d.ParoleEligibilityDate,
		SentenceExpiry:                 d.SentenceExpiryDate,
		TopupSupervisionExpiry:         d.TopupSupervisionExpiryDate,
		HomeDetentionCurfewEligibility: d.HomeDetentionCurfewEligibilityDate,
		Release:                        d.ReleaseDate,
	}
}

type sentenceTerm struct {
	StartDate        ptpu.Date `json:"startDate"`
	SentenceSequence int       `json:"sentenceSequence"`
	ConsecutiveTo    *int      `json:"consecutiveTo"`
}

type movement struct {
	OffenderNo          ptpu.OffenderNo `json:"offenderNo"`
	FromAgency          ptpu.PrisonCode `json:"fromAgency"`
	ToAgency            ptpu.PrisonCode `json:"toAgency"`
	ToAgencyDescription string          `json:"toAgencyDescription"`
	MovementType        string          `json:"movementType"`
	DirectionCode       string          `json:"directionCode"`
}

// Missing names the type: without it a transfer would be "not a transfer".
func (m *movement) Missing() string {
	if m.MovementType == "" {
		return "movementType"
	}
	return ""
}

func (m *movement) inOurWords() ptpu.Movement {
	return ptpu.Movement{
		OffenderNo:    m.OffenderNo,
		From:          m.FromAgency,
		To:            m.ToAgency,
		ToDescription: m.ToAgencyDescription,
		Type:          m.MovementType,
		Direction:     m.DirectionCode,
	}
}

type identifiers []identifier

type identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Missing names what makes an entry an identifier: without it a booking that was
// merged would be one that never was.
func (i *identifiers) Missing() string {
	for _, identifier := range *i {
		switch {
		case identifier.Type == "":
			return "type"
		case identifier.Value == "":
			return "value"
		}
	}
	return ""
}

// prisoners is a list because prison-api can be asked for several.
type prisoners []prisoner

type prisoner struct {
	OffenderNo      ptpu.OffenderNo `json:"offenderNo"`
	PNCNumber       string          `json:"pncNumber"`
	CRONumber       string          `json:"croNumber"`
	LatestLocation  string          `json:"latestLocation"`
	ConvictedStatus string          `json:"convictedStatus"`
}

// Missing names the number that says whom the answer is about.
func (p *prisoners) Missing() string {
	for _, prisoner := range *p {
		if prisoner.OffenderNo == "" {
			return "offenderNo"
		}
	}
	return ""
}

func (p prisoner) inOurWords() ptpu.Prisoner {
	return ptpu.Prisoner{
		OffenderNo:      p.OffenderNo,
		PNC:             p.PNCNumber,
		CRO:             p.CRONumber,
		LatestLocation:  p.LatestLocation,
		ConvictedStatus: p.ConvictedStatus,
	}
}
