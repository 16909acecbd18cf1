package units

import "maps"

// Operation is a kind of request to DynamoDB.
type Operation string

// The operations.
const (
	Get         Operation = "get"
	Query       Operation = "query"
	QueryIndex  Operation = "query of index"
	Put         Operation = "put"
	Delete      Operation = "delete"
	Transaction Operation = "transaction"
	// Refused is a write of any kind whose condition did not hold.
	Refused Operation = "refused write"
)

// Line says what units were used for.
type Line struct {
	Operation Operation
	// Index is empty for the table itself.
	Index string
}

// Used is what was used on a line.
type Used struct {
	Calls       int
	Read, Write float64 // units
}

func (u Used) plus(v Used) Used {
	return Used{Calls: u.Calls + v.Calls, Read: u.Read + v.Read, Write: u.Write + v.Write}
}

// Account is what was used, by line.
type Account map[Line]Used

func (a Account) add(b Account) {
	for line, used := range b {
		a[line] = a[line].plus(used)
	}
}

// Total is what all lines used. Calls are those of the table: what an index
// takes is part of them.
func (a Account) Total() Used {
	total := Used{}
	for line, used := range a {
		if line.Index != "" && line.Operation != QueryIndex {
			used.Calls = 0
		}
		total = total.plus(used)
	}
	return total
}

// Plus is both accounts together.
func (a Account) Plus(b Account) Account {
	sum := maps.Clone(a)
	sum.add(b)
	return sum
}
