package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// tally counts by kind. The total is added up as it is scraped, so that in every
// scrape it is the sum of the others.
type tally struct {
	desc  *prometheus.Desc
	kinds []string

	mu    sync.Mutex
	count map[string]int
}

func newTally(name, help string, kinds ...string) *tally {
	return &tally{desc: prometheus.NewDesc(name, help, []string{"type"}, nil), kinds: kinds, count: map[string]int{}}
}

func (t *tally) add(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count[kind]++
}

// Describe gives the one family.
func (t *tally) Describe(to chan<- *prometheus.Desc) { to <- t.desc }

// Collect gives every kind, also those not met yet, and the total.
func (t *tally) Collect(to chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	total := 0
	for _, kind := range t.kinds {
		total += t.count[kind]
		to <- prometheus.MustNewConstMetric(t.desc, prometheus.CounterValue, float64(t.count[kind]), kind)
	}
	to <- prometheus.MustNewConstMetric(t.desc, prometheus.CounterValue, float64(total), kindTotal)
}

// begin has a counter start at 0 for each combination of label values: what
// appears with its first count has, to Prometheus, never increased.
func begin(counter *prometheus.CounterVec, labels ...[]string) {
	combinations := [][]string{nil}
	for _, values := range labels {
		var longer [][]string
		for _, some := range combinations {
			for _, value := range values {
				longer = append(longer, append(some[:len(some):len(some)], value))
			}
		}
		combinations = longer
	}
	for _, values := range combinations {
		counter.WithLabelValues(values...)
	}
}

func texts[T ~string](values []T) []string {
	all := make([]string, 0, len(values))
	for _, value := range values {
		all = append(all, string(value))
	}
	return all
}
