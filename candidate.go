package ptpu

import (
	"slices"
	"strings"
)

// MatchedBy is how probation-offender-search found its matches.
type MatchedBy string

// The answers by which a person is known without looking at convictions.
const (
	AllSupplied      MatchedBy = "ALL_SUPPLIED"
	AllSuppliedAlias MatchedBy = "ALL_SUPPLIED_ALIAS"
	HMPPSKey         MatchedBy = "HMPPS_KEY"
)

// Limits of the match chain.
const (
	// SentenceDateTolerance is how many days the sentence dates of prison and
	// probation may differ, either side, inclusive: Delius itself accepts as much.
	SentenceDateTolerance = 7
	// MaxCandidates is the most candidates whose convictions are read; more are
	// too many to tell apart.
	MaxCandidates = 50
)

// SearchResult is the answer of probation-offender-search.
type SearchResult struct {
	MatchedBy MatchedBy
	// CRNs are the matches, in the order of the answer; the same CRN may
	// stand there twice.
	CRNs []CRN
}

// NumberAlreadySet reports whether the search found the person by a NOMS number
// that Delius already has, so that neither convictions nor step 7 are needed.
func (r SearchResult) NumberAlreadySet() bool {
	switch r.MatchedBy {
	case AllSupplied, AllSuppliedAlias, HMPPSKey:
		return len(r.CRNs) > 0
	default:
		return false
	}
}

// Conviction is one event of a person in Delius.
type Conviction struct {
	Active        bool
	SentenceStart Date // zero: no sentence, or one without a date
	Custodial     bool // it has a custody
}

// Candidate is a person in Delius who may be the prisoner.
type Candidate struct {
	CRN         CRN
	Convictions []Conviction
}

// Fits reports whether the candidate has a custodial conviction whose sentence
// started within the tolerance of the primary sentence date. An inactive one
// counts: the person may have been recalled.
func (c Candidate) Fits(primary Date) bool {
	return slices.ContainsFunc(c.Convictions, func(conviction Conviction) bool {
		if !conviction.Custodial || conviction.SentenceStart.IsZero() {
			return false
		}
		days := primary.DaysTo(conviction.SentenceStart)
		return -SentenceDateTolerance <= days && days <= SentenceDateTolerance
	})
}

// Match is what the match chain established about who a prisoner is in Delius.
type Match struct {
	MatchedBy MatchedBy
	// Found is how many matches the search gave, Candidates their CRNs, each
	// once, sorted.
	Found      int
	Candidates []CRN
	// Filtered is set when convictions were read; Kept are then the CRNs that
	// they left, sorted.
	Filtered bool
	Kept     []CRN
	// State is empty when the person is known, else why they are not.
	State State
	// NumberAlreadySet: Delius already has the NOMS number.
	NumberAlreadySet bool
}

// Known reports whether it is clear who the person is.
func (m Match) Known() bool { return m.State == "" }

// Shown are the CRNs to show with the message: those that the decision rests on.
func (m Match) Shown() []CRN {
	if m.NumberAlreadySet || len(m.Kept) == 0 {
		return m.Candidates
	}
	return m.Kept
}

// Identify decides who the prisoner is in Delius. The candidates carry their
// convictions, and are not looked at when the search alone answers
// (SearchResult.NumberAlreadySet) or found more than MaxCandidates.
func Identify(found SearchResult, candidates []Candidate, primary Date) Match {
	match := Match{MatchedBy: found.MatchedBy, Found: len(found.CRNs), Candidates: SortedCRNs(found.CRNs)}
	switch {
	case found.NumberAlreadySet():
		match.NumberAlreadySet = true
		return match
	case len(match.Candidates) == 0:
		match.State = NoMatch
		return match
	case len(match.Candidates) > MaxCandidates:
		match.State = TooManyMatches
		return match
	}
	match.Filtered = true
	for _, candidate := range candidates {
		if candidate.Fits(primary) {
			match.Kept = append(match.Kept, candidate.CRN)
		}
	}
	match.Kept = SortedCRNs(match.Kept)
	switch len(match.Kept) {
	case 0:
		match.State = NoMatchWithSentenceDate
	case 1:
	default:
		match.State = TooManyMatches
	}
	return match
}

// SortedCRNs returns the CRNs sorted, each once.
func SortedCRNs(crns []CRN) []CRN {
	sorted := slices.Clone(crns)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// JoinCRNs writes CRNs as reports and events show them: "X100001, X100002".
func JoinCRNs(crns []CRN) string {
	parts := make([]string, len(crns))
	for i, crn := range crns {
		parts[i] = string(crn)
	}
	return strings.Join(parts, ", ")
}

// SplitCRNs reads what JoinCRNs writes.
func SplitCRNs(joined string) []CRN {
	var crns []CRN
	for part := range strings.SplitSeq(joined, ",") {
		if part = strings.TrimSpace(part); part != "" {
			crns = append(crns, CRN(part))
		}
	}
	return crns
}
