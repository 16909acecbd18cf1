package health

import (
	"context"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// noAnswer is the reason of whatever took too long.
const noAnswer = "no answer in time"

// longestReason is the most bytes of an error that are shown.
const longestReason = 200

// address is what looks like one: it can hold a password.
var address = regexp.MustCompile(`\S*(://|@)\S*`)

// reason is an error in a few words that everybody may read.
func reason(err error) string {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return noAnswer
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // the rest of it is the address
	}
	return cut(address.ReplaceAllString(err.Error(), "(address)"), longestReason)
}

// cut is the text as valid UTF-8 of at most that many bytes.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
