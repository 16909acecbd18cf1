package reports

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ptpu"
)

// query is what each question has in common: a look at the query as it came.
type query struct{ faults []error }

// Resolve notes what the fields of a question do not show: a parameter that
// stands there twice, and one that cannot be read and so would count as not
// given. A report with a filter that was overlooked is a wrong report.
func (q *query) Resolve(c huma.Context) []error {
	asked := c.URL()
	values, err := url.ParseQuery(asked.RawQuery)
	q.faults = nil
	if err != nil {
		q.faults = append(q.faults, &huma.ErrorDetail{Location: "query", Message: "want name=value pairs, joined with & and escaped as in a URL"})
	}
	for _, p := range c.Operation().Parameters {
		if n := len(values[p.Name]); n > 1 {
			q.faults = append(q.faults, &huma.ErrorDetail{Location: "query." + p.Name, Message: "want it once at most", Value: n})
		}
	}
	return nil
}

// parameters reads the parameters of one question and gathers what is wrong
// with them. One that is empty counts as not given.
type parameters struct {
	given  map[string]string
	faults []error
}

func (q query) parameters() *parameters {
	return &parameters{given: map[string]string{}, faults: q.faults}
}

// text gives the value without blanks around it, and remembers it for the audit.
func (p *parameters) text(name, value string) (text string, given bool) {
	if text = strings.TrimSpace(value); text == "" {
		return "", false
	}
	p.given[name] = text
	return text, true
}

// longestEcho is how much of a bad value is worth repeating.
const longestEcho = 64

func (p *parameters) fault(name, form string) {
	detail := &huma.ErrorDetail{Location: "query." + name, Message: form}
	if value := p.given[name]; len(value) <= longestEcho {
		detail.Value = value
	}
	p.faults = append(p.faults, detail)
}

// err is the answer to a question that cannot be understood, or nil.
func (p *parameters) err() error {
	if len(p.faults) == 0 {
		return nil
	}
	var wrong []string
	for _, fault := range p.faults {
		if detail, ok := fault.(huma.ErrorDetailer); ok {
			name := strings.TrimPrefix(detail.ErrorDetail().Location, "query.")
			wrong = append(wrong, name+": "+detail.ErrorDetail().Message)
		}
	}
	return huma.Error400BadRequest(strings.Join(wrong, "; "), p.faults...)
}

// maxDays is a hundred years: more is a slip.
const maxDays = 36_500

func (p *parameters) days(name, value string, missing int) int {
	text, given := p.text(name, value)
	if !given {
		return missing
	}
	days, err := strconv.ParseUint(text, 10, 32)
	if err != nil || days > maxDays {
		p.fault(name, "want a whole number of days from 0 to "+strconv.Itoa(maxDays))
		return missing
	}
	return int(days)
}

func (p *parameters) moment(name, value string) moment {
	text, given := p.text(name, value)
	if !given {
		return moment{}
	}
	m, ok := parseMoment(text)
	if !ok {
		p.fault(name, momentForm)
	}
	return m
}

func (p *parameters) span(startName, start, endName, end string) span {
	s := span{start: p.moment(startName, start), end: p.moment(endName, end)}
	if s.empty() {
		p.fault(endName, "want a date-time after "+startName+": both bounds are exclusive")
	}
	return s
}

func (p *parameters) location(name, value string) ptpu.PrisonCode {
	text, given := p.text(name, value)
	code := ptpu.PrisonCode(strings.ToUpper(text))
	if given && !code.Valid() {
		p.fault(name, "want a prison code such as MDI")
	}
	return code
}

func (p *parameters) eventType(name, value string) ptpu.EventType {
	text, given := p.text(name, value)
	if given && !ptpu.EventType(text).Known() {
		var known []string
		for _, t := range ptpu.EventTypes() {
			known = append(known, string(t))
		}
		p.fault(name, "want one of "+strings.Join(known, ", "))
	}
	return ptpu.EventType(text)
}

func (p *parameters) yes(name, value string) bool {
	switch text, given := p.text(name, value); {
	case !given, strings.EqualFold(text, "false"):
		return false
	case strings.EqualFold(text, "true"):
		return true
	default:
		p.fault(name, "want true or false")
		return false
	}
}
