package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"ptpu/table"
)

// row is an item as it is stored.
type row struct {
	id         int64 // 0 = not stored yet
	version    int64
	expires    sql.NullInt64 // seconds
	places     []byte
	attributes []byte
}

// expired reports whether the row counts as absent at now.
func (r row) expired(now time.Time) bool {
	return r.expires.Valid && r.expires.Int64 <= now.Unix()
}

func (r row) item(key table.Key) (table.Item, error) {
	places, err := decodePlaces(r.places)
	if err != nil {
		return table.Item{}, err
	}
	attributes, err := decodeAttributes(r.attributes)
	if err != nil {
		return table.Item{}, err
	}
	return table.Item{
		Key:        key,
		Version:    r.version,
		Index:      places,
		Expires:    expiryOf(r.expires),
		Attributes: attributes,
	}, nil
}

func expiryOf(seconds sql.NullInt64) time.Time {
	if !seconds.Valid {
		return time.Time{}
	}
	return time.Unix(seconds.Int64, 0).UTC()
}

func secondsOf(expires time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: expires.Unix(), Valid: !expires.IsZero()}
}

// encodeAttributes writes the attributes as JSON, in the order of their names:
// equal attributes have equal text.
func encodeAttributes(a table.Attributes) ([]byte, error) {
	if len(a) == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(a)
}

// decodeAttributes never goes through float64, which cannot hold each int64.
func decodeAttributes(text []byte) (table.Attributes, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	attributes := table.Attributes{}
	if err := d.Decode(&attributes); err != nil {
		return nil, fmt.Errorf("reading stored attributes: %w", err)
	}
	for name, value := range attributes {
		number, ok := value.(json.Number)
		if !ok {
			continue
		}
		n, err := number.Int64()
		if err != nil {
			return nil, fmt.Errorf("reading stored attribute %s: %w", name, err)
		}
		attributes[name] = n
	}
	return attributes, nil
}

// noPlaces is what encodePlaces writes for an item that is in no index.
var noPlaces = []byte("{}")

// encodePlaces writes an item's places as JSON, as lists of two for brevity.
func encodePlaces(index map[string]table.IndexKey) ([]byte, error) {
	if len(index) == 0 {
		return noPlaces, nil
	}
	places := make(map[string][2]string, len(index))
	for name, place := range index {
		places[name] = [2]string{place.Partition, place.Sort}
	}
	return json.Marshal(places)
}

func decodePlaces(text []byte) (map[string]table.IndexKey, error) {
	if bytes.Equal(text, noPlaces) {
		return nil, nil
	}
	var places map[string][2]string
	if err := json.Unmarshal(text, &places); err != nil {
		return nil, fmt.Errorf("reading stored index places: %w", err)
	}
	index := make(map[string]table.IndexKey, len(places))
	for name, place := range places {
		index[name] = table.IndexKey{Partition: place[0], Sort: place[1]}
	}
	return index, nil
}
