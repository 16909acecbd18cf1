package units_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ptpu"
	"ptpu/table"
	"ptpu/table/units"
)

func TestMeasure(t *testing.T) {
	for name, edit := range map[string]func(*world){
		"known": func(w *world) { w.delius.numberSet = true },
		"added": func(*world) {},
		"location": func(w *world) { w.delius.numberSet = true; w.delius.location = &ptpu.CallError{Kind: ptpu.ErrNotFound} },
		"nobody": func(w *world) { w.delius.nobody = true},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			edit(w)
			w.receive(t)
			time.Sleep(holdback)
			state := ptpu.Completed
			if w.delius.location != nil { state = ptpu.LocationNotUpdated }
			if w.delius.nobody { state = ptpu.NoMatch }
			w.attempt(t, state)
			t.Log(name)
			for i, s := range w.table.take() { t.Logf("%d %+v", i, s) }
			if state != ptpu.Completed {
				time.Sleep(time.Hour)
				w.attempt(t, state)
				t.Log("again")
				for i, s := range w.table.take() { t.Logf("%d %+v", i, s) }
			}
			page, _ := w.table.Counted.Query(t.Context(), booking.String(), table.Range{})
			for _, i := range page.Items { t.Log(units.Size(i), i.Key.Sort) 
			if units.Size(i) > 1000 {t.Log(i.Attributes)} }
		})
	}
}
