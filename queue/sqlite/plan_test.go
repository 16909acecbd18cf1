package sqlite

import (
	"strings"
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
)

// Each statement must find its rows by a key or an index, in their order: what
// scans or sorts gets slower with each notice that waits.
func TestNoStatementScans(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	if _, err := Open(t.Context(), file, Spec{Name: "main"}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		nextVisible, selectVisible, takeNotice, redriveNotice, extendNotice, deleteNotice, purgeQueue, countQueue, oldestOfQueue,
	} {
		args := make([]any, strings.Count(sql, "?"))
		err := file.Query(t.Context(), "EXPLAIN QUERY PLAN "+sql, args, func(scan embedded.Scan) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			if !strings.HasPrefix(detail, "SEARCH") {
				t.Errorf("%s\n%s", detail, sql)
			}
			return err
		})
		if err != nil {
			t.Errorf("%v\n%s", err, sql)
		}
	}
}
