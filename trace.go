package ptpu

import "strings"

// TraceParent is a W3C traceparent: by it logs, audit entries, upstream calls
// and domain events that belong together find each other. Empty is none.
type TraceParent string

// TraceID is the trace's own part, 32 hexadecimal digits; empty when there is
// none.
func (t TraceParent) TraceID() string {
	parts := strings.Split(string(t), "-")
	if len(parts) != 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}
