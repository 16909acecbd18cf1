package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"ptpu/localstack"
)

// localCommand runs everything on this machine.
type localCommand struct {
	Once bool `help:"Put every sample event through, print what came of each, and exit: 1 if an outcome is not the promised one. Uses a folder of its own, and removes it."`
	JSON bool `help:"With --once: print JSON."`
}

// localDefaults are the settings of ptpu local where the environment sets none:
// a short holdback and fast retries, so that a person can watch.
var localDefaults = map[string]string{
	"PRISONTOPROBATION_HOLD_BACK_DURATION": "5s",
	"PRISONTOPROBATION_ONLY_PRISONS":       localstack.InterestedPrisons,
	"RETRY_SCHEDULES_SHORT_CRON":           "*/20 * * * * *",
	"RETRY_SCHEDULES_MEDIUM_CRON":          "0 * * * * *",
	"RETRY_SCHEDULES_LONG_CRON":            "0 */5 * * * *",
	"PTPU_LOG_LEVEL":                       "error",
	"PTPU_LOG_FORMAT":                      "text",
}

// sampleGap is the time between two samples of the stream.
const sampleGap = 300 * time.Millisecond

// Run runs until ctx ends or, with --once, until every sample has its outcome.
func (c localCommand) Run(ctx context.Context, p *process) (err error) {
	if c.JSON && !c.Once {
		return usage{errors.New("--json: only with --once")}
	}
	environ := maps.Clone(localDefaults)
	for name, value := range p.environ {
		if strings.TrimSpace(value) != "" {
			environ[name] = value
		}
	}
	if c.Once {
		dir, err := os.MkdirTemp("", "ptpu-once-")
		if err != nil {
			return fmt.Errorf("making a folder for one run: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		environ["PTPU_DATA_DIR"], environ["SERVER_PORT"] = dir, "0"
	}
	narration := p.out
	if c.Once {
		narration = io.Discard
	}
	l, err := openLocal(ctx, environ, p.standard, narration)
	if err != nil {
		return err
	}
	if c.Once {
		return errors.Join(l.once(ctx, p.out, c.JSON), l.close())
	}
	return errors.Join(l.watch(ctx, p.out), l.close())
}

// local is the world and the service on one machine.
type local struct {
	world    *localstack.World
	http     *http.Server // of the world
	url      string       // of the world
	backend  *backend
	surface  *surface
	service  *service
	dataDir  string
	narrator *narrator
	closers  []func() error
	// dead are the dead letters seen by --once: why, by body.
	dead map[string]string
}

// openLocal builds the world and the service on it. The embedded store comes
// first: its lock keeps a second process out of the folder.
func openLocal(ctx context.Context, environ map[string]string, std standard, narration io.Writer) (_ *local, err error) {
	l := &local{dead: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the simulators: %w", err)
	}
	l.closers = append(l.closers, ignoreClosed(socket.Close))
	l.url = "http://" + socket.Addr().String()
	maps.Copy(environ, worldSettings(l.url))
	s, err := readSettings(environ)
	if err != nil {
		return nil, err
	}
	seen, err := observe(ctx, s, environ, std.err)
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, func() error { seen.close(); return nil })
	if l.backend, err = openBackend(ctx, s, true); err != nil {
		return nil, err
	}
	l.closers = append(l.closers, l.backend.close)
	if l.world, err = localstack.Open(localstack.Config{Dir: filepath.Join(s.DataDir, "world"), People: localstack.Invented()}); err != nil {
		return nil, err
	}
	l.closers = append(l.closers, l.world.Close)
	l.http = &http.Server{Handler: l.world.Handler(), ReadHeaderTimeout: readHeaderTimeout}
	go func() { _ = l.http.Serve(socket) }() // ends with Close
	l.closers = append(l.closers, l.http.Close)
	l.narrator = newNarrator(seen.observer, narration)
	apis, err := newUpstreams(s, version, seen)
	if err != nil {
		return nil, err
	}
	if l.service, err = newService(s, l.backend, apis, l.narrator, seen); err != nil {
		return nil, err
	}
	if l.surface, err = newSurface(s, seen, l.narrator.Stumbled); err != nil {
		return nil, err
	}
	if err := l.surface.running(l.backend, l.service); err != nil {
		return nil, err
	}
	l.dataDir = s.DataDir
	return l, seedExpired(ctx, l.service.store)
}

// worldSettings point the service at the world. They win over the environment:
// ptpu local never calls a real upstream.
func worldSettings(url string) map[string]string {
	return map[string]string{
		"PTPU_BACKEND":                 "embedded",
		"OAUTH_ENDPOINT_URL":           url + "/auth",
		"OAUTH_CLIENT_ID":              "ptpu",
		"OAUTH_CLIENT_SECRET":          "ptpu-secret",
		"PRISON_ENDPOINT_URL":          url + "/prison-api",
		"COMMUNITY_ENDPOINT_URL":       url + "/community-api",
		"OFFENDER_SEARCH_ENDPOINT_URL": url + "/offender-search",
	}
}

func ignoreClosed(closing func() error) func() error {
	return func() error {
		if err := closing(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// close closes what was opened, the last first.
func (l *local) close() error {
	var all error
	for _, closing := range slices.Backward(l.closers) {
		all = errors.Join(all, closing())
	}
	return all
}

// watch runs until ctx ends and tells what happens.
func (l *local) watch(ctx context.Context, out io.Writer) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if err := l.surface.start(ctx, fail); err != nil {
		return err
	}
	l.closers = append(l.closers, l.surface.stop)
	l.surface.ready(ctx)
	go l.surface.checker.Run(ctx)
	l.greet(out)
	var running sync.WaitGroup
	running.Go(func() { l.feed(ctx, sampleGap) })
	running.Go(func() { l.service.run(ctx) })
	running.Wait()
	return stopped(ctx, nil)
}

// feed sends the samples that were not sent before, one after another.
func (l *local) feed(ctx context.Context, gap time.Duration) {
	for _, sample := range localstack.Samples() {
		if l.world.SampleSent(sample.Name) {
			continue
		}
		if err := l.send(ctx, sample); err != nil {
			if ctx.Err() == nil {
				l.narrator.Stumbled(ctx, err)
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gap):
		}
	}
}

// send puts one sample's notices on the queue. A crash in between sends them
// again, which their identities make harmless.
func (l *local) send(ctx context.Context, sample localstack.Sample) error {
	for _, notice := range sample.Notices {
		if _, err := l.backend.events.Send(ctx, queueNotice(notice)); err != nil {
			return fmt.Errorf("sending sample %s: %w", sample.Name, err)
		}
	}
	if err := l.world.MarkSampleSent(sample.Name); err != nil {
		return fmt.Errorf("noting that sample %s was sent: %w", sample.Name, err)
	}
	return nil
}

// tried is what the greeting shows of what a role may do.
var tried = map[string]string{
	"ROLE_PTPU_REPORT":      "/report/in-progress",
	"ROLE_PTPU_QUEUE_ADMIN": "/queue-admin/get-dlq-messages/" + deadQueue,
}

// greet says where everything is.
func (l *local) greet(out io.Writer) {
	_, port, _ := net.SplitHostPort(l.surface.address) // an address that is being listened on
	fmt.Fprintf(out, "ptpu %s is running on http://127.0.0.1:%s (health: /health, metrics: /prometheus, the API: /swagger-ui.html)\n", version, port)
	fmt.Fprintf(out, "Simulated hmpps-auth, NOMIS, search and Delius: %s (what they were asked: /control/requests)\n", l.url)
	fmt.Fprintln(out, "What each role may, with the token of an invented caller:")
	for _, client := range localstack.Clients() {
		role := strings.Join(client.Authorities, ",")
		if !strings.HasPrefix(role, rolePrefix) {
			continue
		}
		token := fmt.Sprintf("curl -s -u %s:%s -d grant_type=client_credentials %s/auth/oauth/token", client.ID, client.Secret, l.url)
		if path := tried[role]; path != "" {
			token = fmt.Sprintf(`curl -s -H "Authorization: Bearer $(%s | sed 's/.*"access_token":"//; s/".*//')" http://127.0.0.1:%s%s`, token, port, path)
		}
		fmt.Fprintf(out, "  %-22s %s\n", role, token)
	}
	fmt.Fprintf(out, "Data: %s. Ctrl-C stops; start again to carry on.\n\n", l.dataDir)
}
