package ledgertest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// counts is how often something happened, by series as a scrape writes it.
type counts map[string]int

// add counts one of the series; labels are names and values in turn, the names
// in order.
func (c counts) add(series string, labels ...string) {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+labels[i+1]+`"`)
	}
	c[series+"{"+strings.Join(pairs, ",")+"}"]++
}

// either counts one of a kind, and in total.
func (c counts) either(series, kind string) {
	c.add(series, "type", "total")
	c.add(series, "type", kind)
}

// accounted are the series that the ledger counts.
var accounted = []string{
	"ptpu_messages_ended_total", "ptpu_messages_poisoned_total", "ptpu_attempts_total",
	"ptpu_retries_scheduled_total", "ptpu_statusChangeCounter_total", "ptpu_movement_total", "ptpu_sentenceDateChange_total",
}

// scraped adds up the accounted series of the scrapes, one of each process.
func scraped(scrapes []string) counts {
	sum := counts{}
	for _, scrape := range scrapes {
		for line := range strings.Lines(scrape) {
			series, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
			if !ok || !slices.ContainsFunc(accounted, func(name string) bool { return strings.HasPrefix(series, name) }) {
				continue
			}
			n, err := strconv.ParseFloat(value, 64)
			if err != nil || n == 0 {
				continue
			}
			series += "}"
			// Which of the two a 404 means is in its text, which the ledger does
			// not read.
			for _, kind := range []string{"fail_no_offender", "fail_no_conviction"} {
				series = strings.Replace(series, kind, "fail_no", 1)
			}
			sum[series] += int(n)
		}
	}
	return sum
}

// MetricsAgree holds the scrapes of all processes, the dead ones as they were
// last, to I7: together they say what the rows say. uncounted is how many
// decisions may have taken effect without their process having learnt of it:
// those of processes that were cut off, or never got an answer.
func (l *Ledger) MetricsAgree(uncounted int, scrapes ...string) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	got := scraped(scrapes)
	for _, series := range slices.Sorted(maps.Keys(l.counted)) {
		if _, ok := got[series]; !ok {
			got[series] = 0
		}
	}
	for _, series := range slices.Sorted(maps.Keys(got)) {
		missing := l.counted[series] - got[series]
		if missing < 0 || missing > uncounted {
			l.broken("I7", "", "", "%s: the rows say %d, the metrics %d; at most %d may be uncounted",
				series, l.counted[series], got[series], uncounted)
		}
	}
	return slices.Clone(l.violations[from:])
}
