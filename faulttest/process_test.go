package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/embedded/embeddedtest"
	"ptpu/faulttest"
	"ptpu/table"
	"ptpu/table/sqlite"
)

func tableOf(t *testing.T) table.Table {
	t.Helper()
	rows, err := sqlite.Open(t.Context(), embeddedtest.Open(t, t.TempDir()), sqlite.Spec{Name: "rows", Indexes: []table.Index{{Name: "due"}}})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func put(partition, sort string) table.Action {
	return table.Put(table.Item{Key: table.Key{Partition: partition, Sort: sort}}, table.Always())
}

// versionOf is the version of a row, 0 for none.
func versionOf(t *testing.T, rows table.Table, partition, sort string) int64 {
	t.Helper()
	item, err := rows.Get(context.WithoutCancel(t.Context()), table.Key{Partition: partition, Sort: sort})
	if err != nil && !errors.Is(err, table.ErrNotFound) {
		t.Fatal(err)
	}
	return item.Version
}

// Calls that run side by side meet the faults that each would meet alone.
func TestWhichCallsAreStruckDoesNotHangOnTheirOrder(t *testing.T) {
	struck := func(order []int, sideBySide bool) (all []string) {
		synctest.Test(t, func(t *testing.T) {
			f := faulttest.New(faulttest.Plan{Seed: 7, Rules: []faulttest.Rule{{Kind: faulttest.Down, Rate: 0.3}}})
			rows := f.Process("pod", func() {}).Table(tableOf(t))
			var calls sync.WaitGroup
			for _, i := range order {
				call := func() {
					for range 5 {
						_ = rows.Write(t.Context(), put(fmt.Sprint(i), "row"))
					}
				}
				if sideBySide {
					calls.Go(call)
				} else {
					call()
				}
			}
			calls.Wait()
			for _, s := range f.Strikes() {
				all = append(all, fmt.Sprintf("%s %d", s.Key, s.Time))
			}
		})
		slices.Sort(all)
		return all
	}
	want := struck([]int{1, 2, 3, 4, 5, 6, 7, 8}, false)
	if len(want) < 5 || len(want) > 20 {
		t.Errorf("%d of 40 calls were struck, want about 12", len(want))
	}
	if got := struck([]int{8, 3, 5, 1, 7, 2, 6, 4}, true); !slices.Equal(got, want) {
		t.Errorf("struck side by side: %v; one after the other: %v", got, want)
	}
}

func TestARuleHoldsInItsWindowAndForItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now().Add(time.Hour)
		f := faulttest.New(faulttest.Plan{Rules: []faulttest.Rule{{
			Kind: faulttest.Down, Seam: faulttest.Table, Op: "Write", Process: "pod-1", Rate: 1, From: from, Until: from.Add(time.Hour),
		}}})
		inner := tableOf(t)
		one, other := f.Process("pod-1", func() {}).Table(inner), f.Process("pod-2", func() {}).Table(inner)
		want := func(when string, rows table.Table, down bool) {
			t.Helper()
			if err := rows.Write(t.Context(), put("1", "row")); errors.Is(err, table.ErrUnavailable) != down {
				t.Errorf("%s: %v, want it down: %t", when, err, down)
			}
		}
		want("before the window", one, false)
		time.Sleep(time.Hour)
		want("within it", one, true)
		want("of another process", other, false)
		if _, err := one.Query(t.Context(), "1", table.Range{}); err != nil {
			t.Errorf("another operation: %v", err)
		}
		time.Sleep(time.Hour)
		want("after it", one, false)
		if f.Struck("1") != 1 || f.Struck("2") != 0 {
			t.Errorf("%d faults on booking 1 and %d on booking 2, want 1 and 0", f.Struck("1"), f.Struck("2"))
		}
	})
}

func TestWhatIsDoneAndWhatIsNot(t *testing.T) {
	for kind, want := range map[faulttest.Kind]int64{faulttest.Down: 0, faulttest.Lost: 1} {
		synctest.Test(t, func(t *testing.T) {
			inner := tableOf(t)
			f := faulttest.New(faulttest.Plan{Rules: []faulttest.Rule{{Kind: kind, Rate: 1}}})
			err := f.Process("pod", func() {}).Table(inner).Write(t.Context(), put("1", "row"))
			if got := versionOf(t, inner, "1", "row"); !errors.Is(err, table.ErrUnavailable) || got != want {
				t.Errorf("%s: %v, and the row has version %d, want %d", kind, err, got, want)
			}
		})
	}
}

func TestAKilledProcessDoesNothingMore(t *testing.T) {
	for moment, want := range map[faulttest.Moment]int64{faulttest.Before: 1, faulttest.After: 2} {
		synctest.Test(t, func(t *testing.T) {
			inner := tableOf(t)
			f := faulttest.New(faulttest.Plan{})
			p := f.Process("pod", func() {})
			rows := p.Table(inner)
			p.CutAt(2, faulttest.Cut{Kind: faulttest.Killed, Moment: moment})
			var failures []error
			ended := false
			go func() {
				for range 3 {
					failures = append(failures, rows.Write(context.Background(), put("1", "row")))
				}
				ended = true
			}()
			time.Sleep(time.Hour)
			if got := versionOf(t, inner, "1", "row"); got != want || ended || !p.Halted() {
				t.Errorf("killed %s its second write: %d writes done, ended %t, halted %t; want %d", moment, got, ended, p.Halted(), want)
			}
			if cut := <-p.Cuts(); cut.Kind != faulttest.Killed || cut.Call.Op != "Write" || f.Struck("1") != 1 {
				t.Errorf("told of %+v, and %d faults on the booking", cut, f.Struck("1"))
			}
			f.End()
			synctest.Wait()
			if got := versionOf(t, inner, "1", "row"); !ended || failures[2] == nil || got != want {
				t.Errorf("after the end of all: ended %t with %v, %d writes done", ended, failures, got)
			}
		})
	}
}

// What a process has sent before it was stopped arrives when it goes on, however
// late; that is what conditions are for.
func TestAStoppedProcessGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := tableOf(t)
		p := faulttest.New(faulttest.Plan{}).Process("pod", func() {})
		rows := p.Table(inner)
		p.CutAt(1, faulttest.Cut{Kind: faulttest.Stopped, Moment: faulttest.Before, For: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		err := rows.Write(ctx, put("1", "row"))
		if took := time.Since(began); err != nil || took < time.Minute || took > time.Minute+time.Second || versionOf(t, inner, "1", "row") != 1 {
			t.Errorf("the write took %s: %v", took, err)
		}
		if p.Halted() {
			t.Error("it stands still for good")
		}
	})
}

func TestAProcessThatIsToldToEndFinishesItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := tableOf(t)
		told := false
		p := faulttest.New(faulttest.Plan{}).Process("pod", func() { told = true })
		p.CutAt(1, faulttest.Cut{Kind: faulttest.Ended, Moment: faulttest.Before})
		if err := p.Table(inner).Write(t.Context(), put("1", "row")); err != nil || !told || p.Halted() {
			t.Errorf("%v, told %t, halted %t", err, told, p.Halted())
		}
	})
}
