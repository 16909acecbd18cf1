package dynamo_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ptpu/store"
	"ptpu/store/leasetest"
	"ptpu/table/dynamo"
)

// What package store shows of claims and locks on SQLite has to be so here too.
// Time is real, and so claims are short, games are few, and no two are the same.
// moto does not show what DynamoDB may do besides: a read of several rows that
// sees half of a transaction.
func TestWhatOneMayHoldIsHeldByOne(t *testing.T) {
	client := engine(t)
	for name, lease := range map[string]struct {
		play  func(leasetest.Game, context.Context) (*leasetest.History, error)
		judge func(*leasetest.History) (order, overlaps []string)
	}{
		"claims": {leasetest.Game.Claims, (*leasetest.History).CheckClaims},
		"locks":  {leasetest.Game.NamedLocks, (*leasetest.History).CheckLocks},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := lease.play(leasetest.Game{
				Seed:  uint64(time.Now().UnixNano()),
				Rows:  create(t, client, dynamo.Spec{Name: fresh("messages"), Partition: "pk", Sort: "sk", Indexes: store.Indexes()}),
				Locks: create(t, client, dynamo.Spec{Name: fresh("locks"), Partition: "_id", NoExpiry: true}),

				Workers: 5, Things: 2, Turns: 15, Length: 300 * time.Millisecond,
				Down: 0.1, Lost: 0.1, Late: 0.1,
			}, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			order, overlaps := lease.judge(h)
			if faults := append(order, overlaps...); len(faults) > 0 {
				t.Errorf("%s\n\n%s", strings.Join(faults, "\n"), h)
			}
			t.Log(h.Count())
		})
	}
}
