package main

import (
	"bytes"
	"strings"
	"testing"
)

// cli runs one command line to its end and returns its exit code and what it
// printed.
func cli(t *testing.T, environ map[string]string, input string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, environ, standard{strings.NewReader(input), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestEveryCommandHasHelp(t *testing.T) {
	for command, want := range map[string]string{
		"":           "Usage: ptpu <command>",
		"serve":      "Usage: ptpu serve",
		"local":      "Usage: ptpu local",
		"send":       "Usage: ptpu send <file>",
		"simulators": "Usage: ptpu simulators",
		"version":    "Usage: ptpu version",
	} {
		for _, flag := range []string{"--help", "-h"} {
			code, out, errs := cli(t, nil, "", append(strings.Fields(command), flag)...)
			if code != exitOK || !strings.HasPrefix(out, want) || errs != "" {
				t.Errorf("ptpu %s %s exits with %d and prints %q and %q, want %d and %q", command, flag, code, out, errs, exitOK, want)
			}
		}
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	_, out, _ := cli(t, nil, "", "--help")
	for _, want := range []string{"\n  serve\n", "\n  local ", "\n  send ", "\n  simulators ", "\n  version\n", "docs/settings.md"} {
		if !strings.Contains(out, want) {
			t.Errorf("ptpu --help prints\n%s\nwant %q in it", out, want)
		}
	}
}

func TestBadCommandLineNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"an unknown command":                   {"serv", "unexpected argument serv"},
		"an unknown flag":                      {"--port=8080", "unknown flag --port"},
		"an unknown flag of a command":         {"local --twice", "unknown flag --twice"},
		"a flag of another command":            {"version --once", "unknown flag --once"},
		"one argument too many":                {"version now", "unexpected argument now"},
		"one argument too few":                 {"send", `expected "<file>"`},
		"a flag that is no number":             {"simulators --bookings=some", "--bookings"},
		"a number that makes no sense":         {"simulators --bookings=-1", "--bookings=-1: want none or more"},
		"an address that nobody can listen to": {"simulators --addr=nowhere", "--addr=nowhere"},
		"a flag that needs another":            {"local --json", "--json: only with --once"},
	} {
		code, out, errs := cli(t, nil, "", strings.Fields(c.line)...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errs, "ptpu: ") || !strings.Contains(errs, c.want) {
			t.Errorf("%s: ptpu %s exits with %d and prints %q and %q, want %d and %q", name, c.line, code, out, errs, exitUsage, c.want)
		}
	}
}

func TestServeIsTheDefaultCommand(t *testing.T) {
	_, _, want := cli(t, nil, "", "serve")
	code, _, got := cli(t, nil, "")
	if code != exitUsage || got != want || !strings.Contains(got, "PRISON_ENDPOINT_URL: is required") {
		t.Errorf("ptpu without settings exits with %d and prints\n%s\nwant %d and, as ptpu serve does,\n%s", code, got, exitUsage, want)
	}
}

func TestVersion(t *testing.T) {
	code, out, errs := cli(t, nil, "", "version")
	if want := "ptpu dev (commit unknown, built unknown)\n"; code != exitOK || out != want || errs != "" {
		t.Errorf("ptpu version exits with %d and prints %q and %q, want %d and %q", code, out, errs, exitOK, want)
	}
}

func TestEnvironment(t *testing.T) {
	got := environment([]string{"A=1", "B=x=y", "C=", "nonsense"})
	if len(got) != 3 || got["A"] != "1" || got["B"] != "x=y" || got["C"] != "" {
		t.Errorf("environment is %v, want A, B with its second equals sign, and an empty C", got)
	}
}
