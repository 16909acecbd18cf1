package sqs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAdded(t *testing.T) {
	const plenty = 1 << 20
	nine := map[string]string{}
	for _, name := range strings.Split("abcdefghi", "") {
		nine[name] = "1"
	}
	ten := with(nine, map[string]string{"j": "1"})
	why := map[string]string{"ptpu-error": "a long reason", "ptpu-error-at": "2026"}
	for name, c := range map[string]struct {
		attributes, add map[string]string
		bytes           int
		want            map[string]string
	}{
		"nothing to nothing": {bytes: plenty, want: map[string]string{}},
		"there is room": {
			attributes: map[string]string{"a": "1"}, add: why, bytes: plenty,
			want: with(map[string]string{"a": "1"}, why),
		},
		"the longest gives way to the limit of ten": {
			attributes: nine, add: why, bytes: plenty,
			want: with(nine, map[string]string{"ptpu-error-at": "2026"}),
		},
		"none of the original ever does": {attributes: ten, add: why, bytes: plenty, want: ten},
		"one of the same name is replaced, whatever the number": {
			attributes: ten, add: map[string]string{"j": "2"}, bytes: plenty, want: with(nine, map[string]string{"j": "2"}),
		},
		"the longest is shortened": {
			// Both names and types are 23 + 12 bytes, the instant 4.
			add: why, bytes: 35 + 4 + 6, want: map[string]string{"ptpu-error": "a long", "ptpu-error-at": "2026"},
		},
		"the longest is left out when nothing of it fits": {
			add: why, bytes: 35 + 4, want: map[string]string{"ptpu-error-at": "2026"},
		},
		"a character is never cut in two": {
			add: map[string]string{"x": "Łódź"}, bytes: 1 + 6 + 4, want: map[string]string{"x": "Łó"},
		},
		"what SQS does not carry is left out": {
			add: map[string]string{"x": "a\x00b\xffc\td", "y": "\x01", "z": ""}, bytes: plenty, want: map[string]string{"x": "abc\td"},
		},
		"without any room": {attributes: nine, add: why, bytes: 10, want: nine},
		"an original that no longer fits is kept as it was": {
			attributes: map[string]string{"x": "1"}, add: map[string]string{"x": "12"}, bytes: 7, want: map[string]string{"x": "1"},
		},
	} {
		if diff := cmp.Diff(c.want, added(c.attributes, c.add, c.bytes)); diff != "" {
			t.Errorf("%s, -want +got:\n%s", name, diff)
		}
	}
}

func with(a, b map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}
