package listener

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"ptpu"
)

// unreadableText is all that is ever said of an envelope. What is said of the
// payload in it is the root's to test.
var unreadableText = regexp.MustCompile(`^malformed notice: (larger than 262144 bytes|not UTF-8|` +
	`an SNS notification without a MessageId|a MessageId longer than 256 bytes)$`)

func FuzzNotice(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "notices", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("samples: %v, %v", files, err)
	}
	for _, file := range files {
		sample, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(sample), "")
	}
	const raw = `{"eventType":"SENTENCE_DATES-CHANGED","bookingId":1300101`
	for _, seed := range []struct{ body, eventType string }{
		{raw + `}`, ""},
		{`{"bookingId":"1300101"}`, "SENTENCE_DATES-CHANGED"},
		{`{"bookingId":1300101,"eventType":null}`, "SENTENCE_DATES-CHANGED"},
		{`{"bookingId":1300101}`, "\xff<&>\u2028"},
		{raw + `,"message":"see the attachment"}`, ""},
		{raw + `,"Message":null}`, ""},
		{raw + `,"MESSAGE":"{}","messageid":"m"}`, ""},
		{`{"MessageId":"m","Message":"{\"eventType\":\"SENTENCE_DATES-CHANGED\",\"bookingId\":1}","message":"{}"}`, ""},
		{`{"MessageId":"m","Message":"\ud83d\ude00 \ud800 \u0000","MessageAttributes":{"traceparent":{"Value":5},"x":7}}`, ""},
		{`{"MessageId":5,"Message":"{}"}`, ""},
		{`{"MessageId":"` + strings.Repeat("m", maxMessageID+1) + `","Message":"{}"}`, ""},
		{"{\"MessageId\":\"m\",\"Message\":\"\xff\"}", ""},
		{``, ""},
		{`null`, "SENTENCE_DATES-CHANGED"},
	} {
		f.Add(seed.body, seed.eventType)
	}
	f.Fuzz(func(t *testing.T, body, eventType string) {
		attributes := map[string]string{}
		if eventType != "" {
			attributes["eventType"] = eventType
		}
		n, err := readNotice(body, attributes)
		if again, errAgain := readNotice(body, attributes); again != n || (errAgain == nil) != (err == nil) {
			t.Errorf("read twice, %q is %+v (%v) and %+v (%v)", body, n, err, again, errAgain)
		}
		if err != nil {
			if !errors.Is(err, ptpu.ErrMalformed) || n != (notice{}) || !unreadableText.MatchString(err.Error()) {
				t.Errorf("%q is %+v with error %q, want nothing but a malformed notice, in words of our own", body, n, err)
			}
			return
		}
		if !utf8.ValidString(body) {
			t.Errorf("%q is read, and is not UTF-8", body)
		}
		if n.id == "" || len(n.id) > maxMessageID || !utf8.ValidString(string(n.id)) {
			t.Errorf("%q is known as %q, want what can be part of a key", body, n.id)
		}
		wantNothingElseFrom(t, body, attributes, n)
	})
}

// wantNothingElseFrom reads the same JSON written otherwise: every character
// escaped, other white space.
func wantNothingElseFrom(t *testing.T, body string, attributes map[string]string, n notice) {
	t.Helper()
	p, err := ptpu.ParsePayload([]byte(n.payload))
	if err == nil && p.EventType.Known() && p.BookingID <= 0 {
		t.Errorf("%q is about booking %s, want a positive id", body, p.BookingID)
	}
	rewritten, ok := reencoded(body)
	if !ok || len(rewritten) > ptpu.MaxPayload {
		return
	}
	other, errOther := readNotice(rewritten, attributes)
	if errOther != nil {
		t.Fatalf("%q is read, and %q is not: %v", body, rewritten, errOther)
	}
	if _, isEnvelope := openEnvelope(body); isEnvelope {
		if other != n {
			t.Errorf("%q is %+v, and written otherwise %+v", body, n, other)
		}
		return
	}
	// Raw: another text is another notice, that says the same; so does one with a
	// field more that is called as one of the envelope's, but for its capitals.
	wantSays(t, rewritten, attributes, p, err)
	if more := strings.Replace(body, "{", `{"message":"{}","messageId":7,`, 1); err == nil && json.Valid([]byte(more)) {
		wantSays(t, more, attributes, p, nil)
	}
}

func wantSays(t *testing.T, body string, attributes map[string]string, want ptpu.Payload, wantErr error) {
	t.Helper()
	n, err := readNotice(body, attributes)
	if len(n.payload) > ptpu.MaxPayload || len(body) > ptpu.MaxPayload {
		return
	}
	var p ptpu.Payload
	if err == nil {
		p, err = ptpu.ParsePayload([]byte(n.payload))
	}
	if p != want || (err == nil) != (wantErr == nil) {
		t.Errorf("%q says %+v (%v), want %+v (%v)", body, p, err, want, wantErr)
	}
}

// reencoded writes JSON with all text as escapes, in the same order, and with
// the same names twice where they are. It reports whether the text is JSON.
func reencoded(text string) (string, bool) {
	if !json.Valid([]byte(text)) {
		return "", false
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "\t"); err != nil {
		return "", false
	}
	inside := regexp.MustCompile(`"(\\.|[^"\\])*"`)
	return inside.ReplaceAllStringFunc(out.String(), escaped), true
}

// escaped writes a JSON string with every character as an escape.
func escaped(quoted string) string {
	var text string
	if json.Unmarshal([]byte(quoted), &text) != nil {
		return quoted
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&out, `\u%04x`, unit)
	}
	out.WriteByte('"')
	return out.String()
}
