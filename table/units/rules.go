package units

import (
	"maps"
	"slices"

	"ptpu/table"
)

// One unit reads or writes this many bytes.
const (
	readBytes  = 4096
	writeBytes = 1024
)

// consistency is what a read unit is multiplied by.
type consistency float64

const (
	consistent consistency = 1
	eventual   consistency = 0.5
)

// read is what reading so many bytes takes.
func read(c consistency, size int) float64 { return float64(c) * chunks(size, readBytes) }

// chunks is how many pieces of this size are begun; nothing is one too.
func chunks(size, piece int) float64 { return float64(max(1, (size+piece-1)/piece)) }

// operationOf is how the actions are sent to DynamoDB.
func operationOf(actions []table.Action) Operation {
	switch {
	case len(actions) > 1:
		return Transaction
	case actions[0].Delete:
		return Delete
	default:
		return Put
	}
}

// base is what the actions take of the table itself, conditions or not.
func base(actions []table.Action, before map[table.Key]table.Item) float64 {
	total := 0.0
	for _, action := range actions {
		total += chunks(max(Size(before[action.Item.Key]), Size(after(action, before))), writeBytes)
	}
	if len(actions) > 1 {
		total *= 2 // prepared and committed
	}
	return total
}

// refused is what a write takes whose condition does not hold. It reaches no
// index.
func refused(actions []table.Action, before map[table.Key]table.Item) Account {
	return Account{{Operation: Refused}: {Calls: 1, Write: base(actions, before)}}
}

// replacesUnasked reports whether an unconditioned put takes the place of an
// item. table/dynamo learns the version of that by a first try that is refused.
func replacesUnasked(actions []table.Action, before map[table.Key]table.Item) bool {
	return slices.ContainsFunc(actions, func(a table.Action) bool {
		_, versioned := a.If.Version()
		_, there := before[a.Item.Key]
		return !a.Delete && !a.If.Absent() && !versioned && there
	})
}

// after is the item as the action leaves it; the zero one is none.
func after(action table.Action, before map[table.Key]table.Item) table.Item {
	if action.Delete {
		return table.Item{}
	}
	item := action.Item
	item.Version = before[item.Key].Version + 1
	return item
}

// indexed is what an index takes for a change of one item.
func indexed(index table.Index, before, after table.Item) float64 {
	old, was := entry(index, before)
	now, is := entry(index, after)
	switch {
	case !was && !is:
		return 0
	case !was:
		return chunks(Size(now), writeBytes)
	case !is:
		return chunks(Size(old), writeBytes)
	case old.Index[index.Name] != now.Index[index.Name]:
		return chunks(Size(old), writeBytes) + chunks(Size(now), writeBytes)
	case old.Expires.Equal(now.Expires) && maps.Equal(old.Attributes, now.Attributes):
		return 0
	default:
		return chunks(max(Size(old), Size(now)), writeBytes)
	}
}

// entry is what the index carries of an item: keys, expiry and what it projects.
// ok is false when the item is not in the index.
func entry(index table.Index, item table.Item) (shown table.Item, ok bool) {
	place, ok := item.Index[index.Name]
	if !ok {
		return table.Item{}, false
	}
	shown = table.Item{
		Key:        item.Key,
		Index:      map[string]table.IndexKey{index.Name: place},
		Expires:    item.Expires,
		Attributes: table.Attributes{},
	}
	for _, name := range index.Project {
		if value, there := item.Attributes[name]; there {
			shown.Attributes[name] = value
		}
	}
	return shown, true
}
