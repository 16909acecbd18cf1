package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// serveCommand runs the service.
type serveCommand struct{}

// Run serves until ctx ends. It is alive from the start, and ready once
// everything that it needs could be reached. It stops in the reverse order, the
// HTTP server last, so that readiness can be asked to the end.
func (serveCommand) Run(ctx context.Context, p *process) (err error) {
	s, err := readSettings(p.environ)
	if err != nil {
		return err
	}
	o, err := observe(ctx, s, p.environ, p.out)
	if err != nil {
		return err
	}
	defer o.close()
	log := o.log
	apis, err := newUpstreams(s, version, o)
	if err != nil {
		return err
	}
	log.LogAttrs(ctx, slog.LevelInfo, "starting", slog.String("version", version), slog.Any("settings", s.shown()))
	if names := unusedIn(p.environ); len(names) > 0 {
		log.LogAttrs(ctx, slog.LevelWarn, "ptpu does not use these settings of its predecessor", slog.Any("variables", names))
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	http, err := newSurface(s, o, o.observer.Stumbled)
	if err != nil {
		return err
	}
	if err := http.starting(); err != nil {
		return err
	}
	if err := http.start(ctx, fail); err != nil {
		return err
	}
	go http.checker.Run(ctx)
	defer func() { err = errors.Join(err, http.stop()) }()
	log.LogAttrs(ctx, slog.LevelInfo, "alive", slog.String("address", http.address))

	var b *backend
	opened := func(ctx context.Context) (err error) {
		b, err = openBackend(ctx, s, true)
		return err
	}
	// A hmpps-auth that is down at the start opens its circuit, too.
	starting, reached := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { apis.watch(starting) })
	err = reach(ctx, log, opened, apis.signIn)
	reached()
	watching.Wait()
	if b != nil {
		defer func() { err = errors.Join(err, b.close()) }()
	}
	if err != nil {
		return stopped(ctx, err)
	}
	svc, err := newService(s, b, apis, o.observer, o)
	if err != nil {
		return err
	}
	if err := http.running(b, svc); err != nil {
		return err
	}
	http.ready(ctx)
	log.LogAttrs(ctx, slog.LevelInfo, "ready")
	if n := b.events.MaxReceives(); n < fewestReceives {
		log.LogAttrs(ctx, slog.LevelWarn, "the event queue gives up on a notice too soon: a short outage will fill its dead letters",
			slog.Int("maxReceiveCount", n), slog.Int("want", maxReceives))
	}
	svc.run(ctx)
	log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "stopped")
	return stopped(ctx, nil)
}

// stopped is the error of a run that ended: none when it was told to end, why
// when it could not go on.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}
