package localstack_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

// reopened is the world of a folder after the process that had it is gone. The
// first world is not closed: a kill does not close anything either.
func reopened(t *testing.T, dir string) *site {
	t.Helper()
	world, err := localstack.Open(localstack.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	return &site{World: world, t: t}
}

func TestTheWorldSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	scripted := inside()
	becomes := inside()
	becomes.AgencyID = "LEI"
	scripted.Later = &localstack.Later{Route: localstack.RouteBooking, Reads: 1, Becomes: &becomes}
	s := open(t, localstack.Config{Dir: dir, People: localstack.People{
		Bookings:  []localstack.Booking{scripted},
		Offenders: []localstack.Offender{jo(func(o *localstack.Offender) { o.NomsNumber = "" })},
		Faults:    []localstack.Fault{{Route: localstack.RouteOffender, Effect: localstack.Answer, Status: 503}},
	}})
	s.call(http.MethodPut, crnPath+"X100001/nomsNumber", object{"nomsNumber": "A1111BC"})
	s.call(http.MethodPut, crnPath+"X100001/nomsNumber", object{"nomsNumber": "A1111BC"})
	s.get("/prison-api/api/bookings/1300101", new(object))
	if err := s.MarkSampleSent("first"); err != nil {
		t.Fatal(err)
	}
	stale := s.bearer
	if err := s.ExpireTokens(); err != nil {
		t.Fatal(err)
	}
	token := s.token("ptpu", "ptpu-secret")

	again := open(t, localstack.Config{Dir: dir, People: localstack.Invented()})
	again.bearer = token
	if got := again.status(token); got != http.StatusOK {
		t.Errorf("a token from before: got %d, want 200", got)
	}
	if got := again.status(stale); got != http.StatusUnauthorized {
		t.Errorf("a token that was expired before: got %d, want 401", got)
	}
	var booking object
	again.get("/prison-api/api/bookings/1300101", &booking)
	// The one read of the script was used up before the kill.
	if booking["agencyId"] != "LEI" {
		t.Errorf("agency: got %v, want LEI", booking["agencyId"])
	}
	if status, _ := again.call(http.MethodGet, crnPath+"X100001", nil); status != 503 {
		t.Errorf("a fault of the seed: got %d, want 503", status)
	}
	if !again.SampleSent("first") || again.SampleSent("second") {
		t.Error("samples sent: want the first and not the second")
	}
	if got := again.People().Offenders; len(got) != 1 || got[0].NomsNumber != "A1111BC" {
		t.Errorf("offenders: got %+v, want jo with her number and nobody of the new seed", got)
	}

	// open has reset the second world's ledger; a third sees the reset as well.
	third := reopened(t, dir)
	if got := len(third.Changes()) + len(third.Writes()); got != 0 {
		t.Errorf("ledger after a reset: got %d entries, want none", got)
	}
}

func TestTheLedgerSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, localstack.Config{Dir: dir, People: offenders(jo())})
	if err := s.Misbehave(localstack.Fault{Route: localstack.RouteCustody, Effect: localstack.Lost}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.try(http.MethodPut, nomsPath+"A1111BC/custody/bookingNumber/41001A", object{"nomsPrisonInstitutionCode": "MDI"}); err == nil {
		t.Fatal("the answer arrived, want it lost")
	}
	again := reopened(t, dir)
	if diff := cmp.Diff(s.Changes(), again.Changes()); diff != "" || len(again.Changes()) != 1 {
		t.Errorf("changes (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(s.Writes(), again.Writes()); diff != "" || len(again.Writes()) != 1 {
		t.Errorf("writes (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(s.People(), again.People()); diff != "" {
		t.Errorf("people (-before +after):\n%s", diff)
	}
}

func TestATornLastLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.jsonl")
	s := open(t, localstack.Config{Dir: dir, People: offenders(jo())})
	if err := s.MarkSampleSent("first"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.MarkSampleSent("second"); err != nil {
		t.Fatal(err)
	}
	long, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole); cut < len(long); cut++ {
		torn := t.TempDir()
		if err := os.WriteFile(filepath.Join(torn, "journal.jsonl"), long[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		world, err := localstack.Open(localstack.Config{Dir: torn, SigningKey: signingKey()})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if !world.SampleSent("first") || world.SampleSent("second") {
			t.Errorf("cut at %d: want the first sample and not the second", cut)
		}
		// What comes next must not grow out of the torn line.
		if err := world.MarkSampleSent("third"); err != nil {
			t.Fatal(err)
		}
		if err := world.Close(); err != nil {
			t.Fatal(err)
		}
		if again := reopened(t, torn); !again.SampleSent("third") {
			t.Errorf("cut at %d: the line after the torn one is lost", cut)
		}
	}
}

func TestASpoiltJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), []byte("{\"sent\":[\"a\"]}\nnonsense\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := localstack.Open(localstack.Config{Dir: dir, SigningKey: signingKey()}); err == nil {
		t.Error("opened, want an error that names line 2")
	}
}

func TestALongJournalIsRewritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.jsonl")
	s := open(t, localstack.Config{Dir: dir, People: offenders(jo())})
	s.call(http.MethodPut, nomsPath+"A1111BC/custody/bookingNumber/41001A", object{"nomsPrisonInstitutionCode": "MDI"})
	for range 10_001 {
		if err := s.MarkSampleSent("again"); err != nil {
			t.Fatal(err)
		}
	}
	before, after := s.People(), reopened(t, dir)
	if diff := cmp.Diff(before, after.People()); diff != "" {
		t.Errorf("people (-before +after):\n%s", diff)
	}
	if len(after.Changes()) != 1 || len(after.Writes()) != 1 || !after.SampleSent("again") {
		t.Error("the rewritten journal has lost its ledger or its samples")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines > 10 {
		t.Errorf("lines: got %d, want a few", lines)
	}
	if err := after.MarkSampleSent("later"); err != nil {
		t.Fatal(err)
	}
	if last := reopened(t, dir); !last.SampleSent("later") || !last.SampleSent("again") {
		t.Error("a line after the rewriting is lost")
	}
}

func TestTheSigningKeyIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	open(t, localstack.Config{Dir: dir})
	info, err := os.Stat(filepath.Join(dir, "signing-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, want 0600", info.Mode().Perm())
	}
}

func TestAClosedWorldKeepsNothing(t *testing.T) {
	world, err := localstack.Open(localstack.Config{SigningKey: signingKey()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := world.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	if err := world.MarkSampleSent("late"); err == nil {
		t.Error("a closed world took a sample, want an error")
	}
}
