package processor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

func TestDatesChanged(t *testing.T) {
	calls := []string{"booking 1200835", "sentence detail 1200835", "intend replace-key-dates", replacesDates}
	namesBookNumber := failed(ptpu.ErrNotFound)
	namesBookNumber.NamesBookNumber = true
	for _, c := range []struct {
		name    string
		change  func(*world)
		want    ptpu.Outcome // its facts stand by name
		facts   string
		unknown bool // the conviction is, the offender is not
		calls   int
	}{
		{
			name: "the dates of NOMIS",
			want: ptpu.Outcome{State: ptpu.Completed, Done: true}, facts: "booking sentence", calls: 4,
		},
		{
			name: "not active", change: func(w *world) { w.nomis.booking.Active = false },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotActiveBooking}, facts: "booking", calls: 1,
		},
		{
			name: "elsewhere", change: func(w *world) { w.nomis.booking.Agency = "WWI" },
			want: ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotAtInterestedPrison}, facts: "booking", calls: 1,
		},
		{
			name:   "neither active nor here: active is asked first",
			change: func(w *world) { w.nomis.booking.Active, w.nomis.booking.Agency = false, "WWI" },
			want:   ptpu.Outcome{State: ptpu.NoLongerValid, Done: true, Reason: ptpu.NotActiveBooking}, facts: "booking", calls: 1,
		},
		{
			name: "no date at all", change: func(w *world) { w.nomis.sentence = ptpu.SentenceDetail{} },
			want: ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Reason: ptpu.NoDates}, facts: "booking sentence", calls: 2,
		},
		{
			name: "only dates that Delius does not keep",
			change: func(w *world) {
				w.nomis.sentence = ptpu.SentenceDetail{SentenceStart: date(2026, 1, 5), Release: date(2028, 12, 1)}
			},
			want: ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true, Reason: ptpu.NoDates}, facts: "booking sentence", calls: 2,
		},
		{
			name: "Delius does not know the offender", change: func(w *world) { w.fails["replace-key-dates"] = failed(ptpu.ErrNotFound) },
			want: ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true}, facts: "booking sentence", calls: 4,
		},
		{
			name: "Delius does not know the book number", change: func(w *world) { w.fails["replace-key-dates"] = namesBookNumber },
			want: ptpu.Outcome{State: ptpu.KeyDatesNotUpdated, Done: true}, facts: "booking sentence", unknown: true, calls: 4,
		},
	} {
		for _, eventType := range []ptpu.EventType{ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged} {
			t.Run(string(eventType)+"/"+c.name, func(t *testing.T) {
				w := newWorld(t)
				if c.change != nil {
					c.change(w)
				}
				got, err := w.process(t, ptpu.Payload{EventType: eventType})
				if err != nil {
					t.Fatalf("got error %v", err)
				}
				want := c.want
				want.Facts = w.learnt(c.facts)
				want.Facts.ConvictionUnknown = c.unknown
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("outcome: want -, got +:\n%s", diff)
				}
				if diff := cmp.Diff(calls[:c.calls], w.lines); diff != "" {
					t.Errorf("calls: want -, got +:\n%s", diff)
				}
			})
		}
	}
}

func TestEachDateReachesDeliusUnderItsName(t *testing.T) {
	w := newWorld(t)
	w.nomis.sentence = ptpu.SentenceDetail{
		ConfirmedRelease:               date(2028, 1, 2),
		ConditionalRelease:             date(2028, 1, 3),
		LicenceExpiry:                  date(2028, 1, 5),
		ParoleEligibility:              date(2028, 1, 6),
		SentenceExpiry:                 date(2028, 1, 7),
		TopupSupervisionExpiry:         date(2028, 1, 8),
		HomeDetentionCurfewEligibility: date(2028, 1, 9),
	}
	if _, err := w.process(t, ptpu.Payload{EventType: ptpu.SentenceDatesChanged}); err != nil {
		t.Fatal(err)
	}
	want := []string{`replace-key-dates A1111BC 41001A {` +
		`"conditionalReleaseDate":"2028-01-03",` +
		`"sentenceExpiryDate":"2028-01-07",` +
		`"paroleEligibilityDate":"2028-01-06",` +
		`"licenceExpiryDate":"2028-01-05",` +
		`"expectedReleaseDate":"2028-01-02",` +
		`"hdcEligibilityDate":"2028-01-09",` +
		`"postSentenceSupervisionEndDate":"2028-01-08"}`}
	if diff := cmp.Diff(want, w.writes()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
