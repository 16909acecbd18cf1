package telemetry

import "time"

// Insights sends custom events to Application Insights.
type Insights struct{}

// Track hands over one event of the trace.
func (i *Insights) Track(traceID string, e Event, at time.Time) {}
