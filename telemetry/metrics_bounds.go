package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"ptpu"
)

// other stands for every label value that is not expected. Prometheus keeps a
// series for each value for good, so nothing from outside may become one.
const other = "other"

// none stands for what is not there: no answer, no route.
const none = "none"

var (
	decisions = []ptpu.Decision{
		ptpu.Stored, ptpu.Duplicate, ptpu.Ignored, ptpu.HandedBack, ptpu.DeadLettered, ptpu.Interrupted,
	}
	reasons = []ptpu.Reason{
		ptpu.NonZeroSequence, ptpu.NoSentenceStartDate, ptpu.NotActiveBooking, ptpu.NotAtInterestedPrison, ptpu.MovementNotFound,
		ptpu.NotATransfer, ptpu.NotAnInterestedPrison, ptpu.NoLongerAtThisPrison, ptpu.NoMergedOffenders, ptpu.UnknownEventType,
	}
	// finalStates are those that a message can end in by ptpu's own doing.
	finalStates = []ptpu.State{
		ptpu.Completed, ptpu.NoLongerValid, ptpu.LocationNotUpdated, ptpu.KeyDatesNotUpdated, ptpu.Failed, ptpu.Superseded, ptpu.Expired,
	}
	states = append([]ptpu.State{
		ptpu.Validated, ptpu.NoMatch, ptpu.NoMatchWithSentenceDate, ptpu.TooManyMatches, ptpu.BookingNumberNotAssigned,
		ptpu.Dismissed, ptpu.NotValid,
	}, finalStates...)
	methods = []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	}
)

// oneOf keeps a label to the values known beforehand.
func oneOf[T ~string](known []T, value T) string {
	if slices.Contains(known, value) {
		return string(value)
	}
	return other
}

func typeOf(t ptpu.EventType) string {
	if t.Known() {
		return string(t)
	}
	return other
}

// statusOf is an HTTP status as a label; 0 is no answer.
func statusOf(status int) string {
	switch {
	case status == 0:
		return none
	case status < 100 || status > 599:
		return other
	}
	return strconv.Itoa(status)
}

// few keeps a label whose values the wiring chooses to as many as there can be,
// first come, first served. A mistake there must not cost the service its memory.
type few struct {
	most int

	mu   sync.Mutex
	seen map[string]bool
}

func (f *few) of(value string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.seen[value]:
		return value
	case len(f.seen) >= f.most, !utf8.ValidString(value):
		return other
	case f.seen == nil:
		f.seen = map[string]bool{}
	}
	f.seen[value] = true
	return value
}
