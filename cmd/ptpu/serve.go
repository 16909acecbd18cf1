package main

import (
	"context"
	"errors"
	"log/slog"

	"ptpu/telemetry"
)

// serveCommand runs the service.
type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, p *process) (err error) {
	s, err := readSettings(p.environ)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(p.out, s.LogLevel, s.LogFormat)
	if err != nil {
		return usage{err}
	}
	o, err := telemetry.NewObserver(log)
	if err != nil {
		return err
	}
	b, err := openBackend(ctx, s, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	svc, err := newService(s, b, log, o)
	if err != nil {
		return err
	}
	log.LogAttrs(ctx, slog.LevelInfo, "starting", slog.String("version", version), slog.Any("settings", s.shown()))
	if names := unusedIn(p.environ); len(names) > 0 {
		log.LogAttrs(ctx, slog.LevelWarn, "ptpu does not use these settings of its predecessor", slog.Any("variables", names))
	}
	defer log.InfoContext(ctx, "stopped")
	return svc.run(ctx, func(address string) { log.InfoContext(ctx, "ready", slog.String("address", address)) })
}
