package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"ptpu"
)

// series are all that ptpu counts as things happen. The names of the metrics and
// of their labels stand here, and those of what is measured from time to time
// below. docs/metrics.md explains each to those who read them.
type series struct {
	build *prometheus.GaugeVec

	// Promised: the predecessor's dashboards and alerts rest on these.
	movements, dateChanges, statusChanges *tally
	statusRetries, statusDays             prometheus.Observer

	notices, ignored                               *prometheus.CounterVec
	holdbackLag                                    prometheus.Observer
	attempts, ended, poison, domainEvents, retries *prometheus.CounterVec
	attemptTook                                    *prometheus.HistogramVec
	calls, requests, housekeeping                  *prometheus.HistogramVec
	lastTick, lastSuccess, leaseHeld, circuits     *prometheus.GaugeVec
	inHand                                         prometheus.Gauge
	eventsSent                                     prometheus.Counter
	eventsDropped                                  *prometheus.CounterVec
}

// The buckets, in seconds unless it is said otherwise.
var (
	retriesBefore   = []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50} // how many
	daysBefore      = prometheus.LinearBuckets(1, 1, 20)                                      // days
	holdbackBuckets = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600}
	attemptBuckets  = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}
	callBuckets     = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40}
	requestBuckets  = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300}
	jobBuckets      = []float64{0.01, 0.1, 1, 10, 60, 300, 900, 3600}
)

func newSeries(registry prometheus.Registerer) series {
	in := promauto.With(registry)
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return in.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return in.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return in.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	total := func(name, help string, kinds ...string) *tally {
		t := newTally(name, help, kinds...)
		registry.MustRegister(t)
		return t
	}
	s := series{
		build: gauge("ptpu_build_info", "What is running; always 1.", "version", "commit", "go_version"),

		movements: total("ptpu_movement_total", "Movements that Delius answered.", kindSuccess, kindFail),
		dateChanges: total("ptpu_sentenceDateChange_total", "Changes of sentence dates or of the confirmed release date that Delius answered.",
			kindSuccess, kindNoOffender, kindNoConviction),
		statusChanges: total("ptpu_statusChangeCounter_total", "Changes of imprisonment status that came to an end.", kindSuccess, kindFail),
		statusRetries: histogram("ptpu_statusChange_retries", "Retries that a change of imprisonment status took to succeed.",
			retriesBefore, "eventType").WithLabelValues("successAfterRetries"),
		statusDays: histogram("ptpu_statusChange", "Days that a change of imprisonment status took to succeed; a part day counts whole.",
			daysBefore, "eventType").WithLabelValues("successAfterTimeDays"),

		notices: count("ptpu_notices_total", "Notices taken off the event queue, by what became of them.", "event_type", "decision"),
		ignored: count("ptpu_notices_ignored_total", "Notices that do not matter, by the rule that says so.", "event_type", "reason"),

		holdbackLag: histogram("ptpu_holdback_lag_seconds", "Time from when a message was ripe to its first attempt.",
			holdbackBuckets).WithLabelValues(),
		attempts: count("ptpu_attempts_total", "Attempts, by the state in which they left the message.", "event_type", "state"),
		attemptTook: histogram("ptpu_attempt_duration_seconds", "How long attempts took.",
			attemptBuckets, "event_type"),
		retries: count("ptpu_retries_scheduled_total", "Attempts after which the message is tried again, by its rhythm.", "tier"),
		ended:   count("ptpu_messages_ended_total", "Messages processed, by their final state.", "event_type", "state"),
		poison:  count("ptpu_messages_poisoned_total", "Messages set aside for a person because work on them crashed again and again.", "event_type"),
		domainEvents: count("ptpu_domain_events_total", "Tries to publish that a prison identifier has changed.",
			"change", "result"),

		calls: histogram("ptpu_upstream_call_duration_seconds", "How long calls to a neighbour took, repeats included.",
			callBuckets, "upstream", "method", "route", "status"),

		circuits: gauge("ptpu_upstream_circuit_state", "State of this pod's circuit to a neighbour: 1 for the one that it is in.",
			"upstream", "state"),

		lastTick: gauge("ptpu_scheduler_last_tick_timestamp_seconds", "When this pod last looked for due work."),
		inHand:   gauge("ptpu_bookings_in_hand", "Bookings that this pod works on.").WithLabelValues(),
		housekeeping: histogram("ptpu_housekeeping_duration_seconds", "How long a piece of housekeeping took on this pod.",
			jobBuckets, "job", "result"),
		lastSuccess: gauge("ptpu_housekeeping_last_success_timestamp_seconds", "When this pod last did a piece of housekeeping.", "job"),
		leaseHeld:   gauge("ptpu_lease_held", "Whether this pod holds a lock that one pod at a time may hold.", "lease"),

		requests: histogram("ptpu_http_request_duration_seconds", "How long answering an HTTP request took.",
			requestBuckets, "method", "route", "status"),

		eventsSent:    count("ptpu_custom_events_sent_total", "Custom events that Application Insights has taken.").WithLabelValues(),
		eventsDropped: count("ptpu_custom_events_dropped_total", "Custom events that did not reach Application Insights.", "reason"),
	}
	types := texts(ptpu.EventTypes())
	begin(s.notices, append(types, other, typeUnreadable), texts(decisions))
	begin(s.ended, types, texts(finalStates))
	begin(s.poison, types)
	begin(s.retries, rhythms)
	begin(s.domainEvents, []string{changeAdded, changeUpdated}, []string{resultPublished, resultFailed})
	return s
}

// What is measured from time to time.
var (
	dueItems = prometheus.NewDesc("ptpu_due_items",
		"Attempts, expiries and domain events that are due; at the limit of the count, at least so many.", nil, nil)
	oldestDue     = prometheus.NewDesc("ptpu_due_oldest_age_seconds", "How long the longest due has been due; 0 when nothing is.", nil, nil)
	queueMessages = prometheus.NewDesc("ptpu_queue_messages", "Messages on a queue, as the queue says.", []string{"queue", "state"}, nil)
	queueOldest   = prometheus.NewDesc("ptpu_queue_oldest_age_seconds", "Age of the oldest message on a queue.", []string{"queue"}, nil)
)

// Values of labels that are no words of the domain.
const (
	kindTotal        = "total"
	kindSuccess      = "success"
	kindFail         = "fail"
	kindNoOffender   = "fail_no_offender"
	kindNoConviction = "fail_no_conviction"

	typeUnreadable  = "unreadable" // of a notice whose type could not be read
	tierSoon        = "soon"       // the rhythm after a transient failure
	changeAdded     = "added"
	changeUpdated   = "updated"
	resultPublished = "published"
	resultDone      = "done"
	resultFailed    = "failed"
)

// The states of a circuit. Half-open lets a few calls through, open none.
const (
	circuitClosed   = "closed"
	circuitHalfOpen = "half-open"
	circuitOpen     = "open"
)

var circuitStates = []string{circuitClosed, circuitHalfOpen, circuitOpen}

var rhythms = []string{string(ptpu.Short), string(ptpu.Medium), string(ptpu.Long), tierSoon}
