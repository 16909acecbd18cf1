package dynamo

import (
	"fmt"
	"regexp"
	"slices"

	"ptpu/table"
)

// The table's own attributes besides keys and index places.
const (
	versionAttribute = "ver"
	// ttlAttribute is what DynamoDB's time-to-live has to be set to.
	ttlAttribute = "ttl"
)

// Spec describes one table.
type Spec struct {
	// Name is the table's name, as DynamoDB takes it.
	Name string
	// Partition and Sort name the key attributes, both strings. An empty Sort
	// says that a partition holds one item, with an empty sort key.
	Partition, Sort string
	// Indexes are all indexes of the table. An item enters a new one, and a
	// wider projection, with its next put.
	Indexes []table.Index
	// NoExpiry says that no item ever expires: then the DynamoDB table needs no
	// time-to-live, and a put with an expiry is table.ErrInvalid.
	NoExpiry bool
}

// partitionOf and sortOf name the key attributes of an index.
func partitionOf(index string) string { return index + "Partition" }
func sortOf(index string) string      { return index + "Sort" }

func (s Spec) index(name string) (table.Index, bool) {
	i := slices.IndexFunc(s.Indexes, func(x table.Index) bool { return x.Name == name })
	if i < 0 {
		return table.Index{}, false
	}
	return s.Indexes[i], true
}

// shape is what requests have to fit.
func (s Spec) shape() table.Shape {
	return table.Shape{NoSortKey: s.Sort == "", NoExpiry: s.NoExpiry, Indexes: s.Indexes, Reserved: s.own()}
}

// own lists the attributes that the table keeps for itself.
func (s Spec) own() []string { return append(s.keyNames(), versionAttribute, ttlAttribute) }

// maxProjected is the most attributes that DynamoDB lets an index project by name.
const maxProjected = 20

// validName is DynamoDB's rule for tables and indexes.
var validName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

func (s Spec) validate() error {
	if !validName.MatchString(s.Name) {
		return fmt.Errorf("%w: name %q, want 3 to 255 of A-Z a-z 0-9 _ . -", table.ErrInvalid, s.Name)
	}
	if s.Partition == "" {
		return fmt.Errorf("%w: no name for the partition key", table.ErrInvalid)
	}
	own := s.own()
	slices.Sort(own)
	for i := range own[1:] {
		if own[i] == own[i+1] {
			return fmt.Errorf("%w: two uses of attribute %q", table.ErrInvalid, own[i])
		}
	}
	for _, index := range s.Indexes {
		if !validName.MatchString(index.Name) {
			return fmt.Errorf("%w: index name %q, want 3 to 255 of A-Z a-z 0-9 _ . -", table.ErrInvalid, index.Name)
		}
		if n := len(s.projected(index)); n > maxProjected {
			return fmt.Errorf("%w: index %s projects %d attributes, want %d at most", table.ErrInvalid, index.Name, n, maxProjected)
		}
		for _, name := range index.Project {
			if name == "" || slices.Contains(own, name) {
				return fmt.Errorf("%w: index %s projects attribute %q, which is no item's own", table.ErrInvalid, index.Name, name)
			}
		}
	}
	return nil
}
