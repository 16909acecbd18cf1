package reports

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ptpu"
)

// quoted is a line of which every field is quoted.
var quoted = regexp.MustCompile(`^"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*\n$`)

// awkward draws text of what is hard on CSV and spreadsheets, among other text.
func awkward() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune("=+-@\t\r\n\"', ;aé'"))), rapid.String())
}

// shown is the text as a reader of CSV sees it: a formula has its apostrophe,
// and encoding/csv makes one character of a carriage return and a line feed.
func shown(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
		text = "'" + text
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

func TestRowsParseBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.SampledFrom([]int64{0, 5e8, 1e6, 1e3, 1}).Draw(t, "nanoseconds")).UTC()
		})
		m := ptpu.Message{
			BookingID:           ptpu.BookingID(rapid.Int64Range(1, 1<<62).Draw(t, "booking")),
			BookNumber:          ptpu.BookNumber(awkward().Draw(t, "book number")),
			Created:             at.Draw(t, "created"),
			DeleteBy:            at.Draw(t, "deleteBy"),
			Processed:           at.Draw(t, "processed"),
			EventType:           ptpu.EventType(awkward().Draw(t, "event type")),
			LegalStatus:         awkward().Draw(t, "legal status"),
			LocationDescription: awkward().Draw(t, "location"),
			LocationID:          ptpu.PrisonCode(awkward().Draw(t, "location id")),
			OffenderNo:          ptpu.OffenderNo(awkward().Draw(t, "offender number")),
			State:               ptpu.State(awkward().Draw(t, "state")),
		}
		for range rapid.IntRange(0, 3).Draw(t, "CRNs") {
			m.MatchingCRNs = append(m.MatchingCRNs, ptpu.CRN(rapid.StringMatching(`[A-Z][0-9]{6}`).Draw(t, "CRN")))
		}
		recall := ""
		if rapid.Bool().Draw(t, "recall is known") {
			known := rapid.Bool().Draw(t, "recall")
			m.Recall = &known
			recall = map[bool]string{true: "true", false: "false"}[known]
		}
		var crns []string
		for _, crn := range m.MatchingCRNs {
			crns = append(crns, string(crn))
		}
		want := map[string]string{
			"BOOKINGID": m.BookingID.String(), "BOOKINGNO": shown(string(m.BookNumber)), "CRNS": strings.Join(crns, ", "),
			"EVENTTYPE": shown(string(m.EventType)), "LEGALSTATUS": shown(m.LegalStatus), "LOCATION": shown(m.LocationDescription),
			"LOCATIONID": shown(string(m.LocationID)), "OFFENDERNO": shown(string(m.OffenderNo)), "RECALL": recall, "STATUS": shown(string(m.State)),
		}
		for _, processed := range []bool{false, true} {
			row := appendRow(nil, m, processed)
			if !quoted.Match(row) {
				t.Fatalf("not every field is quoted: %q", row)
			}
			got := parsed(t, appendHeader(nil, processed), row)
			instants := map[string]time.Time{"CREATEDDATE": m.Created, "DELETEBY": m.DeleteBy}
			if processed {
				instants["PROCESSEDDATE"] = m.Processed
			}
			for column, instant := range instants {
				wantShown(t, got[column], instant)
				delete(got, column)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("row %q read back (-want +got):\n%s", row, diff)
			}
		}
	})
}

// parsed reads a row by its header, whose names it wants in alphabetical order.
func parsed(t *rapid.T, lines ...[]byte) map[string]string {
	t.Helper()
	var all strings.Builder
	for _, line := range lines {
		all.Write(line)
	}
	records, err := csv.NewReader(strings.NewReader(all.String())).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatalf("reading %q: got %d records and error %v, want a header and a row", all.String(), len(records), err)
	}
	if !slices.IsSorted(records[0]) || strings.ToUpper(strings.Join(records[0], "")) != strings.Join(records[0], "") {
		t.Fatalf("the header is %q, want upper case in alphabetical order", records[0])
	}
	fields := map[string]string{}
	for i, name := range records[0] {
		fields[name] = records[1][i]
	}
	return fields
}

// shownForm has seconds always, and a fraction that says something.
var shownForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.(\d{3}|\d{6}|\d{9}))?$`)

// wantShown checks a date-time against a clock that was set to London's time.
func wantShown(t *rapid.T, text string, want time.Time) {
	t.Helper()
	got, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil || !shownForm.MatchString(text) || strings.HasSuffix(text, ".000") || len(text) > 23 && strings.HasSuffix(text, "000") {
		t.Fatalf("%s is shown as %q (error %v), want local time with no more of a fraction than it needs", want, text, err)
	}
	year, month, day := want.In(ptpu.London).Date()
	hour, minute, second := want.In(ptpu.London).Clock()
	if !got.Equal(time.Date(year, month, day, hour, minute, second, want.Nanosecond(), time.UTC)) {
		t.Fatalf("%s is shown as %s, want London's time", want, text)
	}
}

func TestDateTimesAreLondons(t *testing.T) {
	for _, c := range []struct{ instant, want string }{
		{"2020-12-09T15:15:50Z", `"2020-12-09T15:15:50"`},
		{"2020-12-09T15:15:00Z", `"2020-12-09T15:15:00"`},
		{"2020-06-09T15:15:50Z", `"2020-06-09T16:15:50"`},
		{"2026-03-29T00:59:59Z", `"2026-03-29T00:59:59"`}, // the clocks go forward
		{"2026-03-29T01:00:00Z", `"2026-03-29T02:00:00"`},
		{"2026-10-25T00:30:00Z", `"2026-10-25T01:30:00"`}, // and back: the hour is shown twice
		{"2026-10-25T01:30:00Z", `"2026-10-25T01:30:00"`},
		{"2025-12-31T23:59:59.9Z", `"2025-12-31T23:59:59.900"`},
		{"2024-02-29T12:00:00.000001Z", `"2024-02-29T12:00:00.000001"`},
		{"2024-02-29T12:00:00.00000001Z", `"2024-02-29T12:00:00.000000010"`},
	} {
		if got := string(appendDateTime(nil, instant(t, c.instant))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.instant, got, c.want)
		}
	}
	if got := string(appendDateTime(nil, time.Time{})); got != `""` {
		t.Errorf("no instant: got %s, want an empty field", got)
	}
}

func FuzzField(f *testing.F) {
	for _, text := range []string{"", "Moorland (HMP)", `"`, `say "so"`, "=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "a\nb", "'", ",", "\xff\x00", "é=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		field := appendField(nil, text)
		if !quoted.Match(append(slices.Clone(field), '\n')) {
			t.Fatalf("%q becomes %q, want one quoted field", text, field)
		}
		record, err := csv.NewReader(strings.NewReader(string(field) + "\n")).Read()
		if err != nil || len(record) != 1 {
			t.Fatalf("%q becomes %q, which reads as %q with error %v", text, field, record, err)
		}
		if record[0] != shown(text) {
			t.Errorf("%q reads back as %q, want %q", text, record[0], shown(text))
		}
		if record[0] != "" && strings.ContainsAny(record[0][:1], "=+-@\t\r") {
			t.Errorf("%q reads back as %q, which a spreadsheet would run", text, record[0])
		}
	})
}

func TestARowCostsNoMemory(t *testing.T) {
	yes := true
	m := message(1200835, instant(t, "2026-07-01T12:00:00.123456789Z"), processedAt(instant(t, "2026-07-02T12:00:00Z")))
	m.Recall = &yes
	rows := make([]byte, 0, 1<<10)
	if got := testing.AllocsPerRun(100, func() { rows = appendRow(rows[:0], m, true) }); got != 0 {
		t.Errorf("a row without CRNs takes %v allocations, want none", got)
	}
}
