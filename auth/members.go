package auth

import (
	"bytes"
	"encoding/json"
	"errors"
)

// members are those of a JSON object. encoding/json takes the last of two
// members of one name, and EXP for exp; what a token says must not depend on
// who reads it, so here names are exact and a second one makes it unreadable.
type members map[string]json.RawMessage

// UnmarshalJSON reads one object, which encoding/json has found to be JSON.
func (m *members) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return errors.New("no JSON object")
	}
	read := members{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		key, _ := name.(string) // an object's members have no other names
		if _, twice := read[key]; twice {
			return errors.New("a member is there twice")
		}
		read[key] = value
	}
	*m = read
	return nil
}

// text is a member that is a string; not ok when it is missing or is none.
func (m members) text(name string) (_ string, ok bool) { return read[string](m, name) }

// read reads a member; not ok when it is missing, null, or of another type.
func read[T any](m members, name string) (value T, ok bool) {
	var given *T
	if err := json.Unmarshal(m[name], &given); err != nil || given == nil {
		return value, false
	}
	return *given, true
}
