package processor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

var statusChanged = ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged}

// The whole chain, call by call.
var (
	statusReads = []string{
		"sentence detail 1200835",
		"sentence terms 1200835",
		"booking 1200835",
		"prisoner A1111BC",
		"match A1111BC 03/11999M 2026-02-11",
	}
	setsNumber     = "set-noms-number X100001 A1111BC"
	setsBookNumber = "set-book-number A1111BC 41001A 2026-02-11"
	setsLocation   = "set-location A1111BC 41001A MDI"
	replacesDates  = `replace-key-dates A1111BC 41001A {"conditionalReleaseDate":"2028-12-01","sentenceExpiryDate":"2031-09-10"}`
)

func TestStatusChanged(t *testing.T) {
	intendsAll := "intend set-noms-number, set-book-number, set-location, replace-key-dates"
	unknown := failed(ptpu.ErrNotFound)
	for _, c := range []struct {
		name   string
		change func(*world)
		seq    int64
		want   ptpu.Outcome // its facts stand by name
		facts  string
		reads  int // how many of statusReads are made
		writes []string
	}{
		{
			name: "all there is to do",
			want: ptpu.Outcome{State: ptpu.Completed, Done: true}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{intendsAll, setsNumber, setsBookNumber, setsLocation, replacesDates},
		},
		{
			name: "an older status is not looked into", seq: 2,
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NonZeroSequence},
		},
		{
			name: "a sentence that has no start", change: func(w *world) { w.nomis.sentence.SentenceStart = ptpu.Date{} },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NoSentenceStartDate}, facts: "sentence", reads: 1,
		},
		{
			name: "no term at all", change: func(w *world) { w.nomis.terms = nil },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NoSentenceStartDate}, facts: "sentence", reads: 2,
		},
		{
			name: "only terms that follow others", change: func(w *world) { w.nomis.terms = w.nomis.terms[2:] },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NoSentenceStartDate}, facts: "sentence", reads: 2,
		},
		{
			name: "not active", change: func(w *world) { w.nomis.booking.Active = false },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotActiveBooking}, facts: "sentence booking", reads: 3,
		},
		{
			name: "elsewhere", change: func(w *world) { w.nomis.booking.Agency = "WWI" },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotAtInterestedPrison}, facts: "sentence booking", reads: 3,
		},
		{
			name: "neither active nor here: active is asked first",
			change: func(w *world) {
				w.nomis.booking.Active, w.nomis.booking.Agency = false, "WWI"
			},
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotActiveBooking}, facts: "sentence booking", reads: 3,
		},
		{
			name: "nobody found", change: func(w *world) { w.chain.match = ptpu.Match{MatchedBy: "NOTHING", State: ptpu.NoMatch} },
			want: ptpu.Outcome{State: ptpu.NoMatch}, facts: "sentence booking prisoner match", reads: 5,
		},
		{
			name: "nobody with that sentence",
			change: func(w *world) {
				w.chain.match.Kept, w.chain.match.State = nil, ptpu.NoMatchWithSentenceDate
			},
			want: ptpu.Outcome{State: ptpu.NoMatchWithSentenceDate}, facts: "sentence booking prisoner match", reads: 5,
		},
		{
			name: "two CRNs share the sentence date",
			change: func(w *world) {
				w.chain.match.Kept, w.chain.match.State = w.chain.match.Candidates, ptpu.TooManyMatches
			},
			want: ptpu.Outcome{State: ptpu.TooManyMatches}, facts: "sentence booking prisoner match", reads: 5,
		},
		{
			name: "the NOMS number is in Delius already", change: func(w *world) { w.chain.match = numberSet() },
			want: ptpu.Outcome{State: ptpu.Completed, Done: true}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{"intend set-book-number, set-location, replace-key-dates", setsBookNumber, setsLocation, replacesDates},
		},
		{
			name: "no event in Delius for the book number", change: func(w *world) { w.fails["set-book-number"] = unknown },
			want: ptpu.Outcome{State: ptpu.BookingNumberNotAssigned}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{intendsAll, setsNumber, setsBookNumber},
		},
		{
			name: "nothing to set the location on: until the sentence ends, in summer time",
			change: func(w *world) {
				w.fails["set-location"] = unknown
			},
			want:  ptpu.Outcome{State: ptpu.LocationNotUpdated, DeleteBy: time.Date(2031, 9, 10, 23, 0, 0, 0, time.UTC)},
			facts: "sentence booking prisoner match", reads: 5,
			writes: []string{intendsAll, setsNumber, setsBookNumber, setsLocation},
		},
		{
			name: "nothing to set the key dates on: until the sentence ends, in winter time",
			change: func(w *world) {
				w.fails["replace-key-dates"] = unknown
				w.nomis.sentence = ptpu.SentenceDetail{SentenceStart: date(2026, 1, 5), SentenceExpiry: date(2031, 12, 31)}
			},
			want:  ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, DeleteBy: time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)},
			facts: "sentence booking prisoner match", reads: 5,
			writes: []string{
				intendsAll, setsNumber, setsBookNumber, setsLocation,
				`replace-key-dates A1111BC 41001A {"sentenceExpiryDate":"2031-12-31"}`,
			},
		},
		{
			name: "nothing to set the location on, and no end of the sentence is known",
			change: func(w *world) {
				w.fails["set-location"] = unknown
				w.nomis.sentence.SentenceExpiry = ptpu.Date{}
			},
			want: ptpu.Outcome{State: ptpu.LocationNotUpdated}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{intendsAll, setsNumber, setsBookNumber, setsLocation},
		},
		{
			name: "no agency: no location is set",
			change: func(w *world) {
				w.prisons, w.nomis.booking.Agency = ptpu.NewPrisons(), ""
			},
			want: ptpu.Outcome{State: ptpu.Completed, Done: true}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{"intend set-noms-number, set-book-number, replace-key-dates", setsNumber, setsBookNumber, replacesDates},
		},
		{
			name: "no dates: nothing is sent that would wipe them",
			change: func(w *world) {
				w.nomis.sentence = ptpu.SentenceDetail{SentenceStart: date(2026, 1, 5), Release: date(2028, 12, 1)}
			},
			want: ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Reason: ptpu.NoDates}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{"intend set-noms-number, set-book-number, set-location", setsNumber, setsBookNumber, setsLocation},
		},
		{
			name: "no dates, but the location comes first",
			change: func(w *world) {
				w.nomis.sentence = ptpu.SentenceDetail{SentenceStart: date(2026, 1, 5)}
				w.fails["set-location"] = unknown
			},
			want: ptpu.Outcome{State: ptpu.LocationNotUpdated}, facts: "sentence booking prisoner match", reads: 5,
			writes: []string{"intend set-noms-number, set-book-number, set-location", setsNumber, setsBookNumber, setsLocation},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			p := statusChanged
			p.StatusSeq = c.seq
			got, err := w.process(t, p)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			c.want.Facts = w.learnt(c.facts)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("outcome: want -, got +:\n%s", diff)
			}
			asked := append(append([]string(nil), statusReads[:c.reads]...), c.writes...)
			if diff := cmp.Diff(asked, w.lines); diff != "" {
				t.Errorf("calls: want -, got +:\n%s", diff)
			}
		})
	}
}

func TestThePersonIsSearchedForAsTheBookingHasThem(t *testing.T) {
	w := newWorld(t)
	if _, err := w.process(t, statusChanged); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.nomis.booking, w.chain.asker); diff != "" {
		t.Errorf("booking given to the match chain: want -, got +:\n%s", diff)
	}
}

func TestSettingTheNumberOwesADomainEvent(t *testing.T) {
	set := []ptpu.IdentifierChange{{CRN: "X100001", OffenderNo: no, BookNumber: number}}
	for name, c := range map[string]struct {
		change func(*world)
		want   []ptpu.IdentifierChange
	}{
		"set":                         {func(*world) {}, set},
		"set, and a later step fails": {func(w *world) { w.fails["set-book-number"] = failed(ptpu.ErrUnavailable) }, set},
		"there already":               {func(w *world) { w.chain.match = numberSet() }, nil},
		"refused":                     {func(w *world) { w.fails["set-noms-number"] = failed(ptpu.ErrRefused) }, nil},
		"without an answer":           {func(w *world) { w.fails["set-noms-number"] = failed(ptpu.ErrUnavailable) }, nil},
	} {
		w := newWorld(t)
		c.change(w)
		_, _ = w.process(t, statusChanged)
		if diff := cmp.Diff(c.want, w.trail.changed); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func TestTheTimelineShowsWhatTheChainWasDecidedBy(t *testing.T) {
	w := newWorld(t)
	if _, err := w.process(t, statusChanged); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"sentence detail sentenceStartDate":              "2026-01-05",
		"sentence detail conditionalReleaseDate":         "2028-11-30",
		"sentence detail conditionalReleaseOverrideDate": "2028-12-01",
		"sentence detail sentenceExpiryDate":             "2031-09-10",
		"sentence detail releaseDate":                    "2028-12-01",
		"sentence terms terms":                           "3",
		"sentence terms primarySentenceDate":             "2026-02-11",
		"booking active":                                 "true",
		"booking agencyId":                               "MDI",
		"booking offenderNo":                             "A1111BC",
		"booking bookingNo":                              "41001A",
		"match matchedBy":                                "NAME",
		"match crns":                                     "X100001, X100002",
		"match filteredCrns":                             "X100001",
	}
	if diff := cmp.Diff(want, shown(w.trail.steps)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTheTimelineSaysWhyThePersonIsNotKnown(t *testing.T) {
	w := newWorld(t)
	w.chain.match = ptpu.Match{MatchedBy: "NOTHING", State: ptpu.NoMatch}
	if _, err := w.process(t, statusChanged); err != nil {
		t.Fatal(err)
	}
	last := w.trail.steps[len(w.trail.steps)-1]
	if last.Name != "match" || last.Result != string(ptpu.NoMatch) {
		t.Errorf("the last step is %+v, want match with result %s", last, ptpu.NoMatch)
	}
	if crns, ok := last.Facts["filteredCrns"]; ok {
		t.Errorf("the timeline shows %q as left by convictions that were not read", crns)
	}
}

func TestNoPersonalDataIsLeftOnTheTrail(t *testing.T) {
	for _, eventType := range ptpu.EventTypes() {
		w := newWorld(t)
		if _, err := w.process(t, ptpu.Payload{EventType: eventType}); err != nil {
			t.Fatal(err)
		}
		wantNoPerson(t, string(eventType), fmt.Sprintf("%+v", shown(w.trail.steps)))
	}
}

// shown lists the facts of the steps by step and name.
func shown(steps []ptpu.Step) map[string]string {
	all := map[string]string{}
	for _, step := range steps {
		for name, value := range step.Facts {
			all[step.Name+" "+name] = value
		}
	}
	return all
}

func wantNoPerson(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{"Canaria", "Birdwhistle", "1984-02-29"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: got %q in %s, want no personal data", where, secret, text)
		}
	}
}
