package sqlite

import (
	"database/sql"

	"ptpu/embedded"
	"ptpu/table"
)

// place moves the item from the places that it was stored with to those that
// it has now.
func (t *Table) place(tx *embedded.Tx, item table.Item, stored row, expires sql.NullInt64) error {
	var old map[string]table.IndexKey
	if stored.id != 0 {
		var err error
		if old, err = decodePlaces(stored.places); err != nil {
			return err
		}
	}
	for name, place := range old {
		if item.Index[name] == place {
			continue
		}
		if err := t.leave(tx, name, place, item.Key); err != nil {
			return err
		}
	}
	for name, place := range item.Index {
		index, _ := t.spec.index(name)
		// Such an entry shows nothing else that could have changed. Work
		// that waits is rewritten often without being due at another time.
		if old[name] == place && len(index.Project) == 0 && stored.expires == expires {
			continue
		}
		if err := t.enter(tx, index, place, item, expires); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) leave(tx *embedded.Tx, index string, place table.IndexKey, key table.Key) error {
	_, err := tx.Exec(t.sql.removePlace, index, place.Partition, place.Sort, key.Partition, key.Sort)
	return err
}

func (t *Table) enter(tx *embedded.Tx, index table.Index, place table.IndexKey, item table.Item, expires sql.NullInt64) error {
	attributes, err := encodeAttributes(project(index, item.Attributes))
	if err != nil {
		return err
	}
	_, err = tx.Exec(t.sql.insertPlace, index.Name, place.Partition, place.Sort,
		item.Key.Partition, item.Key.Sort, expires, string(attributes))
	return err
}

// project copies the attributes that the index shows.
func project(index table.Index, all table.Attributes) table.Attributes {
	shown := table.Attributes{}
	for _, name := range index.Project {
		if value, ok := all[name]; ok {
			shown[name] = value
		}
	}
	return shown
}
