package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"ptpu/localstack"
)

// simulatorsCommand serves the four simulated upstreams alone.
type simulatorsCommand struct {
	Addr     string `default:"127.0.0.1:8090" help:"Address to listen on."`
	Data     string `help:"Folder that keeps their state; without it they forget everything when they stop."`
	Bookings int    `help:"Besides the invented people, this many more bookings that each match one person in Delius, from booking 2000000 on."`
}

// firstGenerated is the first booking of the generated people.
const firstGenerated = 2_000_000

// Run serves until ctx ends.
func (c simulatorsCommand) Run(ctx context.Context, p *process) (err error) {
	if c.Bookings < 0 {
		return usage{fmt.Errorf("--bookings=%d: want none or more", c.Bookings)}
	}
	people := localstack.Invented()
	more := localstack.Generated(c.Bookings, firstGenerated)
	people.Bookings = append(people.Bookings, more.Bookings...)
	people.Offenders = append(people.Offenders, more.Offenders...)
	world, err := localstack.Open(localstack.Config{Dir: c.Data, People: people})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return usage{fmt.Errorf("--addr=%s: %w", c.Addr, err)}
	}
	server := &http.Server{Handler: world.Handler(), ReadHeaderTimeout: readHeaderTimeout}
	stopping := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopping()
	fmt.Fprintf(p.out, "Simulators on http://%s: /auth /prison-api /offender-search /community-api /control\n", socket.Addr())
	if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the simulators: %w", err)
	}
	return nil
}
