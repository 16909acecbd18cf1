package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"ptpu"
	"ptpu/scheduler"
	"ptpu/telemetry"
	"ptpu/upstream"
)

// settings are ptpu's settings, each read from the environment variable of its
// tag. What a variable means to people stands in its help tag, and from there
// in docs/settings.md. An empty variable counts as unset.
type settings struct {
	Port int `env:"SERVER_PORT" envDefault:"8080" help:"HTTP port"`

	OAuthURL          string `env:"OAUTH_ENDPOINT_URL" help:"hmpps-auth base; the token URL is /oauth/token below it" required:"always"`
	OAuthClientID     string `env:"OAUTH_CLIENT_ID" help:"client id for the upstream calls" required:"always"`
	OAuthClientSecret secret `env:"OAUTH_CLIENT_SECRET" help:"client secret for the upstream calls" required:"always"`
	PrisonURL         string `env:"PRISON_ENDPOINT_URL" help:"prison-api base" required:"always"`
	CommunityURL      string `env:"COMMUNITY_ENDPOINT_URL" help:"community-api base" required:"always"`
	SearchURL         string `env:"OFFENDER_SEARCH_ENDPOINT_URL" help:"probation-offender-search base" required:"always"`

	OnlyPrisons      []string `env:"PRISONTOPROBATION_ONLY_PRISONS" help:"prison codes that ptpu acts for, separated by commas; empty = all"`
	Holdback         duration `env:"PRISONTOPROBATION_HOLD_BACK_DURATION" envDefault:"15m" help:"how long a message rests before its first attempt: 60m, 90s or PT1H"`
	ProcessorDelay   millis   `env:"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY" envDefault:"1000" help:"milliseconds between the end of a processing tick and the next"`
	ProcessorEnabled bool     `env:"PRISONTOPROBATION_MESSAGE_PROCESSOR_ENABLED" envDefault:"true" help:"false = this pod processes and retries nothing"`
	ShortCron        schedule `env:"RETRY_SCHEDULES_SHORT_CRON" envDefault:"0 0 * * * *" help:"when a message is tried again after 1 to 4 misses: six-field cron, seconds first, Europe/London"`
	MediumCron       schedule `env:"RETRY_SCHEDULES_MEDIUM_CRON" envDefault:"0 15 */4 * * *" help:"the same after 5 to 10 misses"`
	LongCron         schedule `env:"RETRY_SCHEDULES_LONG_CRON" envDefault:"0 30 23 * * *" help:"the same after 11 misses and more"`

	EventQueue    string `env:"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME" help:"SQS queue that the prison events arrive on" required:"aws"`
	DeadQueue     string `env:"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME" help:"its dead-letter queue" required:"aws"`
	DomainTopic   string `env:"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN" help:"ARN of the SNS topic for domain events" required:"aws"`
	MessageTable  string `env:"DYNAMODB_TABLENAME" help:"DynamoDB table of the messages" required:"aws"`
	ScheduleTable string `env:"DYNAMODB_SCHEDULE_TABLENAME" help:"DynamoDB table of the named locks, with the key _id" required:"aws"`
	Region        string `env:"AWS_REGION" envDefault:"eu-west-2" help:"AWS region; the other variables of the AWS SDK count as the SDK defines them"`

	InsightsConnection secret `env:"APPLICATIONINSIGHTS_CONNECTION_STRING" help:"where custom events go besides the log: the connection string of an Application Insights resource; unset = only the log"`

	ProcessorConcurrency int      `env:"PTPU_PROCESSOR_CONCURRENCY" envDefault:"8" help:"bookings in hand at once on this pod"`
	ListenerConcurrency  int      `env:"PTPU_LISTENER_CONCURRENCY" envDefault:"16" help:"notices in hand at once on this pod"`
	UpstreamTimeout      duration `env:"PTPU_UPSTREAM_TIMEOUT" envDefault:"10s" help:"deadline of one upstream call"`
	UpstreamRate         int      `env:"PTPU_UPSTREAM_RATE" envDefault:"0" help:"most requests that this pod begins in a second to each neighbour; 0 = no limit. How many are under way at once adapts by itself"`
	AuditRetention       duration `env:"PTPU_AUDIT_RETENTION" envDefault:"720h" help:"how long the timeline of a booking is kept; at least 720h (30 days)"`

	AuthIssuer    string `env:"PTPU_AUTH_ISSUER" help:"issuer (iss) that callers' tokens must name; unset = not checked"`
	HealthDetails string `env:"PTPU_HEALTH_DETAILS" envDefault:"always" help:"who sees the components of /health: always = everybody, authorised = callers with a role of ptpu's"`
	MaxReplays    int    `env:"PTPU_DLQ_MAX_REPLAYS" envDefault:"10" help:"how often ptpu itself puts a dead letter back on its queue before it stays until a person decides"`

	Backend  string `env:"PTPU_BACKEND" envDefault:"aws" help:"aws or embedded"`
	DataDir  string `env:"PTPU_DATA_DIR" envDefault:"./data" help:"folder of the embedded backend's database"`
	SyncMode string `env:"PTPU_SQLITE_SYNC" envDefault:"normal" help:"normal = the embedded database survives a killed process; full = also a power cut, more slowly"`

	LogLevel  string `env:"PTPU_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat string `env:"PTPU_LOG_FORMAT" envDefault:"json" help:"json or text"`
}

// secret is a setting that is never shown.
type secret string

// String hides the value.
func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "(set)"
}

// Format hides the value from every verb, %#v and %x among them.
func (s secret) Format(state fmt.State, _ rune) { fmt.Fprint(state, s.String()) }

// MarshalText hides the value from JSON and from logs.
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil } //nolint:unparam // encoding.TextMarshaler has an error

// duration is a length of time, written as Go does or as ISO 8601 does.
type duration time.Duration

// String writes the length as Go does.
func (d duration) String() string { return time.Duration(d).String() }

// UnmarshalText reads 60m, 90s or PT1H.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := parseDuration(string(text))
	*d = duration(parsed)
	return err
}

// millis is a length of time, written as a number of milliseconds.
type millis time.Duration

// String writes the length as Go does.
func (m millis) String() string { return time.Duration(m).String() }

// UnmarshalText reads a number of milliseconds.
func (m *millis) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < math.MinInt64/int64(time.Millisecond) || n > math.MaxInt64/int64(time.Millisecond) {
		return errors.New("want a whole number of milliseconds, such as 1000")
	}
	*m = millis(time.Duration(n) * time.Millisecond)
	return nil
}

// schedule is a retry schedule.
type schedule struct{ scheduler.Schedule }

// UnmarshalText reads a six-field cron expression.
func (s *schedule) UnmarshalText(text []byte) (err error) {
	s.Schedule, err = scheduler.ParseSchedule(string(text))
	return err
}

// settingsError lists everything that is wrong with the settings.
type settingsError []string

// Error gives one line for each fault.
func (e settingsError) Error() string { return strings.Join(e, "\n") }

// readSettings reads and checks all settings, and reports all faults at once.
func readSettings(environ map[string]string) (settings, error) {
	var s settings
	environ = maps.Clone(environ)
	maps.DeleteFunc(environ, func(_, value string) bool { return strings.TrimSpace(value) == "" })
	err := env.ParseWithOptions(&s, env.Options{Environment: environ})
	faults := parseFaults(err)
	faults = append(faults, s.missing()...)
	faults = append(faults, s.nonsense(faults)...)
	if len(faults) > 0 {
		return settings{}, settingsError(faults)
	}
	return s, nil
}

// parseFaults words the faults of the parser, each beginning with its variable.
func parseFaults(err error) []string {
	var all env.AggregateError
	if err == nil {
		return nil
	}
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	var faults []string
	for _, fault := range all.Errors {
		var parse env.ParseError
		if errors.As(fault, &parse) {
			faults = append(faults, fmt.Sprintf("%s: %s", variableOf(parse.Name), expectation(parse)))
			continue
		}
		faults = append(faults, fault.Error())
	}
	return faults
}

// variableOf is the environment variable of a field of settings.
func variableOf(field string) string {
	if f, ok := reflect.TypeFor[settings]().FieldByName(field); ok {
		return f.Tag.Get("env")
	}
	return field
}

// expectation says what a value should have been.
func expectation(fault env.ParseError) string {
	switch fault.Type.Kind() {
	case reflect.Bool:
		return "want true or false"
	case reflect.Int:
		return "want a whole number"
	default:
		return fault.Err.Error()
	}
}

// missing lists the required variables that are not set.
func (s *settings) missing() []string {
	var faults []string
	for field, value := range reflect.ValueOf(*s).Fields() {
		required := field.Tag.Get("required")
		if (required == "always" || required == s.Backend && required != "") && value.IsZero() {
			faults = append(faults, fmt.Sprintf("%s: is required: %s", field.Tag.Get("env"), field.Tag.Get("help")))
		}
	}
	return faults
}

// topicARN is the form of a topic's ARN.
var topicARN = regexp.MustCompile(`^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// nonsense lists values that could be read and cannot work. A variable that was
// found wrong already is not named twice.
func (s *settings) nonsense(known []string) []string {
	var faults []string
	check := func(ok bool, variable, expected string) {
		named := slices.ContainsFunc(known, func(fault string) bool { return strings.HasPrefix(fault, variable+":") })
		if !ok && !named {
			faults = append(faults, variable+": "+expected)
		}
	}
	check(s.Port >= 0 && s.Port < 1<<16, "SERVER_PORT", "want a port from 0 to 65535")
	check(arePrisons(s.OnlyPrisons), "PRISONTOPROBATION_ONLY_PRISONS", "want prison codes separated by commas, such as LEI,MDI")
	check(s.Holdback >= 0 && time.Duration(s.Holdback) < ptpu.Retention, "PRISONTOPROBATION_HOLD_BACK_DURATION",
		fmt.Sprintf("want 0s or more, and less than %s, when a message expires", ptpu.Retention))
	check(s.ProcessorDelay > 0, "PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "want at least 1 millisecond")
	check(inRange(s.ProcessorConcurrency, 1, 1024), "PTPU_PROCESSOR_CONCURRENCY", "want 1 to 1024")
	check(inRange(s.ListenerConcurrency, 1, 1024), "PTPU_LISTENER_CONCURRENCY", "want 1 to 1024")
	check(s.UpstreamTimeout > 0, "PTPU_UPSTREAM_TIMEOUT", "want more than 0s")
	check(inRange(s.UpstreamRate, 0, 10_000), "PTPU_UPSTREAM_RATE", "want 0 to 10000")
	check(time.Duration(s.AuditRetention) >= ptpu.Retention, "PTPU_AUDIT_RETENTION", fmt.Sprintf("want at least %s", ptpu.Retention))
	if s.InsightsConnection != "" {
		err := telemetry.CheckConnectionString(string(s.InsightsConnection))
		check(err == nil, "APPLICATIONINSIGHTS_CONNECTION_STRING", strings.ReplaceAll(fmt.Sprint(err), "\n", "; "))
	}
	check(s.HealthDetails == "always" || s.HealthDetails == "authorised", "PTPU_HEALTH_DETAILS", "want always or authorised")
	check(inRange(s.MaxReplays, 0, 1000), "PTPU_DLQ_MAX_REPLAYS", "want 0 to 1000")
	check(s.Backend == "aws" || s.Backend == "embedded", "PTPU_BACKEND", "want aws or embedded")
	check(s.SyncMode == "normal" || s.SyncMode == "full", "PTPU_SQLITE_SYNC", "want normal or full")
	check(slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel), "PTPU_LOG_LEVEL", "want debug, info, warn or error")
	check(s.LogFormat == "json" || s.LogFormat == "text", "PTPU_LOG_FORMAT", "want json or text")
	check(s.DomainTopic == "" || topicARN.MatchString(s.DomainTopic), "HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN",
		"want the ARN of an SNS topic, such as arn:aws:sns:eu-west-2:000000000000:domain-events")
	for variable, raw := range s.bases() {
		if raw != "" {
			_, err := upstream.ParseBase(raw, false)
			check(err == nil, variable, fmt.Sprint(err))
		}
	}
	slices.Sort(faults)
	return faults
}

// shown are the effective settings by variable, without secrets.
func (s *settings) shown() map[string]string {
	shown := map[string]string{}
	for field, value := range reflect.ValueOf(*s).Fields() {
		shown[field.Tag.Get("env")] = fmt.Sprint(value.Interface())
	}
	return shown
}

// prisonCode is the form of NOMIS's agency codes.
var prisonCode = regexp.MustCompile(`^[A-Za-z0-9]{1,6}$`)

// arePrisons reports whether the list is empty or one of prison codes, of which
// it may leave some out between its commas. Otherwise a list with another
// separator would be one code that no prison has, and all events be ignored, and
// one of nothing but commas would mean every prison.
func arePrisons(list []string) bool {
	codes := 0
	for _, text := range list {
		switch text = strings.TrimSpace(text); {
		case prisonCode.MatchString(text):
			codes++
		case text != "":
			return false
		}
	}
	return codes > 0 || len(list) == 0
}

func inRange(n, least, most int) bool { return least <= n && n <= most }

// bases are the base URLs by variable.
func (s *settings) bases() map[string]string {
	return map[string]string{
		"OAUTH_ENDPOINT_URL":           s.OAuthURL,
		"PRISON_ENDPOINT_URL":          s.PrisonURL,
		"COMMUNITY_ENDPOINT_URL":       s.CommunityURL,
		"OFFENDER_SEARCH_ENDPOINT_URL": s.SearchURL,
	}
}

// rhythm is the retry schedules by tier.
func (s *settings) rhythm() scheduler.Rhythm {
	return scheduler.Rhythm{
		ptpu.Short: s.ShortCron.Schedule, ptpu.Medium: s.MediumCron.Schedule, ptpu.Long: s.LongCron.Schedule,
	}
}
