package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ptpu/localstack"
)

// logged keeps what a running command prints, and says when it is ready.
type logged struct {
	ready chan struct{} // closed then

	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps the line; the logger writes each whole.
func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(line, []byte(`"msg":"ready"`)) {
		close(l.ready)
	}
	return l.text.Write(line)
}

// lines are the JSON lines so far.
func (l *logged) lines(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []map[string]any
	for line := range strings.Lines(l.text.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("line %q of the log is not JSON: %v", line, err)
		}
		lines = append(lines, fields)
	}
	return lines
}

// startServe runs ptpu serve until stop, which returns the exit code. It
// returns once the service is ready.
func startServe(t *testing.T, environ map[string]string) (log *logged, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log = &logged{ready: make(chan struct{})}
	var errs bytes.Buffer
	exited := make(chan int, 1)
	go func() { exited <- run(ctx, []string{"serve"}, environ, standard{strings.NewReader(""), log, &errs}) }()
	select {
	case <-log.ready:
	case code := <-exited:
		cancel()
		t.Fatalf("ptpu serve exits with %d before it is ready: %s", code, errs.String())
	}
	return log, func() int { cancel(); return <-exited }
}

// serving are settings on the embedded backend, on any free port, with a
// hmpps-auth that gives tokens for the canary.
func serving(t *testing.T, dir string) map[string]string {
	t.Helper()
	world, err := localstack.Open(localstack.Config{Clients: []localstack.Client{{ID: "ptpu", Secret: canary}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = world.Close() }) // first: it lets hanging calls go
	return with(worldSettings(server.URL), map[string]string{
		"OAUTH_CLIENT_SECRET": canary, "PTPU_DATA_DIR": dir, "SERVER_PORT": "0",
	})
}

func TestServeTellsItsSettingsWithoutSecrets(t *testing.T) {
	log, stop := startServe(t, with(serving(t, t.TempDir()), map[string]string{
		"PTPU_LOG_LEVEL": "debug", "SPRING_PROFILES_ACTIVE": canary, "HMPPS_SQS_USE_WEB_TOKEN": "true",
	}))
	if code := stop(); code != exitOK {
		t.Errorf("ptpu serve exits with %d when it is told to stop, want %d", code, exitOK)
	}
	if strings.Contains(log.text.String(), canary) {
		t.Errorf("the log shows a secret:\n%s", log.text.String())
	}
	lines := map[string]map[string]any{}
	var told []string
	for _, line := range log.lines(t) {
		message := fmt.Sprint(line["msg"])
		lines[message] = line
		told = append(told, message)
	}
	const warning = "ptpu does not use these settings of its predecessor"
	if got, want := strings.Join(told, ", "), "starting, "+warning+", alive, ready, stopped"; got != want {
		t.Errorf("the log tells %q, want %q", got, want)
	}
	settings, _ := lines["starting"]["settings"].(map[string]any)
	if settings["OAUTH_CLIENT_SECRET"] != "(set)" || settings["PTPU_LOG_LEVEL"] != "debug" || settings["PTPU_UPSTREAM_TIMEOUT"] != "10s" {
		t.Errorf("the log tells the settings %v, want set ones, defaults, and that there is a secret", settings)
	}
	unused := lines[warning]
	if got, want := fmt.Sprint(unused["variables"]), "[HMPPS_SQS_USE_WEB_TOKEN SPRING_PROFILES_ACTIVE]"; got != want || unused["level"] != "WARN" {
		t.Errorf("the warning has level %v and names %s, want WARN and %s", unused["level"], got, want)
	}
}

func TestServeDoesNotWarnWithoutReason(t *testing.T) {
	log, stop := startServe(t, serving(t, t.TempDir()))
	stop()
	for _, line := range log.lines(t) {
		if line["level"] != "INFO" {
			t.Errorf("the log of a service that is well set up has %v", line)
		}
	}
}

// Two processes on one folder would be two services that do not see each
// other's workers. The folder becomes free when the first ends, so that starting
// again can help: that is exit code 1, and not 2.
func TestASecondServingProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, stop := startServe(t, serving(t, dir))
	want := fmt.Sprintf("ptpu: opening data folder %s: data folder in use: process %d serves from it\n", dir, os.Getpid())
	for _, command := range []string{"serve", "local"} {
		// One that is not refused would run on.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var out, errs bytes.Buffer
		code := run(ctx, []string{command}, serving(t, dir), standard{strings.NewReader(""), &out, &errs})
		cancel()
		if code != exitFailed || strings.Contains(out.String(), "ready") || errs.String() != want {
			t.Errorf("a second ptpu %s exits with %d and prints %q and %q, want %d, no word of being ready, and %q",
				command, code, out.String(), errs.String(), exitFailed, want)
		}
	}
	if code := stop(); code != exitOK {
		t.Errorf("the first exits with %d, want %d", code, exitOK)
	}
	_, stop = startServe(t, serving(t, dir))
	if code := stop(); code != exitOK {
		t.Errorf("one that starts after the first has ended exits with %d, want %d", code, exitOK)
	}
}
