// Package sqlite keeps a topic of the seam ptpu/topic in the embedded SQLite
// file. Nobody subscribes to it: what was published stays there to be looked
// at, on one machine and in tests.
package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"ptpu/embedded"
	"ptpu/topic"
)

var migrations = []string{`
CREATE TABLE announcements (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	topic      TEXT NOT NULL,
	id         TEXT NOT NULL,
	body       TEXT NOT NULL,
	attributes TEXT NOT NULL,    -- JSON
	published  INTEGER NOT NULL  -- milliseconds since 1970
);
CREATE INDEX announcements_topic ON announcements (topic, seq);
`}

const (
	insertMessage = `INSERT INTO announcements (topic, id, body, attributes, published)
		VALUES (?, ?, ?, ?, ?)`
	selectMessages = `SELECT seq, id, body, attributes, published FROM announcements
		WHERE topic = ? AND seq > ? ORDER BY seq LIMIT ?`
)

// Topic is one topic in the file. It is a topic.Topic, with all that this
// promises.
type Topic struct {
	file *embedded.File
	name string
}

var _ topic.Topic = (*Topic)(nil)

// Open opens a topic, on which nothing was published when it is new. The error
// wraps topic.ErrInvalid without a name, else what embedded.File.Migrate
// returns.
func Open(ctx context.Context, file *embedded.File, name string) (*Topic, error) {
	if name == "" {
		return nil, fmt.Errorf("opening a topic: %w: no name", topic.ErrInvalid)
	}
	if err := file.Migrate(ctx, "topic", migrations); err != nil {
		return nil, fmt.Errorf("opening topic %s: %w", name, err)
	}
	return &Topic{file: file, name: name}, nil
}

// Publish implements topic.Topic.
func (t *Topic) Publish(ctx context.Context, m topic.Message) (id string, err error) {
	id = rand.Text()
	if err := t.publish(ctx, id, m); err != nil {
		return "", t.failed("publishing", err)
	}
	return id, nil
}

func (t *Topic) publish(ctx context.Context, id string, m topic.Message) error {
	if m.Body == "" {
		return fmt.Errorf("%w: an empty body", topic.ErrInvalid)
	}
	for name, value := range m.Attributes {
		// The body is kept as it is; JSON would mend these unasked.
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return fmt.Errorf("%w: an attribute is not UTF-8", topic.ErrInvalid)
		}
	}
	attributes, err := json.Marshal(m.Attributes)
	if err != nil {
		return err
	}
	return t.file.Write(ctx, func(tx *embedded.Tx) error {
		_, err := tx.Exec(insertMessage, t.name, id, m.Body, string(attributes), time.Now().UnixMilli())
		return err
	})
}

// Published is a message that was published.
type Published struct {
	topic.Message
	// Seq orders the messages of a file and grows with each.
	Seq int64
	// ID is what Publish returned.
	ID string
	// At is when it was published (UTC, whole milliseconds).
	At time.Time
}

// Published reads up to limit messages in the order in which they were
// published, beginning behind the one with the Seq after; 0 is the start. The
// error wraps topic.ErrUnavailable when the file could not be read.
func (t *Topic) Published(ctx context.Context, after int64, limit int) ([]Published, error) {
	var all []Published
	err := t.file.Query(ctx, selectMessages, []any{t.name, after, limit}, func(scan embedded.Scan) error {
		var p Published
		var attributes []byte
		var at int64
		if err := scan(&p.Seq, &p.ID, &p.Body, &attributes, &at); err != nil {
			return err
		}
		p.At = time.UnixMilli(at).UTC()
		err := json.Unmarshal(attributes, &p.Attributes)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, t.failed("reading what was published", err)
	}
	return all, nil
}

// failed names the step, and gives the file's failures the seam's names.
func (t *Topic) failed(step string, err error) error {
	switch {
	case errors.Is(err, embedded.ErrUnavailable):
		err = fmt.Errorf("%w: %w", topic.ErrUnavailable, err)
	case errors.Is(err, embedded.ErrTooBig):
		err = fmt.Errorf("%w: %w", topic.ErrInvalid, err)
	}
	return fmt.Errorf("%s on topic %s: %w", step, t.name, err)
}
