package telemetry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
)

func TestAMeasurementIsGoneAfterThreeMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, m := observed(t)
		prefixes := []string{"ptpu_due", "ptpu_queue"}
		wantValues(t, m, map[string]float64{}, prefixes...)

		m.BacklogMeasured(ptpu.Backlog{Due: 7, Oldest: time.Now().Add(-90 * time.Second)}, time.Now())
		m.QueueMeasured("events", 3, 2, 1, 40*time.Second, true)
		backlog := map[string]float64{"ptpu_due_items": 7, "ptpu_due_oldest_age_seconds": 90}
		events := map[string]float64{
			`ptpu_queue_messages{queue="events",state="visible"}`:   3,
			`ptpu_queue_messages{queue="events",state="in_flight"}`: 2,
			`ptpu_queue_messages{queue="events",state="delayed"}`:   1,
			`ptpu_queue_oldest_age_seconds{queue="events"}`:         40,
		}
		wantValues(t, m, backlog, "ptpu_due")
		wantValues(t, m, events, "ptpu_queue")

		time.Sleep(2 * time.Minute)
		m.BacklogMeasured(ptpu.Backlog{Due: 7, Oldest: time.Now().Add(-90 * time.Second)}, time.Now())
		time.Sleep(time.Minute - time.Nanosecond)
		wantValues(t, m, events, "ptpu_queue")
		time.Sleep(time.Nanosecond)
		wantValues(t, m, map[string]float64{}, "ptpu_queue")
		wantValues(t, m, backlog, "ptpu_due")

		time.Sleep(2 * time.Minute)
		wantValues(t, m, map[string]float64{}, prefixes...)
		for series := range values(t, m) {
			if series == "ptpu_due_items" || series == "ptpu_due_oldest_age_seconds" {
				t.Errorf("%s is still shown, want it gone rather than 0", series)
			}
		}

		m.BacklogMeasured(ptpu.Backlog{Due: 1, Oldest: time.Now()}, time.Now().Add(time.Second))
		wantValues(t, m, map[string]float64{"ptpu_due_items": 1, "ptpu_due_oldest_age_seconds": 1}, prefixes...)
	})
}

func TestNothingDueIsShownAsZero(t *testing.T) {
	_, m := observed(t)
	m.BacklogMeasured(ptpu.Backlog{}, time.Now())
	got := values(t, m)
	for _, series := range []string{"ptpu_due_items", "ptpu_due_oldest_age_seconds"} {
		if value, ok := got[series]; !ok || value != 0 {
			t.Errorf("%s: got %v, shown: %t; want 0", series, value, ok)
		}
	}
}

// What falls due while it is measured is not due since the future.
func TestNothingIsDueSinceTheFuture(t *testing.T) {
	_, m := observed(t)
	m.BacklogMeasured(ptpu.Backlog{Due: 1, Oldest: noon.Add(time.Second)}, noon)
	wantValues(t, m, map[string]float64{"ptpu_due_items": 1}, "ptpu_due")
}

func TestAQueueThatNoLongerSaysHowOldItIsShowsNoAge(t *testing.T) {
	_, m := observed(t)
	m.QueueMeasured("events", 1, 0, 0, time.Minute, true)
	m.QueueMeasured("dead letters", 5, 0, 0, 0, false)
	m.QueueMeasured("events", 1, 0, 0, 0, false)
	wantValues(t, m, map[string]float64{
		`ptpu_queue_messages{queue="events",state="visible"}`:       1,
		`ptpu_queue_messages{queue="dead letters",state="visible"}`: 5,
	}, "ptpu_queue")
	if _, ok := values(t, m)[`ptpu_queue_oldest_age_seconds{queue="events"}`]; ok {
		t.Error("the age of before is still shown")
	}
}
