package offendersearch

import "ptpu"

// search is what is asked. An identifier that is not known is left out: an
// empty one would be searched by.
type search struct {
	FirstName      string          `json:"firstName"`
	Surname        string          `json:"surname"`
	DateOfBirth    ptpu.Date       `json:"dateOfBirth,omitzero"`
	NOMSNumber     ptpu.OffenderNo `json:"nomsNumber"`
	ActiveSentence bool            `json:"activeSentence"`
	PNCNumber      string          `json:"pncNumber,omitempty"`
	CRONumber      string          `json:"croNumber,omitempty"`
}

// matches is the answer, with the fields that ptpu uses.
type matches struct {
	Matches []struct {
		Offender struct {
			OtherIDs struct {
				CRN ptpu.CRN `json:"crn"`
			} `json:"otherIds"`
		} `json:"offender"`
	} `json:"matches"`
	MatchedBy ptpu.MatchedBy `json:"matchedBy"`
}

// Missing names what must not be overlooked: a match without its CRN could leave
// one of two people as the only one.
func (m *matches) Missing() string {
	switch {
	case m.Matches == nil:
		return "matches"
	case m.MatchedBy == "":
		return "matchedBy"
	}
	for _, match := range m.Matches {
		if match.Offender.OtherIDs.CRN == "" {
			return "crn"
		}
	}
	return ""
}

func (m *matches) inOurWords() ptpu.SearchResult {
	result := ptpu.SearchResult{MatchedBy: m.MatchedBy}
	for _, match := range m.Matches {
		result.CRNs = append(result.CRNs, match.Offender.OtherIDs.CRN)
	}
	return result
}
