package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ptpu"
)

// stale is how long a measurement is shown. One pod at a time measures, and it
// may be another one tomorrow: a pod that no longer does shows nothing, because
// an old number would be taken for the present one.
const stale = 3 * time.Minute

// measured shows what was measured last, of each thing all or nothing.
type measured struct {
	mu   sync.Mutex
	last map[string]measurement
}

type measurement struct {
	at     time.Time
	values []prometheus.Metric
}

func newMeasured() *measured { return &measured{last: map[string]measurement{}} }

func (m *measured) set(what string, values ...prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last[what] = measurement{at: time.Now(), values: values}
}

// Describe gives everything that can be measured.
func (m *measured) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{dueItems, oldestDue, queueMessages, queueOldest} {
		to <- desc
	}
}

// Collect gives what is not stale.
func (m *measured) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for what, measurement := range m.last {
		if time.Since(measurement.at) >= stale {
			delete(m.last, what)
			continue
		}
		for _, value := range measurement.values {
			to <- value
		}
	}
}

// BacklogMeasured shows how much work was due at now, for three minutes.
func (m *Metrics) BacklogMeasured(b ptpu.Backlog, now time.Time) {
	age := time.Duration(0)
	if !b.Oldest.IsZero() {
		age = max(now.Sub(b.Oldest), 0)
	}
	m.measured.set("backlog", reading(dueItems, float64(b.Due)), reading(oldestDue, age.Seconds()))
}

// QueueMeasured shows how many messages a queue holds, for three minutes, and
// how old the oldest is where that is known. The queue is named by what it is
// for, such as events; its name at AWS differs between environments.
func (m *Metrics) QueueMeasured(queue string, visible, inFlight, delayed int, oldest time.Duration, hasOldest bool) {
	queue = m.queues.of(queue)
	values := []prometheus.Metric{
		reading(queueMessages, float64(visible), queue, "visible"),
		reading(queueMessages, float64(inFlight), queue, "in_flight"),
		reading(queueMessages, float64(delayed), queue, "delayed"),
	}
	if hasOldest {
		values = append(values, reading(queueOldest, oldest.Seconds(), queue))
	}
	m.measured.set("queue "+queue, values...)
}

func reading(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}
