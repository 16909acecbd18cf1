package telemetry_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"ptpu"
	"ptpu/telemetry"
)

func TestALoggerRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, c := range map[string]struct{ level, format, names string }{
		"a level":   {"loud", "json", `log level "loud"`},
		"no level":  {"", "json", `log level ""`},
		"a format":  {"info", "xml", `log format "xml"`},
		"no format": {"info", "", `log format ""`},
	} {
		if log, err := telemetry.NewLogger(io.Discard, c.level, c.format); err == nil || log != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: got error %v, want one that says %s", name, err, c.names)
		}
	}
}

func TestALoggerWritesFromItsLevelUp(t *testing.T) {
	levels := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	for level, want := range map[string]int{"debug": 4, "info": 3, "WARN": 2, "error": 1} {
		for _, format := range []string{"json", "text", "JSON"} {
			var out bytes.Buffer
			log := newLogger(t, &out, level, format)
			for _, level := range levels {
				log.Log(t.Context(), level, "something happened")
			}
			if got := strings.Count(out.String(), "\n"); got != want {
				t.Errorf("level %s in %s: got %d lines, want %d", level, format, got, want)
			}
		}
	}
}

func TestTheFormatIsWhatWasAskedFor(t *testing.T) {
	var asJSON, asText bytes.Buffer
	newLogger(t, &asJSON, "info", "json").Info("something happened", "bookingId", 1200835)
	newLogger(t, &asText, "info", "text").Info("something happened", "bookingId", 1200835)
	if got := lines(t, &asJSON); len(got) != 1 || got[0]["msg"] != "something happened" || got[0]["bookingId"] != 1200835.0 {
		t.Errorf("json: got %v", got)
	}
	if got := asText.String(); !strings.Contains(got, `msg="something happened" bookingId=1200835`) {
		t.Errorf("text: got %s", got)
	}
}

func TestEachLineCarriesItsTraceID(t *testing.T) {
	for name, derive := range map[string]func(*slog.Logger) *slog.Logger{
		"the logger":        func(log *slog.Logger) *slog.Logger { return log },
		"with an attribute": func(log *slog.Logger) *slog.Logger { return log.With("pod", "a") },
		"with a group":      func(log *slog.Logger) *slog.Logger { return log.WithGroup("pod") },
	} {
		var out bytes.Buffer
		log := newLogger(t, &out, "info", "json")
		ctx, trace := newObserver(t, log).Attempting(t.Context(), ptpu.Message{})
		traceID := trace.TraceID()
		derive(log).InfoContext(ctx, "something happened", "bookingId", 1200835)
		if got := out.String(); len(traceID) != 32 || !strings.Contains(got, `"traceId":"`+traceID+`"`) {
			t.Errorf("%s: got %s, want trace id %q", name, got, traceID)
		}
	}
	var out bytes.Buffer
	newLogger(t, &out, "info", "json").InfoContext(t.Context(), "something happened")
	if got := lines(t, &out)[0]; got["traceId"] != nil {
		t.Errorf("outside a trace: got trace id %v, want none", got["traceId"])
	}
}

// Whoever logs more than they should: the person stays out of it.
func TestTheLoggerWritesNoPerson(t *testing.T) {
	facts := facts(&known)
	for name, value := range map[string]any{
		"a person": booking.Person, "a booking": booking, "a booking by its address": &booking, "facts": facts,
		"an outcome": ptpu.Completes(facts), "a verdict": ptpu.Verdict{Booking: booking},
	} {
		for _, format := range []string{"json", "text"} {
			var out bytes.Buffer
			newLogger(t, &out, "debug", format).Info("something happened", "about", value)
			wantNoPerson(t, name+" as "+format, out.String())
		}
	}
}

func newLogger(t *testing.T, out io.Writer, level, format string) *slog.Logger {
	t.Helper()
	log, err := telemetry.NewLogger(out, level, format)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func newObserver(t *testing.T, log *slog.Logger) *telemetry.Observer {
	t.Helper()
	o, err := telemetry.NewObserver(telemetry.Config{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// lines reads what a JSON logger wrote.
func lines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in line %s", err, line)
		}
		all = append(all, fields)
	}
	return all
}

func wantNoPerson(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{"Canaria", "Birdwhistle", "1984-02-29"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: got %s in %s, want no personal data", where, secret, strings.TrimSpace(text))
			return
		}
	}
}
