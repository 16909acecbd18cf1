package telemetry_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The page for those who read the metrics lists what a scrape shows once
// everything has happened, in the scrape's own words.
func TestTheDocumentedMetricsAreThoseOfAScrape(t *testing.T) {
	o, m := observed(t)
	everything(t, o, m)
	var got []string
	for name, family := range families(t, m) {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		slices.Sort(labels)
		got = append(got, strings.Join([]string{name, strings.ToLower(family.GetType().String()), strings.Join(labels, ", "), family.GetHelp()}, " | "))
	}
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		if len(cells) != 5 || strings.TrimSpace(cells[4]) == "" {
			t.Errorf("the row %swants five cells, the last one saying when it counts", line)
			continue
		}
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cell, "`", ""))
		}
		labels := strings.Split(cells[2], ", ")
		slices.Sort(labels)
		want = append(want, strings.Join([]string{cells[0], cells[1], strings.Join(labels, ", "), cells[3]}, " | "))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/metrics.md -, the scrape +:\n%s", diff)
	}
}
