package telemetry

import (
	"time"

	"ptpu"
)

// answered counts an attempt that did not fail in the promised series. Movements
// and dates count when Delius answered, so that what was never sent to it is in
// neither; a change of status counts once it is done with. Each of these ends
// its message, or is the end already, so that no message counts twice.
func (m *Metrics) answered(a ptpu.Attempt) {
	after := a.After
	switch after.EventType {
	case ptpu.ExternalMovementInserted:
		switch after.State {
		case ptpu.Completed:
			m.movements.add(kindSuccess)
		case ptpu.LocationNotUpdated:
			m.movements.add(kindFail)
		default: // it no longer mattered
		}
	case ptpu.SentenceDatesChanged, ptpu.ConfirmedReleaseDateChanged:
		switch {
		case after.State == ptpu.Completed:
			m.dateChanges.add(kindSuccess)
		case after.State != ptpu.KeyDatesNotUpdated || after.Reason == ptpu.NoDates: // not sent
		case a.Outcome.Facts.ConvictionUnknown:
			m.dateChanges.add(kindNoConviction)
		default:
			m.dateChanges.add(kindNoOffender)
		}
	case ptpu.ImprisonmentStatusChanged:
		if after.State == ptpu.Completed || after.State == ptpu.NoLongerValid {
			m.statusChanges.add(kindSuccess)
			m.statusRetries.Observe(float64(after.Retries))
			m.statusDays.Observe(days(after.Processed.Sub(after.FirstSeen)))
		}
	default: // nothing is promised of the others
	}
}

// days are counted as staff do: a part day is a whole one, no time is no day.
func days(d time.Duration) float64 {
	const day = 24 * time.Hour
	whole := max(d, 0).Truncate(day)
	if d > whole {
		whole += day
	}
	return float64(whole / day)
}
