// Command ptpu keeps Delius, the probation case system, in step with NOMIS, the
// prison system. This package reads the settings and joins the parts; it holds
// no rule of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Set at build time.
var (
	version   = "dev"
	commit    = "unknown"
	buildTime = "unknown"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment(os.Environ()), standard{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// standard are the streams of the process.
type standard struct {
	in       io.Reader
	out, err io.Writer
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // a bad flag or setting: trying again will not help
)

// usage marks an error as one of how ptpu was started or set up.
type usage struct{ error }

// Unwrap gives the error itself.
func (u usage) Unwrap() error { return u.error }

// commands are ptpu's commands.
type commands struct {
	Serve      serveCommand      `cmd:"" default:"1" help:"Run the service."`
	Local      localCommand      `cmd:"" help:"Run everything on this machine: the service on an embedded store, simulated upstreams, invented people, a stream of sample events."`
	Send       sendCommand       `cmd:"" help:"Put notices on the local event queue."`
	Setup      setupCommand      `cmd:"" help:"Make the queues, topics, subscriptions and tables that ptpu needs on AWS, where they are missing; safe to repeat."`
	Simulators simulatorsCommand `cmd:"" help:"Serve the simulated upstreams alone."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// process is what a command is given.
type process struct {
	environ map[string]string
	standard
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, environ map[string]string, std standard) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("ptpu"),
		kong.Description("Keeps Delius (probation) in step with NOMIS (prison). Settings are environment variables: docs/settings.md."),
		kong.Writers(std.out, std.err), kong.Exit(func(code int) { exited = code }), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return report(std, err)
	}
	chosen, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help has been printed
	}
	if err != nil {
		return report(std, usage{err})
	}
	return report(std, chosen.Run(&process{environ: environ, standard: std}))
}

// report prints what went wrong, one line for each fault, and gives the exit
// code that says whether trying again could help.
func report(std standard, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(std.err, "ptpu:", strings.TrimRight(line, "\n"))
	}
	var badSetting settingsError
	if isWrong(err) || errors.As(err, &badSetting) {
		return exitUsage
	}
	return exitFailed
}

// environment makes a map of NAME=value pairs.
func environment(pairs []string) map[string]string {
	environ := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok {
			environ[name] = value
		}
	}
	return environ
}

// versionCommand prints what is running.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p *process) error {
	_, err := fmt.Fprintf(p.out, "ptpu %s (commit %s, built %s)\n", version, commit, buildTime)
	return err
}
