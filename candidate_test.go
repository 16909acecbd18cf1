package ptpu_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

func TestCandidateFitsWithinSevenDays(t *testing.T) {
	primary := date(t, "2026-03-30") // the tolerance spans a clock change
	custodial := func(start string) ptpu.Conviction {
		return ptpu.Conviction{Active: true, Custodial: true, SentenceStart: date(t, start)}
	}
	inactive := custodial("2026-03-30")
	inactive.Active = false
	community := custodial("2026-03-30")
	community.Custodial = false
	for _, c := range []struct {
		name       string
		conviction ptpu.Conviction
		want       bool
	}{
		{"the same day", custodial("2026-03-30"), true},
		{"seven days before", custodial("2026-03-23"), true},
		{"eight days before", custodial("2026-03-22"), false},
		{"seven days after", custodial("2026-04-06"), true},
		{"eight days after", custodial("2026-04-07"), false},
		{"an inactive one, perhaps a recall", inactive, true},
		{"one without custody", community, false},
		{"one without a sentence", custodial(""), false},
	} {
		candidate := ptpu.Candidate{Convictions: []ptpu.Conviction{custodial("2019-01-01"), c.conviction}}
		if got := candidate.Fits(primary); got != c.want {
			t.Errorf("%s: fits %t, want %t", c.name, got, c.want)
		}
	}
	if (ptpu.Candidate{}).Fits(primary) {
		t.Error("a missing conviction is taken for evidence")
	}
}

func TestIdentify(t *testing.T) {
	primary := date(t, "2026-02-11")
	fits := func(crn ptpu.CRN) ptpu.Candidate {
		return ptpu.Candidate{CRN: crn, Convictions: []ptpu.Conviction{{Custodial: true, SentenceStart: primary}}}
	}
	misses := func(crn ptpu.CRN) ptpu.Candidate { return ptpu.Candidate{CRN: crn} }
	many := make([]ptpu.CRN, ptpu.MaxCandidates+1)
	for i := range many {
		many[i] = ptpu.CRN(fmt.Sprintf("X%06d", i))
	}
	type crns = []ptpu.CRN
	for _, c := range []struct {
		name       string
		found      ptpu.SearchResult
		candidates []ptpu.Candidate
		want       ptpu.Match
		shown      string
	}{
		{
			"all supplied",
			ptpu.SearchResult{MatchedBy: "ALL_SUPPLIED", CRNs: crns{"X2", "X1"}},
			nil,
			ptpu.Match{MatchedBy: "ALL_SUPPLIED", Found: 2, Candidates: crns{"X1", "X2"}, NumberAlreadySet: true},
			"X1, X2",
		},
		{
			"all supplied by an alias",
			ptpu.SearchResult{MatchedBy: "ALL_SUPPLIED_ALIAS", CRNs: crns{"X1"}},
			nil,
			ptpu.Match{MatchedBy: "ALL_SUPPLIED_ALIAS", Found: 1, Candidates: crns{"X1"}, NumberAlreadySet: true},
			"X1",
		},
		{
			"the NOMS number",
			ptpu.SearchResult{MatchedBy: "HMPPS_KEY", CRNs: crns{"X1"}},
			nil,
			ptpu.Match{MatchedBy: "HMPPS_KEY", Found: 1, Candidates: crns{"X1"}, NumberAlreadySet: true},
			"X1",
		},
		{
			"all supplied, but nobody",
			ptpu.SearchResult{MatchedBy: "ALL_SUPPLIED"},
			nil,
			ptpu.Match{MatchedBy: "ALL_SUPPLIED", State: ptpu.NoMatch},
			"",
		},
		{
			"by name, one fits",
			ptpu.SearchResult{MatchedBy: "NAME", CRNs: crns{"X2", "X1"}},
			[]ptpu.Candidate{misses("X1"), fits("X2")},
			ptpu.Match{MatchedBy: "NAME", Found: 2, Candidates: crns{"X1", "X2"}, Filtered: true, Kept: crns{"X2"}},
			"X2",
		},
		{
			"the same CRN twice is one",
			ptpu.SearchResult{MatchedBy: "PARTIAL_NAME", CRNs: crns{"X1", "X1"}},
			[]ptpu.Candidate{fits("X1")},
			ptpu.Match{MatchedBy: "PARTIAL_NAME", Found: 2, Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}},
			"X1",
		},
		{
			"none fits",
			ptpu.SearchResult{MatchedBy: "EXTERNAL_KEY", CRNs: crns{"X2", "X1"}},
			[]ptpu.Candidate{misses("X1"), misses("X2")},
			ptpu.Match{MatchedBy: "EXTERNAL_KEY", Found: 2, Candidates: crns{"X1", "X2"}, Filtered: true, State: ptpu.NoMatchWithSentenceDate},
			"X1, X2",
		},
		{
			"nobody found",
			ptpu.SearchResult{MatchedBy: "NOTHING"},
			nil,
			ptpu.Match{MatchedBy: "NOTHING", State: ptpu.NoMatch},
			"",
		},
		{
			"several fit",
			ptpu.SearchResult{MatchedBy: "PARTIAL_NAME_DOB_LENIENT", CRNs: crns{"X3", "X2", "X1"}},
			[]ptpu.Candidate{fits("X3"), misses("X2"), fits("X1")},
			ptpu.Match{MatchedBy: "PARTIAL_NAME_DOB_LENIENT", Found: 3, Candidates: crns{"X1", "X2", "X3"}, Filtered: true, Kept: crns{"X1", "X3"}, State: ptpu.TooManyMatches},
			"X1, X3",
		},
		{
			"a kind of match that we do not know",
			ptpu.SearchResult{MatchedBy: "BY_MAGIC", CRNs: crns{"X1"}},
			[]ptpu.Candidate{fits("X1")},
			ptpu.Match{MatchedBy: "BY_MAGIC", Found: 1, Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}},
			"X1",
		},
		{
			"more than can be looked at",
			ptpu.SearchResult{MatchedBy: "NAME", CRNs: many},
			nil,
			ptpu.Match{MatchedBy: "NAME", Found: len(many), Candidates: many, State: ptpu.TooManyMatches},
			ptpu.JoinCRNs(many),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ptpu.Identify(c.found, c.candidates, primary)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if got.Known() != (c.want.State == "") {
				t.Errorf("known %t in state %q", got.Known(), c.want.State)
			}
			if shown := ptpu.JoinCRNs(got.Shown()); shown != c.shown {
				t.Errorf("shows %q, want %q", shown, c.shown)
			}
		})
	}
}

func TestCRNsReadAsTheyAreWritten(t *testing.T) {
	for _, crns := range [][]ptpu.CRN{nil, {"X100001"}, {"X100001", "X100002"}} {
		if diff := cmp.Diff(crns, ptpu.SplitCRNs(ptpu.JoinCRNs(crns))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestKeyDatesComeFromTheirSources(t *testing.T) {
	detail := ptpu.SentenceDetail{
		SentenceStart:                  date(t, "2026-01-01"),
		ConfirmedRelease:               date(t, "2026-01-02"),
		ConditionalRelease:             date(t, "2026-01-03"),
		ConditionalReleaseOverride:     date(t, "2026-01-04"),
		LicenceExpiry:                  date(t, "2026-01-05"),
		ParoleEligibility:              date(t, "2026-01-06"),
		SentenceExpiry:                 date(t, "2026-01-07"),
		TopupSupervisionExpiry:         date(t, "2026-01-08"),
		HomeDetentionCurfewEligibility: date(t, "2026-01-09"),
		Release:                        date(t, "2026-01-10"),
	}
	want := ptpu.KeyDates{
		ConditionalRelease:         date(t, "2026-01-04"),
		SentenceExpiry:             date(t, "2026-01-07"),
		ParoleEligibility:          date(t, "2026-01-06"),
		LicenceExpiry:              date(t, "2026-01-05"),
		ExpectedRelease:            date(t, "2026-01-02"),
		HDCEligibility:             date(t, "2026-01-09"),
		PostSentenceSupervisionEnd: date(t, "2026-01-08"),
	}
	if got := ptpu.KeyDatesOf(detail); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	detail.ConditionalReleaseOverride = ptpu.Date{}
	if got := ptpu.KeyDatesOf(detail).ConditionalRelease; got != date(t, "2026-01-03") {
		t.Errorf("without an override the conditional release date is %v", got)
	}
	onlyOthers := ptpu.SentenceDetail{SentenceStart: date(t, "2026-01-01"), Release: date(t, "2026-01-10")}
	if got := ptpu.KeyDatesOf(onlyOthers); !got.IsZero() {
		t.Errorf("dates that Delius does not keep gave %+v", got)
	}
}
