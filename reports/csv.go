package reports

import (
	"strconv"
	"time"

	"ptpu"
)

// The headers, in alphabetical order. Spreadsheets and scripts find columns by
// them and by their place.
const (
	header = `"BOOKINGID","BOOKINGNO","CREATEDDATE","CRNS","DELETEBY","EVENTTYPE","LEGALSTATUS",` +
		`"LOCATION","LOCATIONID","OFFENDERNO","RECALL","STATUS"` + "\n"
	processedHeader = `"BOOKINGID","BOOKINGNO","CREATEDDATE","CRNS","DELETEBY","EVENTTYPE","LEGALSTATUS",` +
		`"LOCATION","LOCATIONID","OFFENDERNO","PROCESSEDDATE","RECALL","STATUS"` + "\n"
)

// appendHeader appends the header of a report on processed messages, or of one
// on those that are not.
func appendHeader(b []byte, processed bool) []byte {
	if processed {
		return append(b, processedHeader...)
	}
	return append(b, header...)
}

// appendRow appends the message as a row. What is not known is an empty field.
// Reports are long: only CRNs cost memory.
func appendRow(b []byte, m ptpu.Message, processed bool) []byte {
	var digits [20]byte
	b = append(appendField(b, strconv.AppendInt(digits[:0], int64(m.BookingID), 10)), ',')
	b = append(appendField(b, m.BookNumber), ',')
	b = append(appendDateTime(b, m.Created), ',')
	b = append(appendField(b, ptpu.JoinCRNs(m.MatchingCRNs)), ',')
	b = append(appendDateTime(b, m.DeleteBy), ',')
	b = append(appendField(b, m.EventType), ',')
	b = append(appendField(b, m.LegalStatus), ',')
	b = append(appendField(b, m.LocationDescription), ',')
	b = append(appendField(b, m.LocationID), ',')
	b = append(appendField(b, m.OffenderNo), ',')
	if processed {
		b = append(appendDateTime(b, m.Processed), ',')
	}
	b = append(appendField(b, recallOf(m)), ',')
	return append(appendField(b, m.State), '\n')
}

func recallOf(m ptpu.Message) string {
	if m.Recall == nil {
		return ""
	}
	return strconv.FormatBool(*m.Recall)
}

// appendField appends the text as one quoted field. Every field is quoted,
// which encoding/csv cannot be told to do. A text that a spreadsheet would run
// as a formula gets an apostrophe in front: much of it was typed by people.
func appendField[T ~string | ~[]byte](b []byte, text T) []byte {
	b = append(b, '"')
	if len(text) > 0 {
		switch text[0] {
		case '=', '+', '-', '@', '\t', '\r':
			b = append(b, '\'')
		}
	}
	for i := range len(text) {
		if text[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, text[i])
	}
	return append(b, '"')
}

// appendDateTime appends the instant as London's local time without a zone, with
// as many digits of a fraction (3, 6 or 9) as it needs: as the predecessor, a
// Java service, wrote it.
func appendDateTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	if !t.IsZero() {
		layout := "2006-01-02T15:04:05"
		switch ns := time.Duration(t.Nanosecond()); {
		case ns == 0:
		case ns%time.Millisecond == 0:
			layout = "2006-01-02T15:04:05.000"
		case ns%time.Microsecond == 0:
			layout = "2006-01-02T15:04:05.000000"
		default:
			layout = "2006-01-02T15:04:05.000000000"
		}
		b = t.In(ptpu.London).AppendFormat(b, layout)
	}
	return append(b, '"')
}
