package scheduler

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"ptpu"
)

// Schedule says when something is next due: a six-field cron expression,
// seconds first, in Europe/London. It is immutable.
type Schedule struct {
	expression string
	next       cron.Schedule
}

var parser = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// ParseSchedule reads a cron expression as Spring writes it. Spring's 7 for
// Sunday is accepted; its other extensions (L, W, #, macros) are refused by
// name, because guessing at them would move retries unseen.
func ParseSchedule(expression string) (Schedule, error) {
	fields := strings.Fields(expression)
	if len(fields) == 1 && strings.HasPrefix(fields[0], "@") {
		return Schedule{}, fmt.Errorf("cron %q: macros such as %s are not supported; write six fields, seconds first", expression, fields[0])
	}
	if len(fields) != 6 {
		return Schedule{}, fmt.Errorf("cron %q has %d fields; want six: second minute hour day month weekday", expression, len(fields))
	}
	for _, field := range fields {
		if extension := springExtension(field); extension != "" {
			return Schedule{}, fmt.Errorf("cron %q: Spring's %s is not supported", expression, extension)
		}
	}
	weekday, err := sundayAsZero(fields[5])
	if err != nil {
		return Schedule{}, fmt.Errorf("cron %q: %w", expression, err)
	}
	fields[5] = weekday
	next, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return Schedule{}, fmt.Errorf("cron %q: %w", expression, err)
	}
	if next.Next(leapYear).IsZero() {
		return Schedule{}, fmt.Errorf("cron %q never fires: no month has such a day", expression)
	}
	return Schedule{expression: expression, next: next}, nil
}

// leapYear is where a schedule must find its first fire within the five years
// that the parser looks ahead.
var leapYear = time.Date(2024, 1, 1, 0, 0, 0, 0, ptpu.London)

// springExtension names the extension that a field uses, or is empty. Names of
// months and weekdays hold the letters L and W too (JUL, WED), so only an L or
// W beside a digit, or alone, is one.
func springExtension(field string) string {
	for part := range strings.SplitSeq(strings.ToUpper(field), ",") {
		bare := strings.Trim(part, "0123456789-")
		switch {
		case strings.Contains(part, "#"):
			return "# (nth weekday of the month)"
		case bare == "L" || bare == "LW" || len(bare) == 4 && strings.HasSuffix(bare, "L"):
			return "L (last)"
		case bare == "W":
			return "W (nearest working day)"
		}
	}
	return ""
}

// sundayAsZero rewrites a weekday field whose numbers go to 7 into one whose
// Sunday is 0, which is all that the parser knows.
func sundayAsZero(field string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		switch {
		case from == "7" && !ranged && !stepped:
			parts = append(parts, "0")
		case from == "7":
			return "", fmt.Errorf("weekday %q starts at Sunday as 7; write 0", part)
		case to == "7":
			days, err := weekdays(from, step)
			if err != nil {
				return "", fmt.Errorf("weekday %q: %w", part, err)
			}
			parts = append(parts, days...)
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ","), nil
}

// weekdays lists the days from one to Sunday as 7, by the step.
func weekdays(from, step string) ([]string, error) {
	first, err := strconv.Atoi(from)
	if err != nil || first < 0 {
		return nil, fmt.Errorf("%q is not a weekday number", from)
	}
	by := 1
	if step != "" {
		if by, err = strconv.Atoi(step); err != nil || by < 1 {
			return nil, fmt.Errorf("%q is not a step", step)
		}
	}
	var days []string
	for day := first; day <= 7; day += by {
		days = append(days, strconv.Itoa(day%7))
	}
	return days, nil
}

// String is the expression as it was written.
func (s Schedule) String() string { return s.expression }

// Next is the first fire after the instant, in UTC. It goes by London's wall
// clock: a fire in the hour that a clock change skips falls to the next day,
// one in the hour that it repeats comes twice.
func (s Schedule) Next(after time.Time) time.Time {
	return s.next.Next(after.In(ptpu.London)).UTC()
}

// Rhythm is the schedule of each retry tier.
type Rhythm map[ptpu.Tier]Schedule

// Next is the first fire of the tier's schedule after the instant, in UTC.
func (r Rhythm) Next(tier ptpu.Tier, after time.Time) time.Time { return r[tier].Next(after) }
