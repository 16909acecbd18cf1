package enginetest

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
)

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
