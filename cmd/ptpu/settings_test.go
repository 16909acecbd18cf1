package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ptpu"
	"ptpu/scheduler"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// canary is a secret that must never be seen anywhere.
const canary = "canary-3141592653"

// required are the variables that have no default, with values that nothing
// listens on.
func required() map[string]string {
	return map[string]string{
		"OAUTH_ENDPOINT_URL":                           "http://127.0.0.1:9/auth",
		"OAUTH_CLIENT_ID":                              "ptpu",
		"OAUTH_CLIENT_SECRET":                          canary,
		"PRISON_ENDPOINT_URL":                          "http://127.0.0.1:9/prison-api",
		"COMMUNITY_ENDPOINT_URL":                       "http://127.0.0.1:9/community-api",
		"OFFENDER_SEARCH_ENDPOINT_URL":                 "http://127.0.0.1:9/offender-search",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME": "events",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME":   "dead",
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN":        "arn:aws:sns:eu-west-2:000000000000:domain",
		"DYNAMODB_TABLENAME":                           "messages",
		"DYNAMODB_SCHEDULE_TABLENAME":                  "locks",
	}
}

// with is the environment with more variables set, or set otherwise.
func with(environ map[string]string, more map[string]string) map[string]string {
	environ = maps.Clone(environ)
	maps.Copy(environ, more)
	return environ
}

func TestDefaults(t *testing.T) {
	s, err := readSettings(required())
	if err != nil {
		t.Fatalf("readSettings: %v", err)
	}
	want := with(required(), map[string]string{
		"OAUTH_CLIENT_SECRET":                         "(set)",
		"SERVER_PORT":                                 "8080",
		"PRISONTOPROBATION_ONLY_PRISONS":              "[]",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":        "15m0s",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY":   "1s",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_ENABLED": "true",
		"RETRY_SCHEDULES_SHORT_CRON":                  "0 0 * * * *",
		"RETRY_SCHEDULES_MEDIUM_CRON":                 "0 15 */4 * * *",
		"RETRY_SCHEDULES_LONG_CRON":                   "0 30 23 * * *",
		"PTPU_PROCESSOR_CONCURRENCY":                  "8",
		"PTPU_LISTENER_CONCURRENCY":                   "16",
		"PTPU_UPSTREAM_TIMEOUT":                       "10s",
		"PTPU_AUDIT_RETENTION":                        "720h0m0s",
		"PTPU_UPSTREAM_RATE":                          "0",
		"PTPU_BACKEND":                                "aws",
		"APPLICATIONINSIGHTS_CONNECTION_STRING":       "",
		"PTPU_AUTH_ISSUER":                            "",
		"PTPU_HEALTH_DETAILS":                         "always",
		"PTPU_DLQ_MAX_REPLAYS":                        "10",
		"AWS_REGION":                                  "eu-west-2",
		"PTPU_DATA_DIR":                               "./data",
		"PTPU_SQLITE_SYNC":                            "normal",
		"PTPU_LOG_LEVEL":                              "info",
		"PTPU_LOG_FORMAT":                             "json",
	})
	if diff := cmp.Diff(want, s.shown()); diff != "" {
		t.Errorf("settings without optional variables (-want +got):\n%s", diff)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	environ := map[string]string{
		"SERVER_PORT":                                  "8081",
		"OAUTH_ENDPOINT_URL":                           "https://sign-in.example/auth",
		"OAUTH_CLIENT_ID":                              "somebody",
		"OAUTH_CLIENT_SECRET":                          canary,
		"PRISON_ENDPOINT_URL":                          "https://prison.example",
		"COMMUNITY_ENDPOINT_URL":                       "https://community.example/",
		"OFFENDER_SEARCH_ENDPOINT_URL":                 "https://search.example/base",
		"PRISONTOPROBATION_ONLY_PRISONS":               "LEI, mdi,",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":         "PT1H",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY":    "250",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_ENABLED":  "false",
		"RETRY_SCHEDULES_SHORT_CRON":                   "1 0 * * * *",
		"RETRY_SCHEDULES_MEDIUM_CRON":                  "2 0 * * * 7",
		"RETRY_SCHEDULES_LONG_CRON":                    "3 0 * * * MON",
		"PTPU_PROCESSOR_CONCURRENCY":                   "3",
		"PTPU_LISTENER_CONCURRENCY":                    "5",
		"PTPU_UPSTREAM_TIMEOUT":                        "90s",
		"PTPU_AUDIT_RETENTION":                         "P60D",
		"PTPU_UPSTREAM_RATE":                           "20",
		"PTPU_BACKEND":                                 "embedded",
		"APPLICATIONINSIGHTS_CONNECTION_STRING":        "InstrumentationKey=00000000-0000-0000-0000-00000000c0de",
		"PTPU_AUTH_ISSUER":                             "https://sign-in.example/auth/issuer",
		"PTPU_HEALTH_DETAILS":                          "authorised",
		"PTPU_DLQ_MAX_REPLAYS":                         "3",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME": "events",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME":   "dead",
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN":        "arn:aws:sns:eu-west-2:000000000000:domain",
		"DYNAMODB_TABLENAME":                           "messages",
		"DYNAMODB_SCHEDULE_TABLENAME":                  "locks",
		"AWS_REGION":                                   "eu-west-1",
		"PTPU_DATA_DIR":                                "/var/lib/ptpu",
		"PTPU_SQLITE_SYNC":                             "full",
		"PTPU_LOG_LEVEL":                               "debug",
		"PTPU_LOG_FORMAT":                              "text",
	}
	s, err := readSettings(environ)
	if err != nil {
		t.Fatalf("readSettings: %v", err)
	}
	want := with(environ, map[string]string{
		"OAUTH_CLIENT_SECRET":                       "(set)",
		"APPLICATIONINSIGHTS_CONNECTION_STRING":     "(set)",
		"PRISONTOPROBATION_ONLY_PRISONS":            "[LEI  mdi ]",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":      "1h0m0s",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY": "250ms",
		"PTPU_UPSTREAM_TIMEOUT":                     "1m30s",
		"PTPU_AUDIT_RETENTION":                      "1440h0m0s",
	})
	if diff := cmp.Diff(want, s.shown()); diff != "" {
		t.Errorf("settings that were all set (-want +got):\n%s", diff)
	}
	if s.OAuthClientSecret != canary {
		t.Error("the client secret is not the one that was set")
	}
	if prisons := ptpu.NewPrisons(s.OnlyPrisons...); len(prisons) != 2 || !prisons.Interested("LEI") || !prisons.Interested("MDI") {
		t.Errorf("prisons are %v, want LEI and MDI", prisons)
	}
	for tier, variable := range map[ptpu.Tier]string{
		ptpu.Short: "RETRY_SCHEDULES_SHORT_CRON", ptpu.Medium: "RETRY_SCHEDULES_MEDIUM_CRON", ptpu.Long: "RETRY_SCHEDULES_LONG_CRON",
	} {
		if got := s.rhythm()[tier].String(); got != environ[variable] {
			t.Errorf("the rhythm of tier %v is %q, want %q of %s", tier, got, environ[variable], variable)
		}
	}
	for variable, base := range s.bases() {
		if base != environ[variable] {
			t.Errorf("the base of %s is %q, want %q", variable, base, environ[variable])
		}
	}
	set := reflect.ValueOf(s)
	for field, value := range set.Fields() {
		if _, ok := environ[field.Tag.Get("env")]; !ok {
			t.Errorf("%s is not set by this test; it has %v", field.Tag.Get("env"), value)
		}
	}
}

func TestEmptyVariableIsUnset(t *testing.T) {
	unset, err := readSettings(required())
	if err != nil {
		t.Fatalf("readSettings: %v", err)
	}
	for field := range reflect.TypeFor[settings]().Fields() {
		variable := field.Tag.Get("env")
		for _, empty := range []string{"", " \t"} {
			s, err := readSettings(with(required(), map[string]string{variable: empty}))
			if field.Tag.Get("required") != "" {
				if want := variable + ": is required: " + field.Tag.Get("help"); err == nil || err.Error() != want {
					t.Errorf("%s=%q: got error %v, want %q", variable, empty, err, want)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s=%q: %v, want the default", variable, empty, err)
			} else if diff := cmp.Diff(unset.shown(), s.shown()); diff != "" {
				t.Errorf("%s=%q is not as if it were unset (-unset +empty):\n%s", variable, empty, diff)
			}
		}
	}
}

func TestEachFaultNamesItsVariableAndWhatIsExpected(t *testing.T) {
	const (
		wantWhole    = "want a whole number"
		wantPort     = "want a port from 0 to 65535"
		wantDuration = "want a duration such as 60m, 90s or PT1H"
		wantURL      = "want an absolute URL such as https://host/path"
		wantMillis   = "want a whole number of milliseconds, such as 1000"
		wantHoldback = "want 0s or more, and less than 720h0m0s, when a message expires"
		wantPrisons  = "want prison codes separated by commas, such as LEI,MDI"
		wantHands    = "want 1 to 1024"
		wantLevel    = "want debug, info, warn or error"
	)
	for _, c := range []struct{ variable, value, want string }{
		{"SERVER_PORT", "http", wantWhole},
		{"SERVER_PORT", "80.5", wantWhole},
		{"SERVER_PORT", "99999999999999999999", wantWhole},
		{"SERVER_PORT", "65536", wantPort},
		{"SERVER_PORT", "-1", wantPort},

		{"OAUTH_ENDPOINT_URL", "sign-in.example/auth", wantURL},
		{"OAUTH_ENDPOINT_URL", "http://sign-in.example/auth", "want https, because sign-in.example is not this machine"},
		{"OAUTH_ENDPOINT_URL", "https://ptpu:" + canary + "@sign-in.example", "want no user or password in the URL"},
		{"PRISON_ENDPOINT_URL", "http://10.0.0.1", "want https, because 10.0.0.1 is not this machine"},
		{"PRISON_ENDPOINT_URL", "ftp://prison.example", wantURL},
		{"PRISON_ENDPOINT_URL", "https:///api", wantURL},
		{"COMMUNITY_ENDPOINT_URL", "https://community.example?token=" + canary, "want no query and no fragment in the URL"},
		{"COMMUNITY_ENDPOINT_URL", "http://localhost.example", "want https, because localhost.example is not this machine"},
		{"OFFENDER_SEARCH_ENDPOINT_URL", "https://search.example:" + canary, "not a URL"},
		{"OFFENDER_SEARCH_ENDPOINT_URL", "%zz", "not a URL"},

		{"PRISONTOPROBATION_ONLY_PRISONS", "LEI;MDI", wantPrisons},
		{"PRISONTOPROBATION_ONLY_PRISONS", "LEI MDI", wantPrisons},
		{"PRISONTOPROBATION_ONLY_PRISONS", "LEI,Moorland", wantPrisons},
		{"PRISONTOPROBATION_ONLY_PRISONS", ",", wantPrisons},
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "15", wantDuration},
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "PT", wantDuration},
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "-1s", wantHoldback},
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "P30D", wantHoldback},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "1s", wantMillis},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "1e3", wantMillis},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "9223372036855", wantMillis},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "0", "want at least 1 millisecond"},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "-1000", "want at least 1 millisecond"},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_ENABLED", "yes", "want true or false"},
		{"RETRY_SCHEDULES_SHORT_CRON", "0 * * * *", `cron "0 * * * *" has 5 fields; want six: second minute hour day month weekday`},
		{"RETRY_SCHEDULES_MEDIUM_CRON", "@hourly", `cron "@hourly": macros such as @hourly are not supported; write six fields, seconds first`},
		{"RETRY_SCHEDULES_LONG_CRON", "0 0 0 L * *", `cron "0 0 0 L * *": Spring's L (last) is not supported`},

		{"PTPU_PROCESSOR_CONCURRENCY", "many", wantWhole},
		{"PTPU_PROCESSOR_CONCURRENCY", "0", wantHands},
		{"PTPU_LISTENER_CONCURRENCY", "1025", wantHands},
		{"PTPU_UPSTREAM_TIMEOUT", "10", wantDuration},
		{"PTPU_UPSTREAM_TIMEOUT", "0s", "want more than 0s"},
		{"PTPU_AUDIT_RETENTION", "P29D", "want at least 720h0m0s"},
		{"PTPU_BACKEND", "dynamodb", "want aws or embedded"},
		{"PTPU_SQLITE_SYNC", "off", "want normal or full"},
		{"PTPU_LOG_LEVEL", "trace", wantLevel},
		{"PTPU_LOG_LEVEL", "info+2", wantLevel},
		{"PTPU_LOG_FORMAT", "logstash", "want json or text"},
	} {
		_, err := readSettings(with(required(), map[string]string{c.variable: c.value}))
		var faults settingsError
		if want := []string{c.variable + ": " + c.want}; !errors.As(err, &faults) || !slices.Equal(faults, want) {
			t.Errorf("%s=%q: got %q, want %q", c.variable, c.value, faults, want)
		}
	}
}

func TestAddressOfThisMachineMayBePlain(t *testing.T) {
	for _, base := range []string{"http://localhost:8090/auth", "http://127.0.0.1:8090/auth", "http://127.9.9.9", "http://[::1]:8090/auth/"} {
		if _, err := readSettings(with(required(), map[string]string{"OAUTH_ENDPOINT_URL": base})); err != nil {
			t.Errorf("OAUTH_ENDPOINT_URL=%s: %v, want none", base, err)
		}
	}
}

// everythingWrong has a fault in every variable that can have one.
func everythingWrong() map[string]string {
	return map[string]string{
		"SERVER_PORT":                                 "70000",
		"OAUTH_ENDPOINT_URL":                          "https://ptpu:" + canary + "@sign-in.example",
		"OAUTH_CLIENT_SECRET":                         canary,
		"PRISON_ENDPOINT_URL":                         "http://prison.example",
		"COMMUNITY_ENDPOINT_URL":                      "community",
		"OFFENDER_SEARCH_ENDPOINT_URL":                "https://search.example?token=" + canary,
		"PRISONTOPROBATION_ONLY_PRISONS":              "LEI;MDI",
		"PRISONTOPROBATION_HOLD_BACK_DURATION":        "an hour",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY":   "0",
		"PRISONTOPROBATION_MESSAGE_PROCESSOR_ENABLED": "perhaps",
		"RETRY_SCHEDULES_SHORT_CRON":                  "0 0 0 ? * MON#1",
		"RETRY_SCHEDULES_MEDIUM_CRON":                 "never",
		"RETRY_SCHEDULES_LONG_CRON":                   "0 0 25 * * *",
		"PTPU_PROCESSOR_CONCURRENCY":                  "0",
		"PTPU_LISTENER_CONCURRENCY":                   "-1",
		"PTPU_UPSTREAM_TIMEOUT":                       "PT",
		"PTPU_AUDIT_RETENTION":                        "P1D",
		"PTPU_UPSTREAM_RATE":                          "fast",
		"PTPU_BACKEND":                                "memory",
		"APPLICATIONINSIGHTS_CONNECTION_STRING":       "InstrumentationKey=" + canary,
		"PTPU_HEALTH_DETAILS":                         "sometimes",
		"PTPU_DLQ_MAX_REPLAYS":                        "-1",
		"PTPU_SQLITE_SYNC":                            "off",
		"PTPU_LOG_LEVEL":                              "loud",
		"PTPU_LOG_FORMAT":                             "xml",
	}
}

func TestWhatAWSNeedsIsAskedForWithAWS(t *testing.T) {
	environ := required()
	for field := range reflect.TypeFor[settings]().Fields() {
		if field.Tag.Get("required") == "aws" {
			delete(environ, field.Tag.Get("env"))
		}
	}
	if _, err := readSettings(with(environ, map[string]string{"PTPU_BACKEND": "embedded"})); err != nil {
		t.Errorf("the embedded backend asks for %v", err)
	}
	_, err := readSettings(environ)
	if err == nil || strings.Count(err.Error(), "\n") != 4 || !strings.Contains(err.Error(), "DYNAMODB_TABLENAME: is required") {
		t.Errorf("aws asks for %v, want the five that it needs", err)
	}
}

func TestAllFaultsAreListedAtOnce(t *testing.T) {
	code, out, errs := cli(t, everythingWrong(), "", "serve")
	if code != exitUsage || out != "" {
		t.Errorf("ptpu serve exits with %d and prints %q, want %d and nothing", code, out, exitUsage)
	}
	var named []string
	for line := range strings.Lines(errs) {
		variable, expected, ok := strings.Cut(strings.TrimPrefix(line, "ptpu: "), ": ")
		if !ok || strings.TrimSpace(expected) == "" {
			t.Errorf("line %q does not say what is expected", line)
		}
		named = append(named, variable)
	}
	// A client id is the one variable that cannot be wrong but by missing, a
	// secret likewise; any text names a folder, a region or an issuer, and what aws
	// needs is asked for with aws.
	var want []string
	for field := range reflect.TypeFor[settings]().Fields() {
		name := field.Tag.Get("env")
		if !slices.Contains([]string{"OAUTH_CLIENT_SECRET", "PTPU_DATA_DIR", "AWS_REGION", "PTPU_AUTH_ISSUER"}, name) && field.Tag.Get("required") != "aws" {
			want = append(want, name)
		}
	}
	slices.Sort(named)
	slices.Sort(want)
	if diff := cmp.Diff(want, named); diff != "" {
		t.Errorf("variables that are named, each once (-want +got):\n%s\nprinted:\n%s", diff, errs)
	}
	if strings.Contains(errs, canary) {
		t.Errorf("the errors show the secret:\n%s", errs)
	}
}

func TestAllRequiredVariablesAreAskedForAtOnce(t *testing.T) {
	_, err := readSettings(nil)
	var faults settingsError
	if !errors.As(err, &faults) {
		t.Fatalf("readSettings without an environment: %v, want a settingsError", err)
	}
	var named []string
	for _, fault := range faults {
		variable, _, _ := strings.Cut(fault, ": is required: ")
		named = append(named, variable)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(required())), slices.Sorted(slices.Values(named))); diff != "" {
		t.Errorf("required variables that are named (-want +got):\n%s", diff)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	s, err := readSettings(required())
	if err != nil {
		t.Fatalf("readSettings: %v", err)
	}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("writing the settings as JSON: %v", err)
	}
	written := map[string]string{"shown": fmt.Sprint(s.shown()), "JSON": string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		written[verb] = fmt.Sprintf(verb, s)
		written["secret "+verb] = fmt.Sprintf(verb, s.OAuthClientSecret)
	}
	for how, text := range written {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
	if got := s.shown()["OAUTH_CLIENT_SECRET"]; got != "(set)" {
		t.Errorf("the secret is shown as %q, want (set): that there is one may be known", got)
	}
}

func TestUnusedVariablesOfThePredecessorAreNamed(t *testing.T) {
	environ := with(required(), map[string]string{
		"DYNAMODB_AWS_SECRET_ACCESS_KEY":                      canary,
		"DYNAMODB_REGION":                                     "eu-west-2",
		"DYNAMODB_SCHEDULE_AWS_ACCESS_KEY_ID":                 "id",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_ACCESS_KEY_ID": "id",
		"HMPPS_SQS_USE_WEB_TOKEN":                             "true",
		"JDK_JAVA_OPTIONS":                                    "-XX:MaxRAMPercentage=75.0",
		"LOGGING_LEVEL_UK_GOV_JUSTICE_DIGITAL":                "DEBUG",
		"SPRING_PROFILES_ACTIVE":                              "logstash",
		"JAVA_OPTS":                                           " ", // empty is unset
		"AWS_REGION":                                          "eu-west-2",
		"PATH":                                                "/usr/bin",
		"MY_SPRING_PROFILES_ACTIVE":                           "somebody else's",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME_IS_LONGER": "",
	})
	want := []string{
		"DYNAMODB_AWS_SECRET_ACCESS_KEY", "DYNAMODB_REGION", "DYNAMODB_SCHEDULE_AWS_ACCESS_KEY_ID",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_ACCESS_KEY_ID", "HMPPS_SQS_USE_WEB_TOKEN", "JDK_JAVA_OPTIONS",
		"LOGGING_LEVEL_UK_GOV_JUSTICE_DIGITAL", "SPRING_PROFILES_ACTIVE",
	}
	if diff := cmp.Diff(want, unusedIn(environ)); diff != "" {
		t.Errorf("unused variables (-want +got):\n%s", diff)
	}
}

// What ptpu reads, and what it is going to read under a name that the
// predecessor made known, must not be called unused.
func TestNoSettingIsCalledUnused(t *testing.T) {
	environ := map[string]string{
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_QUEUE_NAME":    "set",
		"HMPPS_SQS_QUEUES_PRISONEVENTQUEUE_DLQ_NAME":      "set",
		"HMPPS_SQS_QUEUES_PTPURUNQUEUE_QUEUE_NAME":        "set",
		"HMPPS_SQS_QUEUES_PROBATIONEVENTQUEUE_QUEUE_NAME": "set",
		"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN":           "set",
		"DYNAMODB_TABLENAME":                              "set",
		"DYNAMODB_SCHEDULE_TABLENAME":                     "set",

		"AWS_ACCESS_KEY_ID":           "set",
		"AWS_SECRET_ACCESS_KEY":       "set",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "set",
	}
	for field := range reflect.TypeFor[settings]().Fields() {
		environ[field.Tag.Get("env")] = "set"
	}
	if got := unusedIn(environ); len(got) > 0 {
		t.Errorf("these are called unused: %v", got)
	}
}

func TestDefaultRhythmParses(t *testing.T) {
	for field := range reflect.TypeFor[settings]().Fields() {
		if strings.HasSuffix(field.Tag.Get("env"), "_CRON") {
			if _, err := scheduler.ParseSchedule(field.Tag.Get("envDefault")); err != nil {
				t.Errorf("default of %s: %v", field.Tag.Get("env"), err)
			}
		}
	}
}

// settingsPage is the page of the settings, and generated the line in it from
// which on a test writes it.
const (
	settingsPage = "../../docs/settings.md"
	generated    = "<!-- From here on: written by `make golden` from cmd/ptpu/settings*.go. -->\n"
)

func TestGoldenSettingsTable(t *testing.T) {
	page, err := os.ReadFile(settingsPage)
	if err != nil {
		t.Fatal(err)
	}
	intro, tables, ok := strings.Cut(string(page), generated)
	if !ok || !strings.HasPrefix(intro, "# Settings\n") {
		t.Fatalf("%s: want a title, a paragraph and then the line %q", settingsPage, generated)
	}
	want := "\n" + settingsTable(t) + unusedTable()
	if *update {
		if err := os.WriteFile(settingsPage, []byte(intro+generated+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Errorf("%s is not what the code says; run make golden and read the difference (-code +page):\n%s", settingsPage, diff)
	}
}

// settingsTable is the table of what ptpu reads.
func settingsTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| variable | meaning | default |\n|---|---|---|\n")
	for field := range reflect.TypeFor[settings]().Fields() {
		variable, help := field.Tag.Get("env"), field.Tag.Get("help")
		if variable == "" || help == "" || strings.ContainsAny(help, "|\n") {
			t.Errorf("field %s: want the tags env and help, fit for a cell of a table", field.Name)
		}
		byDefault := "empty"
		if value := field.Tag.Get("envDefault"); value != "" {
			byDefault = "`" + value + "`"
		}
		switch required := field.Tag.Get("required"); required {
		case "":
		case "always":
			byDefault = "required"
		default:
			byDefault = "required with `" + required + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", variable, help, byDefault)
	}
	return table.String()
}

// unusedTable is the table of what ptpu no longer reads.
func unusedTable() string {
	var table strings.Builder
	table.WriteString("\n## No longer used\n\n")
	table.WriteString("These variables of the predecessor change nothing. `ptpu serve` starts all the same, and names those that are set in one warning.\n\n")
	table.WriteString("| variable | why not |\n|---|---|\n")
	for _, u := range unused {
		fmt.Fprintf(&table, "| `%s` | %s |\n", u.pattern, u.why)
	}
	return table.String()
}
