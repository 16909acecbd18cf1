package tabletest

import (
	"testing"

	"ptpu/table"
)

const notUTF8 = "a\xff\xfe"

// Each is refused, and nothing is written.
var invalidCases = []testCase{
	{"transactions", func(t *testing.T, f fixture) {
		good := table.Put(table.Item{Key: f.key("good")}, table.Always())
		for name, actions := range map[string][]table.Action{
			"no action":         {},
			"too many actions":  puts(f, table.MaxActions+1),
			"the same key put":  {good, good},
			"put and deleted":   {good, table.Delete(good.Item.Key, table.Always())},
			"no key":            {good, table.Put(table.Item{}, table.Always())},
			"no partition":      {good, table.Put(table.Item{Key: table.Key{Sort: "a"}}, table.Always())},
			"no sort":           {good, table.Put(table.Item{Key: f.key("")}, table.Always())},
			"delete of no sort": {good, table.Delete(f.key(""), table.Always())},
			"key not UTF-8":     {good, table.Put(table.Item{Key: f.key(notUTF8)}, table.Always())},
		} {
			wantError(t, name, f.Write(t.Context(), actions...), table.ErrInvalid)
		}
		wantSorts(t, f, f.partition("p"), table.Range{})
	}},
	{"attributes", func(t *testing.T, f fixture) {
		type text string
		for name, value := range map[string]any{
			"nil": nil, "int": 1, "int32": int32(1), "uint64": uint64(1), "float": 1.5, "bytes": []byte("x"),
			"list": []string{"x"}, "map": map[string]any{}, "pointer": new(string), "named": text("x"),
			"not UTF-8": notUTF8, "": "no name", notUTF8: "name not UTF-8",
		} {
			item := table.Item{Key: f.key("a"), Attributes: table.Attributes{name: value}}
			wantError(t, name, f.Write(t.Context(), table.Put(item, table.Always())), table.ErrInvalid)
		}
		wantNone(t, f, f.key("a"))
	}},
	{"index places", func(t *testing.T, f fixture) {
		good := table.IndexKey{Partition: f.partition("due"), Sort: "1"}
		for name, index := range map[string]map[string]table.IndexKey{
			"unknown index": {dueIndex: good, "nosuch": good},
			"no partition":  {dueIndex: {Sort: "1"}},
			"no sort":       {dueIndex: {Partition: good.Partition}},
			"not UTF-8":     {dueIndex: {Partition: good.Partition, Sort: notUTF8}},
		} {
			item := table.Item{Key: f.key("a"), Index: index}
			wantError(t, name, f.Write(t.Context(), table.Put(item, table.Always())), table.ErrInvalid)
		}
		wantNone(t, f, f.key("a"))
	}},
	{"reads", func(t *testing.T, f fixture) {
		p := f.partition("p")
		for name, key := range map[string]table.Key{
			"no key": {}, "no partition": {Sort: "a"}, "no sort": f.key(""), "not UTF-8": f.key(notUTF8),
		} {
			_, err := f.Get(t.Context(), key)
			wantError(t, "Get, "+name, err, table.ErrInvalid)
		}
		_, err := f.Query(t.Context(), "", table.Range{})
		wantError(t, "Query, no partition", err, table.ErrInvalid)
		_, err = f.Query(t.Context(), p, table.Range{Limit: -1})
		wantError(t, "Query, negative limit", err, table.ErrInvalid)
		_, err = f.QueryIndex(t.Context(), "nosuch", p, table.Range{})
		wantError(t, "QueryIndex, unknown index", err, table.ErrInvalid)
		_, err = f.QueryIndex(t.Context(), dueIndex, "", table.Range{})
		wantError(t, "QueryIndex, no partition", err, table.ErrInvalid)
		_, err = f.QueryIndex(t.Context(), dueIndex, p, table.Range{Limit: -1})
		wantError(t, "QueryIndex, negative limit", err, table.ErrInvalid)
		_, err = f.QueryIndex(t.Context(), dueIndex, p, table.Range{After: "from nowhere"})
		wantError(t, "QueryIndex, another's After", err, table.ErrInvalid)
	}},
}
