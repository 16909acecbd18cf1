package dynamo

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"ptpu/table"
)

// checkKey refuses a key that cannot be in the table. Lengths are DynamoDB's to
// check.
func (s Spec) checkKey(key table.Key) error {
	switch {
	case key.Partition == "":
		return fmt.Errorf("%w: no partition key", table.ErrInvalid)
	case key.Sort == "" && s.Sort != "":
		return fmt.Errorf("%w: no sort key", table.ErrInvalid)
	case key.Sort != "" && s.Sort == "":
		return fmt.Errorf("%w: a sort key in a table without", table.ErrInvalid)
	}
	return checkText(key.Partition, key.Sort)
}

// checkText refuses what the SDK would silently write in another form.
func checkText(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%w: text is not valid UTF-8", table.ErrInvalid)
		}
	}
	return nil
}

// checkRange refuses what no backend could answer.
func checkRange(partition string, r table.Range) error {
	if partition == "" {
		return fmt.Errorf("%w: no partition key", table.ErrInvalid)
	}
	if r.Limit < 0 {
		return fmt.Errorf("%w: limit %d", table.ErrInvalid, r.Limit)
	}
	return checkText(partition, r.From, r.To, r.After)
}

func (s Spec) checkActions(actions []table.Action) error {
	if len(actions) == 0 || len(actions) > table.MaxActions {
		return fmt.Errorf("%w: %d actions, want 1 to %d", table.ErrInvalid, len(actions), table.MaxActions)
	}
	seen := make(map[table.Key]bool, len(actions))
	for _, action := range actions {
		key := action.Item.Key
		if err := s.checkKey(key); err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%w: the same key twice", table.ErrInvalid)
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

func (s Spec) checkItem(item table.Item) error {
	if s.NoExpiry && !item.Expires.IsZero() {
		return fmt.Errorf("%w: an expiry in a table without", table.ErrInvalid)
	}
	for name, place := range item.Index {
		if _, ok := s.index(name); !ok {
			return fmt.Errorf("%w: no index %q", table.ErrInvalid, name)
		}
		if place.Partition == "" || place.Sort == "" {
			return fmt.Errorf("%w: an empty key in index %s", table.ErrInvalid, name)
		}
		if err := checkText(place.Partition, place.Sort); err != nil {
			return err
		}
	}
	own := s.own()
	for name, value := range item.Attributes {
		if slices.Contains(own, name) {
			return fmt.Errorf("%w: attribute %s is the table's own", table.ErrInvalid, name)
		}
		if err := checkAttribute(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(name string, value any) error {
	if name == "" {
		return fmt.Errorf("%w: an attribute without a name", table.ErrInvalid)
	}
	switch value := value.(type) {
	case string:
		return checkText(name, value)
	case int64, bool:
		return checkText(name)
	}
	return fmt.Errorf("%w: attribute %s is a %T", table.ErrInvalid, name, value)
}
