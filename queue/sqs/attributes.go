package sqs

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ptpu/queue"
)

const (
	// maxAttributes is how many attributes SQS carries beside a body.
	maxAttributes = 10
	// stringType is the data type that attributes are sent with.
	stringType = "String"
)

// validate reports what SQS would refuse, in the seam's words.
func (q *Queue) validate(n queue.Notice) error {
	if n.Body == "" || !allowed(n.Body) {
		return fmt.Errorf("%w: a body that is empty, or has bytes that SQS does not carry", queue.ErrInvalid)
	}
	if len(n.Attributes) > maxAttributes {
		return fmt.Errorf("%w: %d attributes, want at most %d", queue.ErrInvalid, len(n.Attributes), maxAttributes)
	}
	for name, value := range n.Attributes {
		if name == "" || value == "" || !allowed(name) || !allowed(value) {
			return fmt.Errorf("%w: attribute %q is empty, or has bytes that SQS does not carry", queue.ErrInvalid, name)
		}
	}
	if size := len(n.Body) + sizeOf(n.Attributes); size > q.maxSize {
		return fmt.Errorf("%w: %d bytes, want at most %d", queue.ErrInvalid, size, q.maxSize)
	}
	return nil
}

// allowed reports whether SQS carries a text: UTF-8 without what XML 1.0 has no
// place for.
func allowed(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, isForbidden)
}

func isForbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// sizeOf is what attributes take of a message's maximum size, in bytes.
func sizeOf(attributes map[string]string) int {
	size := 0
	for name, value := range attributes {
		size += len(name) + len(stringType) + len(value)
	}
	return size
}

// added returns the attributes with those in add, within what SQS allows: at
// most ten, in so many bytes. What is in add gives way, the longest first: it is
// shortened, or left out. None of the others ever is, except for one of the
// same name.
func added(attributes, add map[string]string, bytes int) map[string]string {
	all := map[string]string{}
	maps.Copy(all, attributes)
	names := slices.SortedFunc(maps.Keys(add), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(add[a]), len(add[b])), cmp.Compare(a, b))
	})
	for _, name := range names {
		before, replaces := all[name]
		if !replaces && len(all) == maxAttributes {
			continue
		}
		delete(all, name)
		value := shortened(add[name], bytes-sizeOf(all)-len(name)-len(stringType))
		switch {
		case value != "":
			all[name] = value
		case replaces:
			all[name] = before
		}
	}
	return all
}

// shortened returns as much of a text as SQS carries in so many bytes.
func shortened(text string, bytes int) string {
	text = strings.Map(func(r rune) rune {
		if isForbidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) <= bytes {
		return text
	}
	end := max(0, bytes)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func outgoing(attributes map[string]string) map[string]types.MessageAttributeValue {
	values := make(map[string]types.MessageAttributeValue, len(attributes))
	for name, value := range attributes {
		values[name] = types.MessageAttributeValue{DataType: aws.String(stringType), StringValue: &value}
	}
	return values
}

// incoming reads attributes as strings, whatever the sender said they are:
// numbers as they are written, bytes in base64.
func incoming(values map[string]types.MessageAttributeValue) map[string]string {
	attributes := make(map[string]string, len(values))
	for name, value := range values {
		if value.StringValue == nil {
			attributes[name] = base64.StdEncoding.EncodeToString(value.BinaryValue)
			continue
		}
		attributes[name] = *value.StringValue
	}
	return attributes
}
