package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"ptpu/embedded"
	"ptpu/table"
)

// placedAtOnce is how many items are placed in one write, which holds up others.
const placedAtOnce = 500

// placeAll has every item in the indexes of the spec. They are noted in the file
// once that is so: an index that is not noted was added since, or projects
// something else, and the items that were stored before are placed now. One that
// the spec no longer has is noted no longer, because what is put without it will
// be missing there. To begin again does no harm.
func (t *Table) placeAll(ctx context.Context) error {
	declared, err := t.spec.declared()
	if err != nil {
		return err
	}
	noted, err := t.noted(ctx)
	if err != nil || maps.Equal(declared, noted) {
		return err
	}
	if index, ok := added(declared, noted); ok {
		if err := t.placeItems(ctx, index); err != nil {
			return err
		}
	}
	return t.note(ctx, declared)
}

// added names an index that is not noted as it is declared, if there is one.
func added(declared, noted map[string]string) (index string, ok bool) {
	for _, index := range slices.Sorted(maps.Keys(declared)) {
		if there, ok := noted[index]; !ok || there != declared[index] {
			return index, true
		}
	}
	return "", false
}

// declared lists the spec's indexes with what they project, as they are noted.
func (s Spec) declared() (map[string]string, error) {
	declared := map[string]string{}
	for _, index := range s.Indexes {
		projection, err := json.Marshal(index.Project)
		if err != nil {
			return nil, err
		}
		declared[index.Name] = string(projection)
	}
	return declared, nil
}

func (t *Table) noted(ctx context.Context) (map[string]string, error) {
	noted := map[string]string{}
	err := t.file.Query(ctx, t.sql.readIndexes, nil, func(scan embedded.Scan) error {
		var name, projection string
		err := scan(&name, &projection)
		noted[name] = projection
		return err
	})
	return noted, err
}

func (t *Table) note(ctx context.Context, declared map[string]string) error {
	return t.file.Write(ctx, func(tx *embedded.Tx) error {
		if _, err := tx.Exec(t.sql.removeIndexes); err != nil {
			return err
		}
		for name, projection := range declared {
			if _, err := tx.Exec(t.sql.insertIndex, name, projection); err != nil {
				return err
			}
		}
		return nil
	})
}

// placeItems places all items anew, in all indexes, some items in each write.
// index is the one that asks for it.
func (t *Table) placeItems(ctx context.Context, index string) error {
	for last := int64(0); ; {
		some := 0
		err := t.file.Write(ctx, func(tx *embedded.Tx) error {
			stored, err := t.readSome(tx, last)
			if err != nil {
				return err
			}
			if len(stored) > 0 && t.spec.Places == nil {
				return fmt.Errorf("%w: it holds items that may be missing from its index %s", table.ErrInvalid, index)
			}
			for _, s := range stored {
				if err := t.placeAnew(tx, s); err != nil {
					return err
				}
				last = s.row.id
			}
			some = len(stored)
			return nil
		})
		if err != nil || some == 0 {
			return err
		}
	}
}

// stored is a row with its key.
type stored struct {
	key table.Key
	row row
}

// readSome reads the next items behind a row id.
func (t *Table) readSome(tx *embedded.Tx, last int64) ([]stored, error) {
	var some []stored
	err := tx.Query(t.sql.readSome, []any{last, placedAtOnce}, func(scan embedded.Scan) error {
		var s stored
		r := &s.row
		err := scan(&r.id, &s.key.Partition, &s.key.Sort, &r.version, &r.expires, &r.places, &r.attributes)
		some = append(some, s)
		return err
	})
	return some, err
}

func (t *Table) placeAnew(tx *embedded.Tx, s stored) error {
	item, err := s.row.item(s.key)
	if err != nil {
		return err
	}
	item.Index = t.spec.Places(item)
	if err := t.spec.shape().CheckActions([]table.Action{table.Put(item, table.Always())}); err != nil {
		return err
	}
	places, err := encodePlaces(item.Index)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(t.sql.updatePlaces, string(places), s.row.id); err != nil {
		return err
	}
	return t.place(tx, item, s.row, s.row.expires)
}
