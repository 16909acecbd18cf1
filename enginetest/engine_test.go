package enginetest

import (
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The process that started an engine may be killed; what the engine reads from
// ends then, as it does here.
func TestEngineEndsWithWhatItReads(t *testing.T) {
	for _, e := range []*engine{moto, fauxqs} {
		t.Run(e.name, func(t *testing.T) {
			e.endpoint(t) // skips when it is not installed
			another := *e
			folder, err := another.folder()
			if err != nil {
				t.Fatal(err)
			}
			endpoint, err := another.run(folder)
			if err != nil {
				t.Fatal(err)
			}
			if err := another.lifeline.Close(); err != nil {
				t.Fatal(err)
			}
			address := strings.TrimPrefix(endpoint, "http://")
			for deadline := time.Now().Add(10 * time.Second); ; {
				connection, err := net.Dial("tcp", address)
				if err != nil {
					return // nobody listens
				}
				_ = connection.Close()
				if time.Now().After(deadline) {
					t.Fatal("it still serves")
				}
			}
		})
	}
}

func TestScriptInstallsWhereTheEnginesAreLookedFor(t *testing.T) {
	out, err := exec.Command("../scripts/engines", "where").CombinedOutput()
	if err != nil {
		t.Skipf("scripts/engines does not run here: %v: %s", err, out)
	}
	for i, e := range []*engine{moto, fauxqs} {
		want, err := e.folder()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if got := strings.Split(string(out), "\n")[i]; got != want {
			t.Errorf("scripts/engines installs %s in %s, want %s", e.name, got, want)
		}
	}
}
