package table

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Shape is what requests to one table have to fit. Every backend holds them to
// it before it asks anyone, so that a faulty request fails alike on all.
type Shape struct {
	// NoSortKey says that a partition holds one item, with an empty sort key.
	NoSortKey bool
	// NoExpiry says that no item ever expires.
	NoExpiry bool
	Indexes  []Index
	// Reserved are attribute names that the backend keeps for itself.
	Reserved []string
}

// CheckKey refuses a key that cannot be in the table, with ErrInvalid.
func (s Shape) CheckKey(key Key) error {
	switch {
	case key.Partition == "":
		return fmt.Errorf("%w: no partition key", ErrInvalid)
	case key.Sort == "" && !s.NoSortKey:
		return fmt.Errorf("%w: no sort key", ErrInvalid)
	case key.Sort != "" && s.NoSortKey:
		return fmt.Errorf("%w: a sort key in a table without", ErrInvalid)
	}
	return checkText(key.Partition, key.Sort)
}

// CheckActions refuses a transaction that can never be applied, with ErrInvalid.
func (s Shape) CheckActions(actions []Action) error {
	if len(actions) == 0 || len(actions) > MaxActions {
		return fmt.Errorf("%w: %d actions, want 1 to %d", ErrInvalid, len(actions), MaxActions)
	}
	seen := make(map[Key]bool, len(actions))
	for _, action := range actions {
		key := action.Item.Key
		if err := s.CheckKey(key); err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%w: the same key twice", ErrInvalid)
		}
		seen[key] = true
		if action.Delete {
			continue
		}
		if err := s.checkItem(action.Item); err != nil {
			return err
		}
	}
	return nil
}

// CheckRange refuses what no backend could answer, with ErrInvalid.
func CheckRange(partition string, r Range) error {
	if partition == "" {
		return fmt.Errorf("%w: no partition key", ErrInvalid)
	}
	if r.Limit < 0 {
		return fmt.Errorf("%w: limit %d", ErrInvalid, r.Limit)
	}
	return checkText(partition, r.From, r.To)
}

func (s Shape) checkItem(item Item) error {
	if s.NoExpiry && !item.Expires.IsZero() {
		return fmt.Errorf("%w: an expiry in a table without", ErrInvalid)
	}
	for name, place := range item.Index {
		if !slices.ContainsFunc(s.Indexes, func(x Index) bool { return x.Name == name }) {
			return fmt.Errorf("%w: no index %q", ErrInvalid, name)
		}
		if place.Partition == "" || place.Sort == "" {
			return fmt.Errorf("%w: an empty key in index %s", ErrInvalid, name)
		}
		if err := checkText(place.Partition, place.Sort); err != nil {
			return err
		}
	}
	for name, value := range item.Attributes {
		if slices.Contains(s.Reserved, name) {
			return fmt.Errorf("%w: attribute %s is the table's own", ErrInvalid, name)
		}
		if err := checkAttribute(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(name string, value any) error {
	if name == "" {
		return fmt.Errorf("%w: an attribute without a name", ErrInvalid)
	}
	switch value := value.(type) {
	case string:
		return checkText(name, value)
	case int64, bool:
		return checkText(name)
	}
	return fmt.Errorf("%w: attribute %s is a %T", ErrInvalid, name, value)
}

// checkText refuses what a backend might silently keep in another form.
func checkText(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%w: text is not valid UTF-8", ErrInvalid)
		}
	}
	return nil
}
