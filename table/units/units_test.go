package units_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ptpu/embedded/embeddedtest"
	"ptpu/table"
	"ptpu/table/sqlite"
	"ptpu/table/tabletest"
	"ptpu/table/units"
)

func TestContract(t *testing.T) {
	tabletest.Exercise(t, func(t *testing.T, spec tabletest.Spec) table.Table {
		t.Helper()
		return counted(t, sqlite.Spec{Name: "messages", Indexes: spec.Indexes, NoSortKey: spec.NoSortKey})
	})
}

func counted(t *testing.T, spec sqlite.Spec) *units.Counted {
	t.Helper()
	rows, err := sqlite.Open(t.Context(), embeddedtest.Open(t, t.TempDir()), spec)
	if err != nil {
		t.Fatal(err)
	}
	return units.New(rows, spec.Indexes)
}

// indexed is a table with an index of keys and one that projects an attribute.
func indexed(t *testing.T) *units.Counted {
	t.Helper()
	return counted(t, sqlite.Spec{Name: "messages", Indexes: []table.Index{{Name: "due"}, {Name: "report", Project: []string{"status"}}}})
}

const kb = 1024

// sized is an item of so many bytes once it is stored for the first time.
func sized(t *testing.T, sort string, bytes int) table.Item {
	t.Helper()
	item := table.Item{Key: table.Key{Partition: "p", Sort: sort}, Version: 1, Attributes: table.Attributes{"a": ""}}
	item.Attributes["a"] = strings.Repeat("x", bytes-units.Size(item))
	if got := units.Size(item); got != bytes {
		t.Fatalf("the item has %d bytes, want %d", got, bytes)
	}
	return item
}

func write(t *testing.T, rows table.Table, actions ...table.Action) {
	t.Helper()
	if err := rows.Write(t.Context(), actions...); err != nil {
		t.Fatal(err)
	}
}

func put(item table.Item) table.Action { return table.Put(item, table.Absent()) }

func wantUnits(t *testing.T, what string, got units.Account, read, write float64) {
	t.Helper()
	if total := got.Total(); total.Read != read || total.Write != write {
		t.Errorf("%s took %g read and %g write units, want %g and %g: %+v", what, total.Read, total.Write, read, write, got)
	}
}

// "Reading a 3,500-byte item consumes the same throughput as reading a 4 KB
// item"; an item of 8 KB takes two units; one of 10 KB is rounded to 12.
func TestAReadTakesAUnitForEach4KB(t *testing.T) {
	rows := indexed(t)
	for bytes, want := range map[int]float64{64: 1, 3500: 1, 4 * kb: 1, 4*kb + 1: 2, 8 * kb: 2, 10 * kb: 3} {
		item := sized(t, fmt.Sprint(bytes), bytes)
		write(t, rows, put(item))
		rows.Take()
		if _, err := rows.Get(t.Context(), item.Key); err != nil {
			t.Fatal(err)
		}
		wantUnits(t, fmt.Sprintf("reading %d bytes", bytes), rows.Take(), want, 0)
	}
	if _, err := rows.Get(t.Context(), table.Key{Partition: "p", Sort: "nothing"}); !errors.Is(err, table.ErrNotFound) {
		t.Fatal(err)
	}
	wantUnits(t, "reading what is not there", rows.Take(), 1, 0)
}

// "If your query returns 10 items whose combined size is 40.8 KB, DynamoDB
// rounds the item size for the operation to 44 KB. If a query returns 1500 items
// of 64 bytes each, the cumulative size is 96 KB."
func TestAQueryAddsUpAndThenRounds(t *testing.T) {
	for what, c := range map[string]struct {
		items, bytes int
		want         float64
	}{
		"ten items of 40.8 KB together": {10, 4178, 44 / 4},
		"1,500 items of 64 bytes":       {1500, 64, 96 / 4},
		"an empty answer":               {0, 0, 1},
	} {
		rows := counted(t, sqlite.Spec{Name: "messages"})
		for first := 0; first < c.items; first += 50 {
			var actions []table.Action
			for i := first; i < min(first+50, c.items); i++ {
				actions = append(actions, put(sized(t, fmt.Sprintf("%04d", i), c.bytes)))
			}
			write(t, rows, actions...)
		}
		rows.Take()
		for r := (table.Range{}); ; {
			page, err := rows.Query(t.Context(), "p", r)
			if err != nil {
				t.Fatal(err)
			}
			if r.After = page.Next; r.After == "" {
				break
			}
		}
		wantUnits(t, what, rows.Take(), c.want, 0)
	}
}

// An index is read eventually consistently, at half a unit, and by what it
// carries rather than by the items.
func TestAQueryOfAnIndexTakesHalfOfItsEntries(t *testing.T) {
	rows := indexed(t)
	query := func(what string, want float64) {
		t.Helper()
		if _, err := rows.QueryIndex(t.Context(), "due", "i", table.Range{}); err != nil {
			t.Fatal(err)
		}
		wantUnits(t, what, rows.Take(), want, 0)
	}
	query("an empty answer", 0.5)
	for i := range 50 {
		item := sized(t, fmt.Sprintf("%02d", i), 900)
		item.Index = map[string]table.IndexKey{"due": {Partition: "i", Sort: strings.Repeat("s", 100)}}
		write(t, rows, put(item))
	}
	rows.Take()
	query("fifty entries of about 140 bytes", 1) // 45 KB of items
}

// "If you want to write an item of 2 KB, you need two units, or four for a
// transactional write"; one of 500 bytes takes a whole one.
func TestAWriteTakesAUnitForEachKB(t *testing.T) {
	for bytes, want := range map[int]float64{64: 1, 500: 1, kb: 1, kb + 1: 2, 2 * kb: 2, 10 * kb: 10} {
		rows := indexed(t)
		write(t, rows, put(sized(t, "a", bytes)))
		wantUnits(t, fmt.Sprintf("a put of %d bytes", bytes), rows.Take(), 0, want)
		write(t, rows, put(sized(t, "b", bytes)), put(sized(t, "c", 64)))
		wantUnits(t, fmt.Sprintf("a transaction of %d and 64 bytes", bytes), rows.Take(), 0, 2*want+2)
		write(t, rows, table.Delete(table.Key{Partition: "p", Sort: "a"}, table.VersionIs(1)))
		wantUnits(t, fmt.Sprintf("a delete of %d bytes", bytes), rows.Take(), 0, want)
	}
	rows := indexed(t)
	write(t, rows, put(sized(t, "a", 500)), put(sized(t, "b", 500)), put(sized(t, "c", 500)))
	wantUnits(t, "a transaction of three items of 500 bytes", rows.Take(), 0, 6)
	write(t, rows, table.Delete(table.Key{Partition: "p", Sort: "nothing"}, table.Always()))
	wantUnits(t, "a delete of what is not there", rows.Take(), 0, 1)
}

func TestTheLargerOfTwoItemsCounts(t *testing.T) {
	rows := indexed(t)
	write(t, rows, put(sized(t, "a", 3*kb)))
	rows.Take()
	write(t, rows, table.Put(sized(t, "a", 100), table.VersionIs(1)))
	wantUnits(t, "100 bytes in place of 3 KB", rows.Take(), 0, 3)
	write(t, rows, table.Put(sized(t, "a", 2*kb), table.VersionIs(2)))
	wantUnits(t, "2 KB in place of 100 bytes", rows.Take(), 0, 2)
}

func TestARefusedWriteIsPaidFor(t *testing.T) {
	rows := indexed(t)
	item := sized(t, "a", 2*kb-100) // room for the place
	item.Index = map[string]table.IndexKey{"due": {Partition: "i", Sort: "1"}}
	write(t, rows, put(item))
	rows.Take()
	small := sized(t, "a", 100)
	small.Index = map[string]table.IndexKey{"due": {Partition: "i", Sort: "2"}}
	for what, c := range map[string]struct {
		actions []table.Action
		want    float64
	}{
		"a put":         {[]table.Action{put(small)}, 2},
		"a delete":      {[]table.Action{table.Delete(small.Key, table.VersionIs(7))}, 2},
		"a transaction": {[]table.Action{put(sized(t, "b", 100)), put(small)}, 6},
	} {
		if err := rows.Write(t.Context(), c.actions...); !errors.Is(err, table.ErrConflict) {
			t.Fatal(err)
		}
		used := rows.Take()
		wantUnits(t, "refusing "+what, used, 0, c.want)
		if used[units.Line{Operation: units.Refused}].Calls != 1 {
			t.Errorf("refusing %s counts as %+v", what, used)
		}
	}
}

// table/dynamo finds out what an unconditioned put replaces by being refused.
func TestAnUnconditionedPutOfWhatIsThereIsSentTwice(t *testing.T) {
	rows := indexed(t)
	write(t, rows, table.Put(sized(t, "a", 100), table.Always()))
	wantUnits(t, "the first", rows.Take(), 0, 1)
	write(t, rows, table.Put(sized(t, "a", 100), table.Always()))
	wantUnits(t, "the second", rows.Take(), 0, 2)
	write(t, rows, table.Put(sized(t, "a", 100), table.Always()), put(sized(t, "b", 100)))
	wantUnits(t, "one in a transaction", rows.Take(), 0, 8)
}

// The developer guide's list of what a write takes of a global secondary index.
func TestWritesOfAnIndex(t *testing.T) {
	const nowhere = ""
	type shown struct{ place, status, secret string }
	for what, c := range map[string]struct {
		before, after shown
		want          float64
	}{
		"an item that was never in it and is not":            {shown{nowhere, "a", "x"}, shown{nowhere, "b", "y"}, 0},
		"a new entry: one write":                             {shown{nowhere, "a", "x"}, shown{"1", "a", "x"}, 1},
		"an entry that is removed: one write":                {shown{"1", "a", "x"}, shown{nowhere, "a", "x"}, 1},
		"a changed key: one write out, one in":               {shown{"1", "a", "x"}, shown{"2", "a", "x"}, 2},
		"a changed attribute that is projected: one write":   {shown{"1", "a", "x"}, shown{"1", "b", "x"}, 1},
		"a changed attribute that is not projected: nothing": {shown{"1", "a", "x"}, shown{"1", "a", "y"}, 0},
	} {
		item := func(s shown) table.Item {
			item := table.Item{Key: table.Key{Partition: "p", Sort: "s"}, Attributes: table.Attributes{"status": s.status, "secret": s.secret}}
			if s.place != nowhere {
				item.Index = map[string]table.IndexKey{"report": {Partition: "i", Sort: s.place}}
			}
			return item
		}
		other := table.Item{Key: table.Key{Partition: "p", Sort: "other"}}
		line := units.Line{Operation: units.Put, Index: "report"}
		rows := indexed(t)
		write(t, rows, put(item(c.before)))
		rows.Take()
		write(t, rows, table.Put(item(c.after), table.VersionIs(1)))
		if got := rows.Take()[line].Write; got != c.want {
			t.Errorf("%s: took %g, want %g", what, got, c.want)
		}
		write(t, rows, table.Put(item(c.before), table.VersionIs(2)))
		rows.Take()
		write(t, rows, table.Put(item(c.after), table.VersionIs(3)), put(other))
		line.Operation = units.Transaction
		if got := rows.Take()[line].Write; got != c.want {
			t.Errorf("%s, in a transaction: took %g, want %g", what, got, c.want)
		}
	}
}

func TestALargeEntryTakesMore(t *testing.T) {
	rows := indexed(t)
	item := table.Item{
		Key:        table.Key{Partition: "p", Sort: "s"},
		Index:      map[string]table.IndexKey{"report": {Partition: "i", Sort: "1"}, "due": {Partition: "i", Sort: "1"}},
		Attributes: table.Attributes{"status": strings.Repeat("x", 2*kb)},
	}
	write(t, rows, put(item))
	used := rows.Take()
	for index, want := range map[string]float64{"": 3, "report": 3, "due": 1} {
		if got := used[units.Line{Operation: units.Put, Index: index}].Write; got != want {
			t.Errorf("index %q took %g, want %g", index, got, want)
		}
	}
	if got := used.Total(); got.Calls != 1 || got.Write != 7 {
		t.Errorf("in total %+v, want 1 call and 7 units", got)
	}
}

func TestSize(t *testing.T) {
	key := table.Key{Partition: "p", Sort: "s"} // pk + p, sk + s: 6 bytes
	for what, c := range map[string]struct {
		item table.Item
		want int
	}{
		"nothing":             {table.Item{}, 0},
		"a key":               {table.Item{Key: key}, 6},
		"no sort key":         {table.Item{Key: table.Key{Partition: "p"}}, 3},
		"the version":         {table.Item{Key: key, Version: 12}, 6 + 3 + 2},
		"the expiry":          {table.Item{Key: key, Expires: time.Unix(1893553445, 0)}, 6 + 3 + 6},
		"a place":             {table.Item{Key: key, Index: map[string]table.IndexKey{"due": {Partition: "ab", Sort: "cde"}}}, 6 + 12 + 2 + 7 + 3},
		"text, name included": {table.Item{Key: key, Attributes: table.Attributes{"size": "R"}}, 6 + 5},
		"text in UTF-8":       {table.Item{Key: key, Attributes: table.Attributes{"é": "東京"}}, 6 + 2 + 6},
		"a flag":              {table.Item{Key: key, Attributes: table.Attributes{"a": true}}, 6 + 1 + 1},
		"zero":                {table.Item{Key: key, Attributes: table.Attributes{"a": int64(0)}}, 6 + 1 + 1},
		"two digits":          {table.Item{Key: key, Attributes: table.Attributes{"a": int64(27)}}, 6 + 1 + 2},
		"three digits":        {table.Item{Key: key, Attributes: table.Attributes{"a": int64(-103)}}, 6 + 1 + 3},
		"zeros behind":        {table.Item{Key: key, Attributes: table.Attributes{"a": int64(1_300_000)}}, 6 + 1 + 2},
	} {
		if got := units.Size(c.item); got != c.want {
			t.Errorf("%s: %d bytes, want %d", what, got, c.want)
		}
	}
}
