package apidocs

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// The same files come from whichever registry is asked, or none do.
func TestFrontEndPackagesArePinnedByHashAndNotByPlace(t *testing.T) {
	var wanted struct{ Dependencies map[string]string }
	readJSON(t, "../assets/package.json", &wanted)
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for name, version := range wanted.Dependencies {
		if !exact.MatchString(version) {
			t.Errorf("%s: version %q, want exactly one", name, version)
		}
	}
	var lock struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	readJSON(t, "../assets/package-lock.json", &lock)
	if len(lock.Packages) < 2 {
		t.Errorf("%d packages are locked, want Swagger UI at least", len(lock.Packages))
	}
	for name, p := range lock.Packages {
		if name == "" {
			continue // the folder itself
		}
		if p.Integrity == "" || p.Resolved != "" {
			t.Errorf("%s %s: integrity %q, resolved %q; want a hash and no address", name, p.Version, p.Integrity, p.Resolved)
		}
	}
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
}
