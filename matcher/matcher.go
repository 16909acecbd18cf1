// Package matcher is the match chain: it finds the one probation record for a
// prisoner, or says why there is none. Search first; then, unless the NOMS
// number answers the question, compare sentence dates.
package matcher

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"ptpu"
)

// Search finds people in Delius who may be the prisoner.
type Search interface {
	// Match searches by person, NOMS number, and PNC and CRO where known.
	Match(ctx context.Context, person ptpu.Person, no ptpu.OffenderNo, pnc, cro string) (ptpu.SearchResult, error)
}

// Probation reads what Delius knows of a person.
type Probation interface {
	// Convictions reads all of a person's, inactive ones included.
	Convictions(ctx context.Context, crn ptpu.CRN) ([]ptpu.Conviction, error)
}

// Matcher runs the match chain. It is safe for concurrent use.
type Matcher struct {
	search    Search
	probation Probation
}

// New makes a Matcher.
func New(search Search, probation Probation) (*Matcher, error) {
	if search == nil || probation == nil {
		return nil, errors.New("matcher: search and probation are needed")
	}
	return &Matcher{search: search, probation: probation}, nil
}

// reading is how many candidates' convictions are read at once: enough that a
// common name does not outlast a claim, few enough to stay polite.
const reading = 4

// Match finds who the prisoner is in Delius, by the primary sentence date. When
// a candidate cannot be read, what the search found comes with the error.
func (m *Matcher) Match(ctx context.Context, b ptpu.Booking, p ptpu.Prisoner, primary ptpu.Date) (ptpu.Match, error) {
	found, err := m.search.Match(ctx, b.Person, b.OffenderNo, p.PNC, p.CRO)
	if err != nil {
		return ptpu.Match{}, fmt.Errorf("searching for offender %s: %w", b.OffenderNo, err)
	}
	if found.NumberAlreadySet() {
		return ptpu.Identify(found, nil, primary), nil
	}
	candidates, err := m.candidates(ctx, ptpu.SortedCRNs(found.CRNs))
	if err != nil {
		return ptpu.Match{MatchedBy: found.MatchedBy, Found: len(found.CRNs), Candidates: ptpu.SortedCRNs(found.CRNs)}, err
	}
	return ptpu.Identify(found, candidates, primary), nil
}

// candidates reads the convictions of each CRN. Too many are not read at all.
func (m *Matcher) candidates(ctx context.Context, crns []ptpu.CRN) ([]ptpu.Candidate, error) {
	if len(crns) > ptpu.MaxCandidates {
		return nil, nil
	}
	candidates := make([]ptpu.Candidate, len(crns))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reading)
	for i, crn := range crns {
		group.Go(func() error {
			convictions, err := m.probation.Convictions(ctx, crn)
			if err != nil {
				return fmt.Errorf("reading convictions of %s: %w", crn, err)
			}
			candidates[i] = ptpu.Candidate{CRN: crn, Convictions: convictions}
			return nil
		})
	}
	return candidates, group.Wait()
}
