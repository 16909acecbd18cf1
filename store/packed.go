package store

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"ptpu/table"
)

// packedBelow is the size in bytes from which a value is compressed. An audit
// entry with its steps is more than a kilobyte as plain JSON, and each begun
// kilobyte of a row is paid for; short ones stay readable in the table.
const packedBelow = 512

// packedSuffix ends the name of an attribute whose value is compressed.
const packedSuffix = "Packed"

// putPacked sets an attribute to the value as JSON, compressed when it is long.
func putPacked(attributes table.Attributes, name string, value any) {
	plain, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("marshalling %s: %v", name, err)) // our own values always marshal
	}
	if len(plain) < packedBelow {
		attributes[name] = string(plain)
		return
	}
	var packed bytes.Buffer
	writer, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("compressing %s: %v", name, err)) // the level is a constant
	}
	_, _ = writer.Write(plain) // a buffer takes everything
	_ = writer.Close()
	attributes[name+packedSuffix] = base64.RawStdEncoding.EncodeToString(packed.Bytes())
}

// packed reads what putPacked writes.
func (f *fields) packed(name string, into any) {
	text := f.text(name + packedSuffix)
	if text == "" {
		f.json(name, into)
		return
	}
	compressed, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(flate.NewReader(bytes.NewReader(compressed))); err == nil {
			err = json.Unmarshal(plain, into)
		}
	}
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("attribute %s: %w", name+packedSuffix, err)
	}
}
