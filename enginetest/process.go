package enginetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// startTime is how long an engine may take to serve; on a busy machine of two
// cores, with nothing in its caches, moto takes a few seconds.
const startTime = time.Minute

// run starts the engine and returns its endpoint once it serves. The process
// ends when its standard input does, which this process holds open for as long
// as it lives, and the system closes when it is killed.
func (e *engine) run(folder string) (endpoint string, err error) {
	process := exec.Command(filepath.Join(folder, e.program), e.arguments...)
	process.Dir = folder
	process.Env = append(os.Environ(), e.environment...) //nolint:forbidigo // the engine finds its home and its certificates there
	complaints, err := os.CreateTemp("", "ptpu-"+e.name)
	if err != nil {
		return "", err
	}
	defer func() { // what the engine says once it serves is of no interest
		_ = complaints.Close()
		_ = os.Remove(complaints.Name())
	}()
	process.Stderr = complaints
	out, err := process.StdoutPipe()
	if err != nil {
		return "", err
	}
	if e.lifeline, err = process.StdinPipe(); err != nil {
		return "", err
	}
	if err := process.Start(); err != nil {
		return "", err
	}
	endpoint, err = e.ready(out)
	if err != nil {
		_ = process.Process.Kill() // one that has ended already
		_ = process.Wait()         // killed
		said, _ := os.ReadFile(complaints.Name())
		return "", fmt.Errorf("%w; it says: %s", err, said)
	}
	return endpoint, nil
}

// ready waits until the engine has said where it serves and does.
func (e *engine) ready(out io.Reader) (endpoint string, err error) {
	deadline := time.Now().Add(startTime)
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, out) // so that it never blocks on what it prints
	}()
	select {
	case endpoint = <-said:
	case <-time.After(startTime):
	}
	if !strings.HasPrefix(endpoint, "http://") {
		return "", errors.New("it did not say where it serves")
	}
	client := http.Client{Timeout: startTime}
	for {
		answer, err := client.Get(endpoint + e.health)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return endpoint, nil
			}
			err = fmt.Errorf("GET %s: %s", e.health, answer.Status)
		}
		if time.Now().After(deadline) {
			return "", err
		}
		<-time.After(20 * time.Millisecond)
	}
}
