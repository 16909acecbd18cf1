package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"ptpu/localstack"
	"ptpu/queue"
)

// sendCommand puts notices on the local queue.
type sendCommand struct {
	File string `arg:"" help:"A file of SNS-shaped notices, one JSON document or many (one after another, or in a list); - reads standard input."`
}

// Run sends every notice of the file, or none when a document is not JSON.
func (c sendCommand) Run(ctx context.Context, p *process) (err error) {
	input := p.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return usage{err}
		}
		defer func() { _ = file.Close() }() // it was only read
		input = file
	}
	notices, err := readNotices(input)
	if err != nil {
		return usage{fmt.Errorf("%s: %w", c.File, err)}
	}
	s, err := sendSettings(p.environ)
	if err != nil {
		return err
	}
	b, err := openBackend(ctx, s, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for i, notice := range notices {
		if _, err := b.events.Send(ctx, queue.Notice{Body: string(notice)}); err != nil {
			return fmt.Errorf("sending notice %d of %d: %w", i+1, len(notices), err)
		}
	}
	_, err = fmt.Fprintf(p.out, "sent %d to %s\n", len(notices), b.events.Name())
	return err
}

// sendSettings reads the settings of a command that calls no upstream, so that
// those of the upstreams are not asked for. It sends to the embedded queue
// unless PTPU_BACKEND says otherwise.
func sendSettings(environ map[string]string) (settings, error) {
	backend := cmp.Or(strings.TrimSpace(environ["PTPU_BACKEND"]), "embedded")
	environ = maps.Clone(environ)
	maps.Copy(environ, worldSettings("http://127.0.0.1"))
	environ["PTPU_BACKEND"] = backend
	return readSettings(environ)
}

// readNotices reads JSON documents, one after another; a list is as many.
func readNotices(input io.Reader) ([]json.RawMessage, error) {
	decoder := json.NewDecoder(input)
	var notices []json.RawMessage
	for {
		var document json.RawMessage
		err := decoder.Decode(&document)
		switch {
		case errors.Is(err, io.EOF) && len(notices) == 0:
			return nil, errors.New("want at least one JSON document, found none")
		case errors.Is(err, io.EOF):
			return notices, nil
		case err != nil:
			return nil, fmt.Errorf("document %d: want JSON: %w", len(notices)+1, err)
		}
		var list []json.RawMessage
		if bytes.HasPrefix(document, []byte("[")) && json.Unmarshal(document, &list) == nil {
			notices = append(notices, list...)
			continue
		}
		notices = append(notices, document)
	}
}

// queueNotice is a sample's notice as the queue takes it.
func queueNotice(n localstack.Notice) queue.Notice {
	return queue.Notice{Body: string(n.Body), Attributes: n.Attributes}
}
