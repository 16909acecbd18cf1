package ptpu_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ptpu"
)

var (
	moorland    = ptpu.NewPrisons(" mdi ", "LEI", "")
	everyPrison = ptpu.NewPrisons()
)

func TestValidationRules(t *testing.T) {
	started := ptpu.SentenceDetail{SentenceStart: ptpu.Date{Year: 2026, Month: 2, Day: 11}}
	at := func(agency ptpu.PrisonCode, active bool) ptpu.Booking {
		return ptpu.Booking{Agency: agency, Active: active}
	}
	transfer := func(kind string, to ptpu.PrisonCode) ptpu.Movement { return ptpu.Movement{Type: kind, To: to} }
	for _, c := range []struct {
		name string
		got  ptpu.Reason
		want ptpu.Reason
	}{
		{"the newest status", ptpu.CheckSequence(0), ""},
		{"an older status", ptpu.CheckSequence(2), ptpu.NonZeroSequence},
		{"a sentence that has started", ptpu.CheckSentenced(started), ""},
		{"no sentence", ptpu.CheckSentenced(ptpu.SentenceDetail{}), ptpu.NoSentenceStartDate},
		{"active at an interested prison", ptpu.CheckBooking(at("MDI", true), moorland), ""},
		{"active anywhere when every prison counts", ptpu.CheckBooking(at("", true), everyPrison), ""},
		{"inactive at an interested prison", ptpu.CheckBooking(at("MDI", false), moorland), ptpu.NotActiveBooking},
		{"inactive elsewhere: active is asked first", ptpu.CheckBooking(at("OUT", false), moorland), ptpu.NotActiveBooking},
		{"active elsewhere", ptpu.CheckBooking(at("OUT", true), moorland), ptpu.NotAtInterestedPrison},
		{"active nowhere", ptpu.CheckBooking(at("", true), moorland), ptpu.NotAtInterestedPrison},
		{"inactive but a merge asks only for the prison", ptpu.CheckPrison(at("LEI", false), moorland), ""},
		{"a merge elsewhere", ptpu.CheckPrison(at("OUT", true), moorland), ptpu.NotAtInterestedPrison},
		{"admission to an interested prison", ptpu.CheckTransfer(transfer("ADM", "LEI"), moorland), ""},
		{"a release", ptpu.CheckTransfer(transfer("REL", "LEI"), moorland), ptpu.NotATransfer},
		{"admission to nowhere", ptpu.CheckTransfer(transfer("ADM", " "), everyPrison), ptpu.NotATransfer},
		{"admission elsewhere", ptpu.CheckTransfer(transfer("ADM", "WWI"), moorland), ptpu.NotAnInterestedPrison},
		{"a movement of an active booking", ptpu.CheckActive(at("OUT", true)), ""},
		{"a movement of a past booking", ptpu.CheckActive(at("MDI", false)), ptpu.NotActiveBooking},
		{"still where the movement went", ptpu.CheckStillThere(at("MDI", true), transfer("ADM", "MDI")), ""},
		{"moved on since", ptpu.CheckStillThere(at("LEI", true), transfer("ADM", "MDI")), ptpu.NoLongerAtThisPrison},
		{"a merged number", ptpu.CheckMerged([]ptpu.Identifier{{Type: "PNC", Value: "1"}, {Type: "MERGED", Value: "A9999BC"}}), ""},
		{"no merged number", ptpu.CheckMerged([]ptpu.Identifier{{Type: "PNC", Value: "1"}}), ptpu.NoMergedOffenders},
		{"a merged number that is none", ptpu.CheckMerged([]ptpu.Identifier{{Type: "MERGED", Value: " "}, {Type: "MERGED", Value: "12/34"}}), ptpu.NoMergedOffenders},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMergedNumbersStandOnceEach(t *testing.T) {
	got := ptpu.MergedNumbers([]ptpu.Identifier{
		{Type: "MERGED", Value: "A9999BC"}, {Type: "PNC", Value: "A1111BC"}, {Type: "MERGED", Value: "a9999bc "}, {Type: "MERGED", Value: "A8888BC"},
	})
	if want := []ptpu.OffenderNo{"A9999BC", "A8888BC"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPrimarySentenceDateIsTheLatestThatFollowsNoOther(t *testing.T) {
	follows := 61
	feb, nov, jan := date(t, "2026-02-11"), date(t, "2026-11-21"), date(t, "2026-01-13")
	for name, c := range map[string]struct {
		terms []ptpu.SentenceTerm
		want  ptpu.Date
	}{
		"no terms":                         {nil, ptpu.Date{}},
		"the later of two":                 {[]ptpu.SentenceTerm{{Start: jan}, {Start: feb}}, feb},
		"a later one that follows another": {[]ptpu.SentenceTerm{{Start: feb}, {Start: nov, ConsecutiveTo: &follows}}, feb},
		"only terms that follow others":    {[]ptpu.SentenceTerm{{Start: nov, ConsecutiveTo: &follows}}, ptpu.Date{}},
		"a term without a date":            {[]ptpu.SentenceTerm{{}, {Start: jan}}, jan},
	} {
		if got := ptpu.PrimarySentenceDate(c.terms); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestIdentifiersAreKnownByTheirForm(t *testing.T) {
	for _, good := range []interface{ Valid() bool }{
		ptpu.CRN("X100001"), ptpu.OffenderNo("A1111BC"), ptpu.BookNumber("41001A"), ptpu.BookNumber("12/3-A"), ptpu.PrisonCode("MDI"),
	} {
		if !good.Valid() {
			t.Errorf("%T %v is refused", good, good)
		}
	}
	for _, bad := range []interface{ Valid() bool }{
		ptpu.CRN(""), ptpu.CRN("X10000"), ptpu.CRN("x100001"), ptpu.CRN("X100001\n"), ptpu.OffenderNo(""), ptpu.OffenderNo("A1111BCD"),
		ptpu.OffenderNo("../../x"), ptpu.BookNumber(""), ptpu.BookNumber("4 1"), ptpu.PrisonCode(""), ptpu.PrisonCode("mdi"), ptpu.PrisonCode("M/I"),
	} {
		if bad.Valid() {
			t.Errorf("%T %q is accepted", bad, bad)
		}
	}
}

func TestAPersonPrintsAsNothing(t *testing.T) {
	p := ptpu.Person{FirstName: "Canary", Surname: "Birdwhistle", DateOfBirth: date(t, "1984-02-29")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(format, ptpu.Booking{ID: 1, Person: p})
		for _, secret := range []string{"Canary", "Birdwhistle", "1984"} {
			if strings.Contains(printed, secret) {
				t.Errorf("%s prints %s: %s", format, secret, printed)
			}
		}
	}
	if got := p.LogValue().String(); strings.Contains(got, "Canary") {
		t.Errorf("the log value is %s", got)
	}
}
