package matcher_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/matcher"
)

type crns = []ptpu.CRN

// asked is one search.
type asked struct {
	Person   ptpu.Person
	No       ptpu.OffenderNo
	PNC, CRO string
}

// search answers every search alike and remembers it.
type search struct {
	answer ptpu.SearchResult
	err    error
	asked  []asked
}

func (s *search) Match(_ context.Context, person ptpu.Person, no ptpu.OffenderNo, pnc, cro string) (ptpu.SearchResult, error) {
	s.asked = append(s.asked, asked{person, no, pnc, cro})
	return s.answer, s.err
}

// delius has the convictions of each person and remembers whose were read. A
// slow person's are read in that time.
type delius struct {
	convictions map[ptpu.CRN][]ptpu.Conviction
	errs        map[ptpu.CRN]error
	slow        map[ptpu.CRN]time.Duration

	mu   sync.Mutex
	read crns
}

func (d *delius) Convictions(ctx context.Context, crn ptpu.CRN) ([]ptpu.Conviction, error) {
	d.mu.Lock()
	d.read = append(d.read, crn)
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(d.slow[crn]):
	}
	return d.convictions[crn], d.errs[crn]
}

// allRead lists whose convictions were read, sorted, as often as they were.
func (d *delius) allRead() crns {
	read := slices.Clone(d.read)
	slices.Sort(read)
	return read
}

var (
	primary = date(2026, 2, 11)
	person  = ptpu.Person{FirstName: "Canaria", Surname: "Birdwhistle", DateOfBirth: date(1984, 2, 29)}
	booking = ptpu.Booking{ID: 1200835, OffenderNo: "A1111BC", BookNumber: "41001A", Person: person}
)

func TestMatch(t *testing.T) {
	custodial := func(start ptpu.Date) ptpu.Conviction {
		return ptpu.Conviction{Active: true, Custodial: true, SentenceStart: start}
	}
	fits := []ptpu.Conviction{custodial(primary)}
	inactive := custodial(primary)
	inactive.Active = false
	community := custodial(primary)
	community.Custodial = false
	fifty, fiftyOne := numbered(ptpu.MaxCandidates), numbered(ptpu.MaxCandidates+1)
	type convictions = map[ptpu.CRN][]ptpu.Conviction
	for _, c := range []struct {
		name        string
		matchedBy   ptpu.MatchedBy
		found       crns
		convictions convictions
		want        ptpu.Match // without what the search said
		read        crns
	}{
		{
			name: "all supplied", matchedBy: "ALL_SUPPLIED", found: crns{"X1"},
			want: ptpu.Match{Candidates: crns{"X1"}, NumberAlreadySet: true},
		},
		{
			name: "all supplied by an alias", matchedBy: "ALL_SUPPLIED_ALIAS", found: crns{"X2", "X1"},
			want: ptpu.Match{Candidates: crns{"X1", "X2"}, NumberAlreadySet: true},
		},
		{
			name: "the NOMS number", matchedBy: "HMPPS_KEY", found: crns{"X1"},
			want: ptpu.Match{Candidates: crns{"X1"}, NumberAlreadySet: true},
		},
		{
			name: "the NOMS number of very many", matchedBy: "HMPPS_KEY", found: fiftyOne,
			want: ptpu.Match{Candidates: fiftyOne, NumberAlreadySet: true},
		},
		{name: "all supplied, but nobody", matchedBy: "ALL_SUPPLIED", want: ptpu.Match{State: ptpu.NoMatch}},
		{name: "the NOMS number, but nobody", matchedBy: "HMPPS_KEY", want: ptpu.Match{State: ptpu.NoMatch}},
		{name: "nobody", matchedBy: "NOTHING", want: ptpu.Match{State: ptpu.NoMatch}},
		{
			name: "by PNC or CRO, one with that sentence", matchedBy: "EXTERNAL_KEY", found: crns{"X1"}, convictions: convictions{"X1": fits},
			want: ptpu.Match{Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1"},
		},
		{
			name: "by name, one of three with that sentence", matchedBy: "NAME", found: crns{"X3", "X1", "X2"},
			convictions: convictions{"X1": {custodial(date(2019, 3, 12))}, "X2": fits, "X3": {community}},
			want:        ptpu.Match{Candidates: crns{"X1", "X2", "X3"}, Filtered: true, Kept: crns{"X2"}}, read: crns{"X1", "X2", "X3"},
		},
		{
			name: "by part of the name, a week before and eight days after", matchedBy: "PARTIAL_NAME", found: crns{"X1", "X2"},
			convictions: convictions{"X1": {custodial(date(2026, 2, 4))}, "X2": {custodial(date(2026, 2, 19))}},
			want:        ptpu.Match{Candidates: crns{"X1", "X2"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1", "X2"},
		},
		{
			name: "by a loose date of birth, eight days before and a week after", matchedBy: "PARTIAL_NAME_DOB_LENIENT", found: crns{"X1", "X2"},
			convictions: convictions{"X1": {custodial(date(2026, 2, 3))}, "X2": {custodial(date(2026, 2, 18))}},
			want:        ptpu.Match{Candidates: crns{"X1", "X2"}, Filtered: true, Kept: crns{"X2"}}, read: crns{"X1", "X2"},
		},
		{
			name: "in a way that we do not know", matchedBy: "BY_MAGIC", found: crns{"X1"}, convictions: convictions{"X1": fits},
			want: ptpu.Match{Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1"},
		},
		{
			name: "without saying how", found: crns{"X1"}, convictions: convictions{"X1": fits},
			want: ptpu.Match{Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1"},
		},
		{
			name: "an inactive conviction, perhaps a recall", matchedBy: "NAME", found: crns{"X1"}, convictions: convictions{"X1": {inactive}},
			want: ptpu.Match{Candidates: crns{"X1"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1"},
		},
		{
			name: "nobody with that sentence", matchedBy: "NAME", found: crns{"X2", "X1"}, convictions: convictions{"X1": {community}},
			want: ptpu.Match{Candidates: crns{"X1", "X2"}, Filtered: true, State: ptpu.NoMatchWithSentenceDate}, read: crns{"X1", "X2"},
		},
		{
			name: "two with that sentence", matchedBy: "NAME", found: crns{"X3", "X2", "X1"}, convictions: convictions{"X1": fits, "X3": fits},
			want: ptpu.Match{Candidates: crns{"X1", "X2", "X3"}, Filtered: true, Kept: crns{"X1", "X3"}, State: ptpu.TooManyMatches},
			read: crns{"X1", "X2", "X3"},
		},
		{
			name: "the same CRN twice is one candidate", matchedBy: "NAME", found: crns{"X1", "X2", "X1"}, convictions: convictions{"X1": fits},
			want: ptpu.Match{Candidates: crns{"X1", "X2"}, Filtered: true, Kept: crns{"X1"}}, read: crns{"X1", "X2"},
		},
		{
			name: "as many as are looked at", matchedBy: "NAME", found: fifty, convictions: convictions{fifty[49]: fits},
			want: ptpu.Match{Candidates: fifty, Filtered: true, Kept: fifty[49:]}, read: fifty,
		},
		{
			name: "no more than that, though some stand there twice", matchedBy: "NAME", found: slices.Concat(fifty, fifty[:5]),
			convictions: convictions{fifty[0]: fits},
			want:        ptpu.Match{Candidates: fifty, Filtered: true, Kept: fifty[:1]}, read: fifty,
		},
		{
			name: "more than are looked at: no convictions are read", matchedBy: "NAME", found: fiftyOne, convictions: convictions{fiftyOne[0]: fits},
			want: ptpu.Match{Candidates: fiftyOne, State: ptpu.TooManyMatches},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &search{answer: ptpu.SearchResult{MatchedBy: c.matchedBy, CRNs: c.found}}
			d := &delius{convictions: c.convictions}
			got, err := newMatcher(t, s, d).Match(t.Context(), booking, ptpu.Prisoner{}, primary)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			c.want.MatchedBy, c.want.Found = c.matchedBy, len(c.found)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("match: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(c.read, d.allRead()); diff != "" {
				t.Errorf("convictions read: want -, got +:\n%s", diff)
			}
		})
	}
}

func TestTheSearchIsByAllThatIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		prisoner ptpu.Prisoner
		want     asked
	}{
		"all":      {ptpu.Prisoner{PNC: "03/11999M", CRO: "SF39/655655B"}, asked{person, "A1111BC", "03/11999M", "SF39/655655B"}},
		"no CRO":   {ptpu.Prisoner{PNC: "03/11999M"}, asked{person, "A1111BC", "03/11999M", ""}},
		"no PNC":   {ptpu.Prisoner{CRO: "SF39/655655B"}, asked{person, "A1111BC", "", "SF39/655655B"}},
		"no extra": {ptpu.Prisoner{}, asked{person, "A1111BC", "", ""}},
	} {
		s := &search{}
		if _, err := newMatcher(t, s, &delius{}).Match(t.Context(), booking, c.prisoner, primary); err != nil {
			t.Fatalf("%s: got error %v", name, err)
		}
		if diff := cmp.Diff([]asked{c.want}, s.asked); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func TestAFailedCallIsNoAnswer(t *testing.T) {
	for kindName, kind := range map[string]error{
		"no answer": ptpu.ErrUnavailable, "our credentials": ptpu.ErrDenied, "this request": ptpu.ErrRefused,
		"not found": ptpu.ErrNotFound, "a conflict": ptpu.ErrConflict,
	} {
		failure := &ptpu.CallError{Upstream: "an-api", Method: "GET", Route: "/a/{route}", Status: 599, Kind: kind}
		found := ptpu.SearchResult{MatchedBy: "NAME", CRNs: crns{"X1", "X2", "X3"}}
		for name, c := range map[string]struct {
			search *search
			delius *delius
			names  string
			read   int // convictions, at most
		}{
			"the search":    {&search{answer: found, err: failure}, &delius{}, "A1111BC", 0},
			"one candidate": {&search{answer: found}, &delius{errs: map[ptpu.CRN]error{"X2": failure}}, "X2", 3},
		} {
			t.Run(name+"/"+kindName, func(t *testing.T) {
				got, err := newMatcher(t, c.search, c.delius).Match(t.Context(), booking, ptpu.Prisoner{PNC: "03/11999M", CRO: "SF39/655655B"}, primary)
				var call *ptpu.CallError
				switch {
				case !errors.Is(err, kind), !errors.As(err, &call), call != failure:
					t.Fatalf("got error %v, want it to wrap %v", err, failure)
				case ptpu.ClassOf(err) != ptpu.ClassOf(failure):
					t.Errorf("got class %s, want %s", ptpu.ClassOf(err), ptpu.ClassOf(failure))
				case !strings.Contains(err.Error(), c.names):
					t.Errorf("got error %q, want it to name %s", err, c.names)
				}
				for _, secret := range []string{"Canaria", "Birdwhistle", "1984-02-29", "03/11999M", "SF39/655655B"} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("got %q in error %q, want no personal data", secret, err)
					}
				}
				if got.NumberAlreadySet || len(got.Kept) > 0 {
					t.Errorf("got %+v beside the error, want nobody identified", got)
				}
				if len(c.delius.read) > c.read {
					t.Errorf("read the convictions of %v, want at most %d", c.delius.read, c.read)
				}
			})
		}
	}
}

// Every search is told of, and the CRNs that it found are shown with the message,
// also when a candidate's convictions cannot be had afterwards.
func TestWhatTheSearchFoundIsKnownThoughAReadingFails(t *testing.T) {
	s := &search{answer: ptpu.SearchResult{MatchedBy: "NAME", CRNs: crns{"X2", "X1"}}}
	d := &delius{errs: map[ptpu.CRN]error{"X2": ptpu.ErrUnavailable}}
	got, err := newMatcher(t, s, d).Match(t.Context(), booking, ptpu.Prisoner{}, primary)
	if !errors.Is(err, ptpu.ErrUnavailable) {
		t.Fatalf("got error %v, want %v", err, ptpu.ErrUnavailable)
	}
	if got.MatchedBy != "NAME" || got.Found != 2 || !slices.Equal(got.Candidates, crns{"X1", "X2"}) || got.Filtered {
		t.Errorf("got %+v beside the error, want the search's answer: NAME, 2 found, X1 and X2, convictions not read", got)
	}
}

// The others' convictions decide nothing once one candidate's are missing; that
// they were told to stop is not why the match failed.
func TestAFailedReadingStopsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := &ptpu.CallError{Upstream: "an-api", Kind: ptpu.ErrRefused}
		s := &search{answer: ptpu.SearchResult{MatchedBy: "NAME", CRNs: crns{"X1", "X2"}}}
		d := &delius{
			slow: map[ptpu.CRN]time.Duration{"X1": time.Hour, "X2": time.Second},
			errs: map[ptpu.CRN]error{"X2": failure},
		}
		started := time.Now()
		_, err := newMatcher(t, s, d).Match(t.Context(), booking, ptpu.Prisoner{}, primary)
		if !errors.Is(err, failure) || errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want only %v", err, failure)
		}
		if took := time.Since(started); took != time.Second {
			t.Errorf("took %s, want %s", took, time.Second)
		}
	})
}

func TestTheAnswerDoesNotDependOnWhichReadingEndsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found := numbered(9)
		s := &search{answer: ptpu.SearchResult{MatchedBy: "NAME", CRNs: found}}
		d := &delius{convictions: map[ptpu.CRN][]ptpu.Conviction{}, slow: map[ptpu.CRN]time.Duration{}}
		for i, crn := range found {
			d.slow[crn] = time.Duration(len(found)-i) * time.Second
			if i%2 == 1 {
				d.convictions[crn] = []ptpu.Conviction{{Custodial: true, SentenceStart: primary}}
			}
		}
		got, err := newMatcher(t, s, d).Match(t.Context(), booking, ptpu.Prisoner{}, primary)
		if err != nil {
			t.Fatalf("got error %v", err)
		}
		if diff := cmp.Diff(crns{found[1], found[3], found[5], found[7]}, got.Kept); diff != "" {
			t.Errorf("kept: want -, got +:\n%s", diff)
		}
	})
}

func TestAMatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &search{answer: ptpu.SearchResult{MatchedBy: "NAME", CRNs: crns{"X1"}}}
	d := &delius{slow: map[ptpu.CRN]time.Duration{"X1": time.Hour}}
	if _, err := newMatcher(t, s, d).Match(ctx, booking, ptpu.Prisoner{}, primary); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		search    matcher.Search
		probation matcher.Probation
	}{
		"search":    {nil, &delius{}},
		"probation": {&search{}, nil},
	} {
		if _, err := matcher.New(c.search, c.probation); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got error %v, want one that names it", name, err)
		}
	}
}

func newMatcher(t *testing.T, s *search, d *delius) *matcher.Matcher {
	t.Helper()
	m, err := matcher.New(s, d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// numbered makes n CRNs, sorted.
func numbered(n int) crns {
	found := make(crns, n)
	for i := range found {
		found[i] = ptpu.CRN(fmt.Sprintf("X%06d", i))
	}
	return found
}

func date(year int, month time.Month, day int) ptpu.Date {
	return ptpu.Date{Year: year, Month: month, Day: day}
}
