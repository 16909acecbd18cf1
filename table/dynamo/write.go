package dynamo

import (
	"context"
	"fmt"
	"time"

	"ptpu/table"
)

// assumptions is how often a write is sent while others keep changing what its
// unconditioned puts take the place of.
const assumptions = 8

// Write implements table.Table. One action is sent as PutItem or DeleteItem,
// which cost half of a transaction; several are one TransactWriteItems.
//
// A put needs the version that it takes the place of. An unconditioned one
// assumes that nothing is there, as is so for an audit entry. When that is
// wrong, DynamoDB's refusal shows what is, and the write is sent again on the
// condition that it still is: two requests then, and still all or nothing. When
// the answer of a single unconditioned put is lost, the SDK's repeat meets the
// put's own result, and the version grows by two.
func (t *Table) Write(ctx context.Context, actions ...table.Action) error {
	err := t.spec.shape().CheckActions(actions)
	if err == nil {
		err = t.write(ctx, actions)
	}
	if err != nil {
		return t.failed("writing items", err)
	}
	return nil
}

func (t *Table) write(ctx context.Context, actions []table.Action) error {
	changes := changesOf(actions)
	for range assumptions {
		now := time.Now()
		err := t.send(ctx, changes, now)
		unmet := unmetConditions(err)
		if len(unmet) == 0 {
			return err
		}
		for i, stored := range unmet {
			if !changes[i].assumed {
				return fmt.Errorf("%w: action %d: %w", table.ErrConflict, i, err)
			}
			changes[i].If = conditionOn(stored, now)
		}
	}
	return fmt.Errorf("%w: the items changed at each of %d tries", table.ErrUnavailable, assumptions)
}

// change is an action on its way to DynamoDB.
type change struct {
	table.Action
	// assumed: the condition is not the caller's but what was last known.
	assumed bool
}

func changesOf(actions []table.Action) []change {
	changes := make([]change, len(actions))
	for i, action := range actions {
		changes[i] = change{Action: action}
		_, versioned := action.If.Version()
		if !action.Delete && !action.If.Absent() && !versioned {
			changes[i].If, changes[i].assumed = table.Absent(), true
		}
	}
	return changes
}

// conditionOn holds for as long as this is what is stored.
func conditionOn(stored row, now time.Time) table.Condition {
	if !isOurs(stored) || expired(stored, now) {
		return table.Absent()
	}
	version, _ := numberOf(stored[versionAttribute])
	return table.VersionIs(version)
}

// version is the one that a put gives the item when its condition holds.
func (c change) version() int64 {
	before, _ := c.If.Version() // 0 for an item that must not be there
	return before + 1
}

func (t *Table) send(ctx context.Context, changes []change, now time.Time) error {
	if len(changes) > 1 {
		return t.transact(ctx, changes, now)
	}
	if changes[0].Delete {
		return t.delete(ctx, changes[0], now)
	}
	return t.put(ctx, changes[0], now)
}
