package reports

import (
	"context"
	"fmt"
	"time"

	"ptpu"
)

// matchSummary says how the matching of changed imprisonment statuses does.
// Total = Completed.Total + Waiting.Total + ExceededSLA.Total, always.
type matchSummary struct {
	Total       int                  `json:"total"`
	Completed   matchSummaryDone     `json:"completed"`
	Waiting     matchSummaryWaiting  `json:"waiting" doc:"Not processed, and first seen no more than slaDays ago"`
	ExceededSLA matchSummaryExceeded `json:"exceeded-sla" doc:"Not processed, and first seen more than slaDays ago; may still be processed"`
}

type matchSummaryDone struct {
	Total    int `json:"total"`
	Success  int `json:"success"`
	Rejected int `json:"rejected" doc:"No longer valid when its turn came, or dismissed by a person"`
	Expired  int `json:"expired" doc:"Its time ran out"`
}

type matchSummaryWaiting struct {
	Total    int                  `json:"total"`
	New      int                  `json:"new" doc:"Not attempted yet"`
	Retry    int                  `json:"retry"`
	Category matchSummaryCategory `json:"category"`
}

type matchSummaryExceeded struct {
	Total    int                  `json:"total"`
	Category matchSummaryCategory `json:"category" doc:"Those not attempted yet are in none"`
}

// matchSummaryCategory counts by what stood in the way at the last attempt.
type matchSummaryCategory struct {
	NoMatch           int `json:"no-match"`
	NoMatchSentence   int `json:"no-match-sentence"`
	TooManyMatches    int `json:"too-many-matches"`
	BookNumberSetFail int `json:"book-number-set-fail"`
	LocationSetFail   int `json:"location-set-fail"`
	KeyDatesSetFail   int `json:"key-dates-set-fail"`
	ErrorFail         int `json:"error-fail"`
}

// add counts a message.
func (s *matchSummary) add(m ptpu.Message, slaDays int, now time.Time) {
	s.Total++
	switch {
	case !m.Open():
		s.Completed.add(m.State)
	case isOlder(m, slaDays, now):
		s.ExceededSLA.Total++
		s.ExceededSLA.Category.add(m.State)
	default:
		s.Waiting.Total++
		if m.State == ptpu.Validated {
			s.Waiting.New++
		} else {
			s.Waiting.Retry++
		}
		s.Waiting.Category.add(m.State)
	}
}

func (d *matchSummaryDone) add(state ptpu.State) {
	d.Total++
	switch state {
	case ptpu.NoLongerValid, ptpu.Dismissed, ptpu.NotValid:
		d.Rejected++
	case ptpu.Expired:
		d.Expired++
	default:
		d.Success++
	}
}

// add counts whatever was attempted, so that the categories add up.
func (c *matchSummaryCategory) add(state ptpu.State) {
	switch state {
	case ptpu.Validated:
	case ptpu.NoMatch:
		c.NoMatch++
	case ptpu.NoMatchWithSentenceDate:
		c.NoMatchSentence++
	case ptpu.TooManyMatches:
		c.TooManyMatches++
	case ptpu.BookingNumberNotAssigned:
		c.BookNumberSetFail++
	case ptpu.LocationNotUpdated:
		c.LocationSetFail++
	case ptpu.KeyDatesNotUpdated:
		c.KeyDatesSetFail++
	default:
		c.ErrorFail++
	}
}

// summaryFilter says which messages are summed up.
type summaryFilter struct {
	location ptpu.PrisonCode
	created  span
	slaDays  int
	given    map[string]string
}

func (f summaryFilter) counts(m ptpu.Message) bool {
	return m.Reportable && m.EventType == ptpu.ImprisonmentStatusChanged && m.State != ptpu.Superseded &&
		(f.location == "" || f.location == m.LocationID) && f.created.contains(m.Created)
}

// summarise reads and counts as of now. What is processed while it reads is
// counted as it was then, or not at all, never twice.
func (r *Reports) summarise(ctx context.Context, f summaryFilter, now time.Time) (matchSummary, error) {
	end, err := r.begin(ctx, matchSummaryName, f.given)
	if err != nil {
		return matchSummary{}, err
	}
	defer end()
	var s matchSummary
	for _, processed := range []bool{false, true} {
		selection := ptpu.Selection{Processed: processed}
		selection.After, selection.Before = f.created.instants()
		for m, err := range r.Store.Select(ctx, selection) {
			if err != nil {
				return matchSummary{}, fmt.Errorf("reading messages for report %s: %w", matchSummaryName, err)
			}
			if m.Open() == !processed && !m.Processed.After(now) && f.counts(m) {
				s.add(m, f.slaDays, now)
			}
		}
	}
	return s, nil
}
