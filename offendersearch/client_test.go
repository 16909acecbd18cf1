package offendersearch_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/offendersearch"
	"ptpu/upstream"
	"ptpu/upstream/upstreamtest"
)

var person = ptpu.Person{FirstName: "Oakley", Surname: "Fenwick", DateOfBirth: ptpu.Date{Year: 1984, Month: 2, Day: 29}}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		file     string
		pnc, cro string
		want     ptpu.SearchResult
		asked    string
	}{
		"two people": {
			file: "match-two.json", pnc: "2006/0123456X", cro: "123456/06T",
			want:  ptpu.SearchResult{MatchedBy: "NAME", CRNs: []ptpu.CRN{"X100001", "X100002"}},
			asked: `{"firstName":"Oakley","surname":"Fenwick","dateOfBirth":"1984-02-29","nomsNumber":"A1111BC","activeSentence":true,"pncNumber":"2006/0123456X","croNumber":"123456/06T"}`,
		},
		"nobody, asked for without PNC and CRO": {
			file:  "match-none.json",
			want:  ptpu.SearchResult{MatchedBy: "NOTHING"},
			asked: `{"firstName":"Oakley","surname":"Fenwick","dateOfBirth":"1984-02-29","nomsNumber":"A1111BC","activeSentence":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := upstreamtest.Serve(t, upstreamtest.File(t, http.StatusOK, c.file))
			client := offendersearch.New(server.API(t, upstream.Config{}, "/search"))
			got, err := client.Match(t.Context(), person, "A1111BC", c.pnc, c.cro)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
			asked := server.Asked()
			if len(asked) != 1 || asked[0].Method != http.MethodPost || asked[0].Target != "/search/match" || asked[0].Body != c.asked {
				t.Errorf("asked %+v, want one POST /search/match of %s", asked, c.asked)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	upstreamtest.Failures(t, func(ctx context.Context, api upstream.API) error {
		_, err := offendersearch.New(api).Match(ctx, person, "A1111BC", "", "")
		return err
	})
}

// An answer with something missing would pass for fewer people than were found.
func TestIncompleteAnswersAreNotTrusted(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                     `{}`,
		"no matches":                  `{"matchedBy": "NAME"}`,
		"matches that are null":       `{"matches": null, "matchedBy": "NOTHING"}`,
		"not how":                     `{"matches": []}`,
		"a match without a CRN":       `{"matches": [{"offender": {"otherIds": {"crn": "X100001"}}}, {"offender": {"otherIds": {}}}], "matchedBy": "NAME"}`,
		"a match of a different kind": `{"matches": ["X100001"], "matchedBy": "NAME"}`,
	} {
		server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusOK, body))
		got, err := offendersearch.New(server.API(t, upstream.Config{}, "")).Match(t.Context(), person, "A1111BC", "", "")
		if !errors.Is(err, ptpu.ErrUnavailable) {
			t.Errorf("%s: got %+v and error %v, want %v", name, got, err, ptpu.ErrUnavailable)
		}
	}
}

func TestSearchIsSafeToRepeat(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.JSON(http.StatusBadGateway, ""), upstreamtest.File(t, http.StatusOK, "match-none.json"))
	client := offendersearch.New(server.API(t, upstream.Config{Safe: offendersearch.Safe}, "/search"))
	if _, err := client.Match(t.Context(), person, "A1111BC", "", ""); err != nil {
		t.Fatalf("got error %v, want the second try's answer", err)
	}
	asked := server.Asked()
	if len(asked) != 2 || asked[0].Body != asked[1].Body {
		t.Errorf("asked %+v, want the same twice", asked)
	}
}

func TestWhatCannotBeANumberIsNotAsked(t *testing.T) {
	server := upstreamtest.Serve(t, upstreamtest.File(t, http.StatusOK, "match-none.json"))
	client := offendersearch.New(server.API(t, upstream.Config{}, ""))
	if _, err := client.Match(t.Context(), person, "", "", ""); !errors.Is(err, ptpu.ErrRefused) {
		t.Errorf("got error %v, want %v", err, ptpu.ErrRefused)
	}
	if asked := server.Asked(); len(asked) != 0 {
		t.Errorf("asked %+v, want nothing", asked)
	}
}
