package processor_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
)

var (
	setting   = ptpu.Write{Kind: ptpu.SetOffenderNo, CRN: "X100001", OffenderNo: no, BookNumber: number}
	replacing = ptpu.Write{Kind: ptpu.ReplaceOffenderNo, Previous: "A9999BC", OffenderNo: no, BookNumber: number}
)

func TestFinishWhileItMayWrite(t *testing.T) {
	const (
		sets     = "set-noms-number X100001 A1111BC"
		replaces = "replace-noms-number A9999BC A1111BC"
		looks    = "holder of A1111BC"
	)
	for _, c := range []struct {
		name   string
		write  ptpu.Write
		change func(*world)
		want   []ptpu.CRN
		kind   error
		asked  []string
	}{
		{"a number is set again", setting, nil, []ptpu.CRN{"X100001"}, nil, []string{sets}},
		{"the person is gone", setting, fails("set-noms-number", ptpu.ErrNotFound), nil, ptpu.ErrNotFound, []string{sets}},
		{"setting has no answer again", setting, fails("set-noms-number", ptpu.ErrUnavailable), nil, ptpu.ErrUnavailable, []string{sets}},
		{"setting is denied", setting, fails("set-noms-number", ptpu.ErrDenied), nil, ptpu.ErrDenied, []string{sets}},

		{"a number is replaced now", replacing, nil, []ptpu.CRN{"X100004"}, nil, []string{replaces}},
		{
			"a number is replaced now, for two people", replacing,
			func(w *world) { w.delius.replaced["A9999BC"] = []ptpu.CRN{"X100004", "X100005"} },
			[]ptpu.CRN{"X100004", "X100005"},
			nil,
			[]string{replaces},
		},
		{
			"a number was replaced before: its holder is named", replacing,
			func(w *world) {
				w.fails[replaces] = failed(ptpu.ErrNotFound)
				w.delius.holders[no] = "X100004"
			},
			[]ptpu.CRN{"X100004"},
			nil,
			[]string{replaces, looks},
		},
		{
			"neither number has a holder", replacing, fails(replaces, ptpu.ErrNotFound),
			nil, ptpu.ErrNotFound,
			[]string{replaces, looks},
		},
		{
			"the new number has several holders", replacing, fails(replaces, ptpu.ErrNotFound, looks, ptpu.ErrConflict),
			nil, ptpu.ErrConflict,
			[]string{replaces, looks},
		},
		{
			"the holder cannot be had", replacing, fails(replaces, ptpu.ErrNotFound, looks, ptpu.ErrUnavailable),
			nil, ptpu.ErrUnavailable,
			[]string{replaces, looks},
		},
		{"the new number is somebody else's", replacing, fails(replaces, ptpu.ErrConflict), nil, ptpu.ErrConflict, []string{replaces}},
		{"replacing has no answer again", replacing, fails(replaces, ptpu.ErrUnavailable), nil, ptpu.ErrUnavailable, []string{replaces}},
		{"replacing is denied", replacing, fails(replaces, ptpu.ErrDenied), nil, ptpu.ErrDenied, []string{replaces}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			got, err := w.processor(t).Finish(t.Context(), c.write, true)
			wantFinished(t, got, err, c.want, c.kind)
			if diff := cmp.Diff(c.asked, w.lines); diff != "" {
				t.Errorf("calls: want -, got +:\n%s", diff)
			}
		})
	}
}

// After the delete-by nothing is written any more, but an event may be owed.
func TestFinishWhenItMayOnlyLook(t *testing.T) {
	for _, c := range []struct {
		name   string
		write  ptpu.Write
		change func(*world)
		want   []ptpu.CRN
		kind   error
	}{
		{"the person has the number", setting, func(w *world) { w.delius.numbers["X100001"] = no }, []ptpu.CRN{"X100001"}, nil},
		{"the person has another number", setting, func(w *world) { w.delius.numbers["X100001"] = "A2222BC" }, nil, nil},
		{"the person has no number", setting, nil, nil, nil},
		{"the person is gone", setting, fails("number of", ptpu.ErrNotFound), nil, ptpu.ErrNotFound},
		{"the person's number cannot be had", setting, fails("number of", ptpu.ErrUnavailable), nil, ptpu.ErrUnavailable},

		{"somebody has the new number", replacing, func(w *world) { w.delius.holders[no] = "X100004" }, []ptpu.CRN{"X100004"}, nil},
		{"nobody has the new number", replacing, nil, nil, ptpu.ErrNotFound},
		{"several have the new number", replacing, fails("holder of A1111BC", ptpu.ErrConflict), nil, ptpu.ErrConflict},
		{"the holder cannot be had", replacing, fails("holder of", ptpu.ErrUnavailable), nil, ptpu.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			got, err := w.processor(t).Finish(t.Context(), c.write, false)
			wantFinished(t, got, err, c.want, c.kind)
			if writes := w.writes(); len(writes) != 0 {
				t.Errorf("wrote %q, want only to look", writes)
			}
		})
	}
}

// The new number can have been somebody else's all along. As long as the old one
// has a holder, Delius never took the replacement, and there is nothing to announce.
func TestFinishDoesNotNameAHolderWhileTheOldNumberIsHeld(t *testing.T) {
	w := newWorld(t)
	w.delius.holders = map[ptpu.OffenderNo]ptpu.CRN{"A9999BC": "X100004", no: "X100009"}
	got, err := w.processor(t).Finish(t.Context(), replacing, false)
	if err != nil {
		t.Fatalf("got error %v", err)
	}
	if len(got) != 0 {
		t.Errorf("got %v as changed by a write that was never taken, want nobody", got)
	}
}

func TestFinishKnowsOnlyIdentifierWrites(t *testing.T) {
	for _, kind := range []ptpu.WriteKind{ptpu.SetBookNumber, ptpu.SetLocation, ptpu.ReplaceKeyDates, ""} {
		for _, mayWrite := range []bool{true, false} {
			w := newWorld(t)
			crns, err := w.processor(t).Finish(t.Context(), ptpu.Write{Kind: kind, OffenderNo: no}, mayWrite)
			if !errors.Is(err, ptpu.ErrRefused) || crns != nil || len(w.lines) != 0 {
				t.Errorf("%q: got %v and error %v after asking %q, want %v and nothing asked", kind, crns, err, w.lines, ptpu.ErrRefused)
			}
		}
	}
}

// fails plans failures: calls and the kinds in which they fail, in turn.
func fails(callsAndKinds ...any) func(*world) {
	return func(w *world) {
		for i := 0; i < len(callsAndKinds); i += 2 {
			w.fails[callsAndKinds[i].(string)] = failed(callsAndKinds[i+1].(error))
		}
	}
}

func wantFinished(t *testing.T, got []ptpu.CRN, err error, want []ptpu.CRN, kind error) {
	t.Helper()
	if kind == nil && err != nil {
		t.Fatalf("got error %v", err)
	}
	var call *ptpu.CallError
	if kind != nil && (!errors.Is(err, kind) || !errors.As(err, &call)) {
		t.Fatalf("got error %v, want a call's %v", err, kind)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CRNs: want -, got +:\n%s", diff)
	}
}
