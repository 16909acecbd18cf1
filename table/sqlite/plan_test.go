package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/table"
)

// Each statement must find its rows by a key or an index, in their order: what
// scans or sorts gets slower with each row that is stored.
func TestNoStatementScans(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	rows, err := Open(t.Context(), file, Spec{Name: "messages", Indexes: []table.Index{{Name: "due"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, sql := range statements(rows.sql) {
		for _, step := range plan(t, file, sql) {
			if !strings.HasPrefix(step, "SEARCH") {
				t.Errorf("%s: %s\n%s", name, step, sql)
			}
		}
	}
}

func TestCountingReadsNoItem(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	rows, err := Open(t.Context(), file, Spec{Name: "messages"})
	if err != nil {
		t.Fatal(err)
	}
	counts := 0
	for _, step := range plan(t, file, rows.sql.count) {
		if !strings.Contains(step, "messages_items") {
			continue
		}
		counts++
		if !strings.Contains(step, "USING COVERING INDEX") {
			t.Errorf("%s\n%s", step, rows.sql.count)
		}
	}
	if counts != 2 { // what is there, and what of it has expired
		t.Errorf("got %d counts of items, want 2\n%s", counts, rows.sql.count)
	}
}

// plan is how SQLite runs a statement, step by step.
func plan(t *testing.T, file *embedded.File, sql string) []string {
	t.Helper()
	var steps []string
	args := make([]any, strings.Count(sql, "?"))
	err := file.Query(t.Context(), "EXPLAIN QUERY PLAN "+sql, args, func(scan embedded.Scan) error {
		var id, parent, unused int
		var detail string
		err := scan(&id, &parent, &unused, &detail)
		steps = append(steps, detail)
		return err
	})
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d steps, error %v\n%s", len(steps), err, sql)
	}
	return steps
}

// statements are all that a table runs, but for the insert of an item.
func statements(sql texts) map[string]string {
	all := map[string]string{
		"get": sql.get, "read": sql.read, "update": sql.update, "remove": sql.remove,
		"expired": sql.readExpired, "remove place": sql.removePlace, "read some": sql.readSome, "update places": sql.updatePlaces,
	}
	for _, from := range []string{"", "a"} {
		for _, to := range []string{"", "b"} {
			for _, after := range []bool{false, true} {
				for _, newest := range []bool{false, true} {
					r := table.Range{From: from, To: to, Newest: newest}
					name := fmt.Sprintf("%+v after %t", r, after)
					items := selection{sql: sql.query, order: itemOrder}
					places := selection{sql: sql.queryIndex, order: placeOrder}
					var item, place []string
					if after {
						item, place = []string{"aa"}, []string{"aa", "y", "z"}
					}
					items.narrow(r, item)
					places.narrow(r, place)
					all["query "+name], all["index "+name] = items.sql, places.sql
				}
			}
		}
	}
	return all
}
