package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// asProgram makes the test binary be ptpu itself, so that processes can be
// started, killed and stopped without building another binary.
const asProgram = "PTPU_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment(os.Environ()), standard{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// child is a ptpu process of its own.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *output
	ended  chan struct{}
	reaped error
}

// startChild starts ptpu with the arguments and settings. It is killed with the
// test at the latest.
func startChild(t *testing.T, environ map[string]string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], args...), out: &output{}, ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), asProgram+"=1")
	for name, value := range environ {
		c.cmd.Env = append(c.cmd.Env, name+"="+value)
	}
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		c.reaped = c.cmd.Wait()
	}()
	t.Cleanup(c.kill)
	return c
}

// kill ends the process as a power cut would end it for itself, and waits.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // one that has ended already
	<-c.ended
}

// interrupt asks the process to stop, as Ctrl-C does, and returns its exit code.
func (c *child) interrupt() int {
	c.t.Helper()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		c.t.Fatal(err)
	}
	<-c.ended
	return c.cmd.ProcessState.ExitCode()
}

// says waits until the process has printed the text.
func (c *child) says(text string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("the process prints %q", text), func() bool {
		select {
		case <-c.ended:
			c.t.Fatalf("the process ended: %v\n%s", c.reaped, c.out)
		default:
		}
		return strings.Contains(c.out.String(), text)
	})
}

// simulators starts the simulators in a process of their own and returns their
// base URL.
func simulators(t *testing.T, bookings int) string {
	t.Helper()
	c := startChild(t, nil, "simulators", "--addr=127.0.0.1:0", fmt.Sprintf("--bookings=%d", bookings))
	c.says("/control")
	return regexp.MustCompile(`http://[0-9.]+:[0-9]+`).FindString(c.out.String())
}

// ask reads what the simulators know.
func ask(t *testing.T, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: status %d, %v", url, response.StatusCode, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}
