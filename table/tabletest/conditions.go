package tabletest

import (
	"testing"
	"time"

	"ptpu/table"
)

// Each condition on each state of an item, for a put and for a delete.
var conditionCases = []testCase{
	{"on an item that is there", func(t *testing.T, f fixture) {
		conditions(t, f, func(key table.Key) { put(t, f, table.Item{Key: key}, table.Item{Key: key}) }, map[string]bool{
			"always": true, "absent": false, "version 1": false, "version 2": true, "version 3": false,
		}, 3)
	}},
	{"on an item that is not there", func(t *testing.T, f fixture) {
		conditions(t, f, func(table.Key) {}, map[string]bool{
			"always": true, "absent": true, "version 1": false, "version 2": false, "version 3": false,
		}, 1)
	}},
	{"on an item that was deleted", func(t *testing.T, f fixture) {
		conditions(t, f, func(key table.Key) {
			put(t, f, table.Item{Key: key}, table.Item{Key: key})
			write(t, f, table.Delete(key, table.VersionIs(2)))
		}, map[string]bool{
			"always": true, "absent": true, "version 1": false, "version 2": false, "version 3": false,
		}, 1)
	}},
	{"on an item that has expired", func(t *testing.T, f fixture) {
		conditions(t, f, func(key table.Key) {
			put(t, f, table.Item{Key: key}, table.Item{Key: key, Expires: time.Now().Add(-time.Minute)})
		}, map[string]bool{
			"always": true, "absent": true, "version 1": false, "version 2": false, "version 3": false,
		}, 1)
	}},
}

// conditions arranges an item for each condition and wants it to hold or not,
// and the version that a put gives then.
func conditions(t *testing.T, f fixture, arrange func(table.Key), want map[string]bool, version int64) {
	t.Helper()
	for name, cond := range map[string]table.Condition{
		"always":    table.Always(),
		"absent":    table.Absent(),
		"version 1": table.VersionIs(1),
		"version 2": table.VersionIs(2),
		"version 3": table.VersionIs(3),
	} {
		putKey, deleteKey := f.key("put "+name), f.key("delete "+name)
		arrange(putKey)
		arrange(deleteKey)
		putErr := f.Write(t.Context(), table.Put(table.Item{Key: putKey}, cond))
		deleteErr := f.Write(t.Context(), table.Delete(deleteKey, cond))
		if !want[name] {
			wantError(t, "put if "+name, putErr, table.ErrConflict)
			wantError(t, "delete if "+name, deleteErr, table.ErrConflict)
			continue
		}
		if putErr != nil || deleteErr != nil {
			t.Errorf("if %s: put: %v, delete: %v", name, putErr, deleteErr)
			continue
		}
		wantItem(t, f, table.Item{Key: putKey, Version: version})
		wantNone(t, f, deleteKey)
	}
}
