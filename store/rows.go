package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ptpu"
	"ptpu/table"
)

// The kinds of row, as the first part of the sort key.
const (
	auditKind      = "audit#"
	claimKind      = "claim"
	messageKind    = "message#"
	outboxKind     = "outbox#"
	unfinishedKind = "unfinished#"
	// behindAll sorts behind every kind of row that waits.
	behindAll = "v"
)

// fields reads attributes into typed values and remembers the first that is of
// another type: a row that this version does not understand must not be taken
// for an empty one.
type fields struct {
	attributes table.Attributes
	err        error
}

func (f *fields) fail(name string, value any) {
	if f.err == nil {
		f.err = fmt.Errorf("attribute %s is a %T", name, value)
	}
}

func (f *fields) text(name string) string {
	value, ok := f.attributes[name]
	if !ok {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		f.fail(name, value)
	}
	return text
}

func (f *fields) number(name string) int64 {
	value, ok := f.attributes[name]
	if !ok {
		return 0
	}
	number, ok := value.(int64)
	if !ok {
		f.fail(name, value)
	}
	return number
}

func (f *fields) count(name string) int { return int(f.number(name)) }

// flag is nil when the attribute is absent.
func (f *fields) flag(name string) *bool {
	value, ok := f.attributes[name]
	if !ok {
		return nil
	}
	flag, ok := value.(bool)
	if !ok {
		f.fail(name, value)
	}
	return &flag
}

func (f *fields) instant(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(instantLayout, text)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("attribute %s is no instant", name)
	}
	return t
}

// booking reads the booking that a row belongs to out of its key.
func (f *fields) booking(key table.Key) ptpu.BookingID {
	id, err := strconv.ParseInt(key.Partition, 10, 64)
	if err != nil && f.err == nil {
		f.err = errors.New("partition is no booking")
	}
	return ptpu.BookingID(id)
}

func (f *fields) json(name string, into any) {
	text := f.text(name)
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil && f.err == nil {
		f.err = fmt.Errorf("attribute %s: %w", name, err)
	}
}

// put sets an attribute unless its value is empty: absent is absent.
func put[T comparable](attributes table.Attributes, name string, value T) {
	var zero T
	if value != zero {
		attributes[name] = value
	}
}

func putInstant(attributes table.Attributes, name string, t time.Time) {
	if !t.IsZero() {
		attributes[name] = instant(t)
	}
}

// putJSON sets an attribute to the value as JSON. The values are ours and
// always marshal.
func putJSON(attributes table.Attributes, name string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("marshalling %s: %v", name, err))
	}
	attributes[name] = string(text)
}

// condition is what an existing or new row must look like to be written.
func condition(version int64) table.Condition {
	if version == 0 {
		return table.Absent()
	}
	return table.VersionIs(version)
}

var errRow = errors.New("unreadable row")

func rowError(key table.Key, err error) error {
	return fmt.Errorf("%w %s/%s: %w", errRow, key.Partition, key.Sort, err)
}
