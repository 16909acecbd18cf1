package dynamo_test

import (
	"testing"

	"ptpu/table"
	"ptpu/table/dynamo"
	"ptpu/table/tabletest"
)

func TestContract(t *testing.T) {
	client := engine(t)
	fewer(t, 15)
	tabletest.Exercise(t, func(t *testing.T, spec tabletest.Spec) table.Table {
		t.Helper()
		wanted := dynamo.Spec{Name: fresh("messages"), Partition: "pk", Sort: "sk", Indexes: spec.Indexes}
		if spec.NoSortKey {
			wanted = dynamo.Spec{Name: fresh("locks"), Partition: "_id", Indexes: spec.Indexes, NoExpiry: true}
		}
		return create(t, client, wanted)
	})
}
