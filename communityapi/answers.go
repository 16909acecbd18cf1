package communityapi

import "ptpu"

// Custody is what Delius holds of a custody. Any part may be empty.
type Custody struct {
	BookNumber ptpu.BookNumber
	// Prison is empty when the person is not in a prison that NOMIS knows.
	Prison            ptpu.PrisonCode
	PrisonDescription string
	KeyDates          ptpu.KeyDates
	// StatusCode is Delius's own, such as A (sentenced, in custody) or D (in
	// custody); StatusDescription says it in words.
	StatusCode        string
	StatusDescription string
	SentenceStart     ptpu.Date
}

// The answers of community-api, with the fields that ptpu uses.

type custody struct {
	BookingNumber ptpu.BookNumber `json:"bookingNumber"`
	Institution   struct {
		Description string          `json:"description"`
		PrisonCode  ptpu.PrisonCode `json:"nomsPrisonInstitutionCode"`
	} `json:"institution"`
	KeyDates ptpu.KeyDates `json:"keyDates"`
	Status   struct {
		Code        string `json:"code"`
		Description string `json:"description"`
	} `json:"status"`
	SentenceStartDate ptpu.Date `json:"sentenceStartDate"`
}

func (c *custody) inOurWords() Custody {
	return Custody{
		BookNumber:        c.BookingNumber,
		Prison:            c.Institution.PrisonCode,
		PrisonDescription: c.Institution.Description,
		KeyDates:          c.KeyDates,
		StatusCode:        c.Status.Code,
		StatusDescription: c.Status.Description,
		SentenceStart:     c.SentenceStartDate,
	}
}

type convictions []conviction

type conviction struct {
	Active   *bool `json:"active"`
	Sentence struct {
		StartDate ptpu.Date `json:"startDate"`
	} `json:"sentence"`
	// Custody may be there and empty; that it is there makes the conviction a
	// custodial one.
	Custody *struct{} `json:"custody"`
}

// Missing names what every conviction says of itself: without it the entry is
// none, and a candidate must not be ruled out by it.
func (c *convictions) Missing() string {
	for _, conviction := range *c {
		if conviction.Active == nil {
			return "active"
		}
	}
	return ""
}

func (c *conviction) inOurWords() ptpu.Conviction {
	return ptpu.Conviction{
		Active:        *c.Active,
		SentenceStart: c.Sentence.StartDate,
		Custodial:     c.Custody != nil,
	}
}

type offender struct {
	OtherIDs struct {
		CRN        ptpu.CRN        `json:"crn"`
		NOMSNumber ptpu.OffenderNo `json:"nomsNumber"`
	} `json:"otherIds"`
}

// Missing names the number that every person in Delius has: without it the
// answer is not about one, and "holds no NOMS number" cannot be read from it.
func (o *offender) Missing() string {
	if o.OtherIDs.CRN == "" {
		return "crn"
	}
	return ""
}

type holders []struct {
	CRN ptpu.CRN `json:"crn"`
}

// Missing names the CRN: each one is owed a domain event.
func (h *holders) Missing() string {
	for _, holder := range *h {
		if holder.CRN == "" {
			return "crn"
		}
	}
	return ""
}
