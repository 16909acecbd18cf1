package reports

import (
	"strconv"
	"strings"
)

// acceptsGzip reports whether the Accept-Encoding headers ask for gzip: named
// itself or by *, not refused with q=0, and liked no less than the plain answer
// (RFC 9110, 12.5.3).
func acceptsGzip(headers []string) bool {
	gzip, plain, other := -1.0, -1.0, -1.0
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			gzip = weight(parameters)
		case "identity":
			plain = weight(parameters)
		case "*":
			other = weight(parameters)
		}
	}
	if gzip < 0 {
		gzip = other
	}
	return gzip > 0 && gzip >= plain
}

// weight reads q: 1 when it is not there, 0 when it is no number.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}
