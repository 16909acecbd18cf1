// Package enginetest runs engines of others that answer as AWS does, for the
// tests of the AWS side: moto's server (SQS, SNS, DynamoDB) and fauxqs (SQS,
// SNS). They are installed by scripts/engines, and pinned with hashes here.
//
// An engine is started at its first use in a test binary, serves all of its
// tests, and ends with it. What a test makes there must have a name of its own.
package enginetest

import (
	"crypto/sha256"
	_ "embed" // the pins and the launchers
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// required is the environment variable that, when it is "required", makes an
// engine that is not installed fail a test instead of skipping it. CI sets it.
const required = "PTPU_ENGINES"

var (
	//go:embed moto/requirements.txt
	motoPins []byte
	//go:embed moto/serve.py
	motoLauncher string
	//go:embed fauxqs/package-lock.json
	fauxqsPins []byte
	//go:embed fauxqs/serve.mjs
	fauxqsLauncher string
)

// engine is one of the engines of others.
type engine struct {
	name string
	pins []byte
	// program is what runs the engine, below its folder; it is there when the
	// engine is installed.
	program string
	// arguments and environment go to the program, which runs in the folder.
	arguments, environment []string
	// health is a path that is answered with 200 once the engine serves.
	health string
	// start returns the endpoint, and is run once.
	start func() (string, error)
	// lifeline is the program's standard input. It is kept because an end that
	// nobody refers to is closed with the garbage.
	lifeline io.Closer
}

var moto = once(&engine{
	name:        "moto",
	pins:        motoPins,
	program:     "python",
	arguments:   []string{"-c", motoLauncher},
	environment: []string{"PYTHONPATH=packages"},
	health:      "/moto-api/",
}, oneAtATime)

var fauxqs = once(&engine{
	name:      "fauxqs",
	pins:      fauxqsPins,
	program:   "node",
	arguments: []string{"--input-type=module", "--eval", fauxqsLauncher},
	health:    "/health",
}, nil)

// Moto returns the endpoint of moto's server. The test is skipped when moto is
// not installed. Requests are let through one at a time, because moto has no
// locks; receives wait in front of it.
func Moto(tb testing.TB) string {
	tb.Helper()
	return moto.endpoint(tb)
}

// Fauxqs returns the endpoint of fauxqs. The test is skipped when fauxqs is not
// installed.
func Fauxqs(tb testing.TB) string {
	tb.Helper()
	return fauxqs.endpoint(tb)
}

// once completes the engine. front, if any, is put between it and the tests.
func once(e *engine, front func(endpoint string) (string, error)) *engine {
	e.start = sync.OnceValues(func() (string, error) {
		folder, err := e.folder()
		if err != nil {
			return "", err
		}
		endpoint, err := e.run(folder)
		if err != nil || front == nil {
			return endpoint, err
		}
		return front(endpoint)
	})
	return e
}

func (e *engine) endpoint(tb testing.TB) string {
	tb.Helper()
	endpoint, err := e.start()
	switch {
	case errors.Is(err, fs.ErrNotExist) && os.Getenv(required) != "required": //nolint:forbidigo // how the tests were started
		tb.Skipf("%s is not installed; scripts/engines installs it", e.name)
	case err != nil:
		tb.Fatalf("starting %s: %v", e.name, err)
	}
	return endpoint
}

// folder is where scripts/engines has put these pins. The error wraps
// fs.ErrNotExist when it has not.
func (e *engine) folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(e.pins)
	folder := filepath.Join(cache, "ptpu-engines", e.name+"-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(folder, e.program)); err != nil {
		return folder, fmt.Errorf("scripts/engines has not installed it: %w", err)
	}
	return folder, nil
}
