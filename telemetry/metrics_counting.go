package telemetry

import (
	"strings"
	"time"

	"ptpu"
)

func (m *Metrics) ruled(r ptpu.Ruling) {
	eventType := typeOf(r.Payload.EventType)
	if r.Payload.EventType == "" {
		eventType = typeUnreadable
	}
	m.notices.WithLabelValues(eventType, oneOf(decisions, r.Decision)).Inc()
	if r.Decision == ptpu.Ignored {
		m.ignored.WithLabelValues(eventType, oneOf(reasons, r.Reason)).Inc()
	}
}

func (m *Metrics) attempted(a ptpu.Attempt) {
	eventType := typeOf(a.Before.EventType)
	m.attempts.WithLabelValues(eventType, oneOf(states, a.After.State)).Inc()
	m.attemptTook.WithLabelValues(eventType).Observe(a.Took.Seconds())
	if lag := a.Started.Sub(a.Before.Due); waited(a.Before) && lag >= 0 {
		m.holdbackLag.Observe(lag.Seconds())
	}
	if rhythm, again := rhythmOf(a); again {
		m.retries.WithLabelValues(rhythm).Inc()
	}
	if a.Err == nil {
		m.answered(a)
	}
	// One that expires is told of once more as expired, and counted there.
	if !a.After.Open() && a.After.State != ptpu.Expired {
		m.end(a.After)
	}
}

// waited reports whether the message has rested and met no attempt yet. Its due
// instant is then that at which it was ripe; one that another message of its
// booking took along starts before it.
func waited(m ptpu.Message) bool { return m.Attempts == 0 && !m.Due.IsZero() }

// rhythmOf says by which rhythm the message is tried again, if it is.
func rhythmOf(a ptpu.Attempt) (rhythm string, again bool) {
	switch {
	case a.After.Due.IsZero():
		return "", false
	case a.Err != nil && ptpu.ClassOf(a.Err) != ptpu.RefusedHere:
		return tierSoon, true
	}
	return string(ptpu.TierOf(a.After.Retries)), true
}

func (m *Metrics) superseded(after ptpu.Message) { m.end(after) }

func (m *Metrics) expired(after ptpu.Message) {
	m.end(after)
	if after.EventType == ptpu.ImprisonmentStatusChanged {
		m.statusChanges.add(kindFail)
	}
}

func (m *Metrics) end(after ptpu.Message) {
	m.ended.WithLabelValues(typeOf(after.EventType), oneOf(states, after.State)).Inc()
}

func (m *Metrics) poisoned(p ptpu.Message) { m.poison.WithLabelValues(typeOf(p.EventType)).Inc() }

func (m *Metrics) published(a ptpu.Announcement, err error) {
	change := changeUpdated
	if a.Change.Added() {
		change = changeAdded
	}
	result := resultPublished
	if err != nil {
		result = resultFailed
	}
	m.domainEvents.WithLabelValues(change, result).Inc()
}

// ticked sets a gauge that is not there before: a pod that processes nothing has
// no last tick, and none that lies in 1970.
func (m *Metrics) ticked() { m.lastTick.WithLabelValues().SetToCurrentTime() }

func (m *Metrics) did(job string, took time.Duration, err error) {
	job = m.jobs.of(job)
	if err != nil {
		m.housekeeping.WithLabelValues(job, resultFailed).Observe(took.Seconds())
		return
	}
	m.housekeeping.WithLabelValues(job, resultDone).Observe(took.Seconds())
	m.lastSuccess.WithLabelValues(job).SetToCurrentTime()
}

func (m *Metrics) called(upstream, method, route string, status int, took time.Duration) {
	m.calls.WithLabelValues(m.upstreams.of(upstream), oneOf(methods, method), m.upstreamRoutes.of(route), statusOf(status)).
		Observe(took.Seconds())
}

// Served counts an HTTP request that ptpu has answered. The route is the pattern
// that the mux chose (http.Request.Pattern), with or without its method, never
// the path; empty when there was none. The status is 0 when the caller left
// before the answer began.
func (m *Metrics) Served(method, route string, status int, took time.Duration) {
	if _, path, ok := strings.Cut(route, " "); ok {
		route = path
	}
	if route == "" {
		route = none
	}
	m.requests.WithLabelValues(oneOf(methods, method), m.routes.of(route), statusOf(status)).Observe(took.Seconds())
}

// InHand changes the number of bookings that this pod works on: 1 when work on
// one begins, -1 when it ends.
func (m *Metrics) InHand(change int) { m.inHand.Add(float64(change)) }

// LeaseHeld says whether this pod holds the named lock.
func (m *Metrics) LeaseHeld(lease string, held bool) {
	value := 0.0
	if held {
		value = 1
	}
	m.leaseHeld.WithLabelValues(m.leases.of(lease)).Set(value)
}

// CircuitIs says which state the circuit to a neighbour is in: closed, half-open
// or open.
func (m *Metrics) CircuitIs(upstream, state string) {
	upstream = m.upstreams.of(upstream)
	for _, each := range circuitStates {
		value := 0.0
		if each == state {
			value = 1
		}
		m.circuits.WithLabelValues(upstream, each).Set(value)
	}
}

// EventSent counts custom events that Application Insights has taken.
func (m *Metrics) EventSent(n int) { m.eventsSent.Add(float64(n)) }

// EventDropped counts custom events that were given up, and why: one of a few
// fixed texts.
func (m *Metrics) EventDropped(n int, why string) {
	m.eventsDropped.WithLabelValues(m.whys.of(why)).Add(float64(n))
}
