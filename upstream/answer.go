package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"ptpu"
)

// verdict is what an answer means. No kind: it is the 200 that was hoped for.
type verdict struct {
	kind            error
	cause           error
	namesBookNumber bool
}

// judge says what an answer means, given as much of its body as could be read
// and what ended the reading. Status and body together decide, in this one
// place, for every call.
func judge(response *http.Response, body []byte, broken error) verdict {
	switch status := response.StatusCode; {
	case status == http.StatusOK && broken != nil:
		return verdict{kind: ptpu.ErrUnavailable, cause: harmless(broken)}
	case status == http.StatusOK:
		return verdict{}
	case status == http.StatusNotFound:
		return judgeNotFound(response, body, broken)
	case status == http.StatusConflict:
		return verdict{kind: ptpu.ErrConflict}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return verdict{kind: ptpu.ErrDenied}
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return verdict{kind: ptpu.ErrUnavailable}
	case status >= 400 && status <= 499:
		return verdict{kind: ptpu.ErrRefused}
	default:
		// 5xx; redirects, which only a gateway would send; and successes that
		// none of these APIs promises, such as 204.
		return verdict{kind: ptpu.ErrUnavailable}
	}
}

// judgeToken is judge for the token endpoint of hmpps-auth. Its refusals are all
// about ptpu's credentials, and it has no other answers that mean anything.
func judgeToken(response *http.Response, body []byte, broken error) verdict {
	if response.StatusCode != http.StatusOK || broken != nil {
		return verdict{kind: tokenKind(response.StatusCode)}
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &granted) != nil || granted.Token == "" {
		return verdict{kind: ptpu.ErrUnavailable, cause: errUnreadable}
	}
	return verdict{}
}

// tokenKind is what the status of a request for a token means that brought none.
func tokenKind(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return ptpu.ErrDenied
	default:
		return ptpu.ErrUnavailable
	}
}

// judgeNotFound tells the API's own 404 from that of a gateway in front of it,
// which only says that the API cannot be reached. The APIs answer with JSON or
// with nothing; even half of their JSON has their Content-Type. A body that
// broke before its first byte is not known to be nothing.
func judgeNotFound(response *http.Response, body []byte, broken error) verdict {
	empty := len(body) == 0 && broken == nil
	if !empty && !isJSON(response.Header.Get("Content-Type")) {
		return verdict{kind: ptpu.ErrUnavailable, cause: errGateway}
	}
	// Delius tells an unknown conviction from an unknown person by text alone.
	return verdict{kind: ptpu.ErrNotFound, namesBookNumber: bytes.Contains(body, []byte("bookingNumber"))}
}

var errGateway = errors.New("a gateway's answer, not the API's")

func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType, _, _ = strings.Cut(contentType, ";")
		mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	}
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// decode reads an answer into out. Its errors say where an answer is wrong and
// never show a part of it.
func decode(body []byte, out any) error {
	if out == nil {
		if len(body) > 0 && !json.Valid(body) {
			return errUnreadable
		}
		return nil
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return errUnreadable // encoding/json would leave out as it is
	}
	if err := json.Unmarshal(body, out); err != nil {
		var mistyped *json.UnmarshalTypeError
		if errors.As(err, &mistyped) && mistyped.Field != "" {
			return fmt.Errorf("%w: at %s", errUnreadable, mistyped.Field)
		}
		return errUnreadable
	}
	if partial, ok := out.(Partial); ok {
		if field := partial.Missing(); field != "" {
			return fmt.Errorf("%w: without %s", errUnreadable, field)
		}
	}
	return nil
}
