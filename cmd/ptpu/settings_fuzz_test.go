package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/scheduler"
)

// FuzzSettings sets two variables to arbitrary values, beside valid ones.
func FuzzSettings(f *testing.F) {
	variables := map[string]reflect.StructField{}
	var names []string
	for field := range reflect.TypeFor[settings]().Fields() {
		names = append(names, field.Tag.Get("env"))
		variables[field.Tag.Get("env")] = field
	}
	for backend, environ := range map[string]map[string]string{"embedded": everythingWrong(), " aws": required()} {
		for name, value := range environ {
			f.Add(name, strings.ReplaceAll(value, canary, "1"), "PTPU_BACKEND", backend)
		}
	}
	for _, seed := range []struct{ name, value string }{
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "PT0.000000001S"},
		{"PRISONTOPROBATION_HOLD_BACK_DURATION", "-2562047h47m16.854775808s"},
		{"PRISONTOPROBATION_MESSAGE_PROCESSOR_DELAY", "-9223372036854"},
		{"PTPU_AUDIT_RETENTION", "P106751DT23H47M16.854775807S"},
		{"RETRY_SCHEDULES_SHORT_CRON", " 0\t0 * * * 7\n"},
		{"PRISONTOPROBATION_ONLY_PRISONS", "LEI,\u00a0mdi\u0085,,"},
		{"APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey;=;IngestionEndpoint=http://example"},
		{"OAUTH_ENDPOINT_URL", "https://@sign-in.example:0/%2f?#"},
		{"PRISON_ENDPOINT_URL", "%zz"},
		{"HMPPS_SQS_TOPICS_DOMAINEVENTTOPIC_ARN", "arn:aws:sns:eu-west-2:000000000000:domain\n"},
	} {
		f.Add(seed.name, seed.value, "SERVER_PORT", "0x1F90")
	}
	f.Fuzz(func(t *testing.T, first, value, second, other string) {
		environ := required()
		for _, set := range []struct{ name, value string }{{second, other}, {first, value}} {
			name, value := set.name, set.value
			if _, known := variables[name]; !known {
				name = names[crc32.ChecksumIEEE([]byte(name))%uint32(len(names))]
			}
			if strings.HasSuffix(name, "_ENDPOINT_URL") {
				wantRefusedUnseen(t, name, "https://ptpu:"+canary+"@"+value)
				wantRefusedUnseen(t, name, value+"?token="+canary)
			}
			if variables[name].Type == reflect.TypeFor[secret]() {
				value = canary + value // none of which may be seen
			}
			environ[name] = value
		}
		s, err := readSettings(environ)
		if err != nil {
			wantFaultsOf(t, environ, err, variables)
			return
		}
		shown := s.shown()
		asJSON, err := json.Marshal(s)
		if text := fmt.Sprintf("%v %#v %s %v", shown, s, asJSON, err); err != nil || strings.Contains(text, canary) {
			t.Errorf("%q is shown with its secret, or not at all: %s", environ, text)
		}
		wantReadAgain(t, environ, s, variables)
	})
}

// wantFaultsOf wants each fault to name a variable, and to show no secret.
func wantFaultsOf(t *testing.T, environ map[string]string, err error, variables map[string]reflect.StructField) {
	t.Helper()
	var faults settingsError
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("%q: got error %v, want a list of faults", environ, err)
	}
	for _, fault := range faults {
		name, expected, _ := strings.Cut(fault, ": ")
		if _, known := variables[name]; !known || expected == "" || strings.Contains(fault, "\n") {
			t.Errorf("%q: fault %q is not a variable and what is expected, in one line", environ, fault)
		}
		if strings.Contains(fault, canary) {
			t.Errorf("%q: fault %q shows the secret", environ, fault)
		}
	}
}

// wantRefusedUnseen wants an address with a password or a token in it refused,
// and neither shown.
func wantRefusedUnseen(t *testing.T, name, address string) {
	t.Helper()
	if _, err := readSettings(with(required(), map[string]string{name: address})); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("%s=%q: got error %v, want one that does not show the secret", name, address, err)
	}
}

// wantReadAgain wants durations and schedules to be read from what they print.
func wantReadAgain(t *testing.T, environ map[string]string, s settings, variables map[string]reflect.StructField) {
	t.Helper()
	shown := s.shown()
	printed := map[string]string{}
	for name, field := range variables {
		if field.Type == reflect.TypeFor[duration]() || field.Type == reflect.TypeFor[schedule]() {
			printed[name] = shown[name]
		}
	}
	again, err := readSettings(with(environ, printed))
	if err != nil {
		t.Fatalf("%q prints as %q, which is not accepted: %v", environ, printed, err)
	}
	if diff := cmp.Diff(shown, again.shown()); diff != "" {
		t.Errorf("%q prints as %q, which reads otherwise (-first +second):\n%s", environ, printed, diff)
	}
	at := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC)
	next := func(r scheduler.Rhythm) map[string]time.Time {
		fires := map[string]time.Time{}
		for tier := range maps.Keys(r) {
			fires[string(tier)] = r.Next(tier, at)
		}
		return fires
	}
	if diff := cmp.Diff(next(s.rhythm()), next(again.rhythm())); diff != "" {
		t.Errorf("%q prints as %q, which fires otherwise (-first +second):\n%s", environ, printed, diff)
	}
}
