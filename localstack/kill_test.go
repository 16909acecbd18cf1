package localstack_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"

	"ptpu/localstack"

	"github.com/google/go-cmp/cmp"
)

// killedDir tells the test binary that it is the process to be killed.
const killedDir = "LOCALSTACK_KILLED_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		fmt.Fprintln(os.Stderr, promiseUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// promiseUntilKilled prints each sample once the world has promised to remember
// it, and never stops of itself.
func promiseUntilKilled(dir string) error {
	world, err := localstack.Open(localstack.Config{Dir: dir, People: offenders(jo())})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := world.MarkSampleSent(fmt.Sprint(i)); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestAKilledProcessKeepsItsPromises(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killedDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var promised []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if promised = append(promised, lines.Text()); len(promised) == 200 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(promised) < 200 {
		t.Fatalf("the process ended after %d promises with %v, want it killed", len(promised), err)
	}
	world := reopened(t, dir)
	for _, name := range promised {
		if !world.SampleSent(name) {
			t.Errorf("sample %s was promised and is forgotten", name)
		}
	}
	if got := len(world.People().Offenders); got != 1 {
		t.Errorf("offenders: got %d, want 1", got)
	}
}

// Many callers at once: the race detector looks on, and the journal must tell
// the same story as the memory.
func TestManyCallersAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, localstack.Config{Dir: dir, People: localstack.Generated(8, 2_000_000)})
	people := s.People()
	var callers sync.WaitGroup
	for i := range people.Offenders {
		o, b := people.Offenders[i], people.Bookings[i]
		callers.Go(func() {
			// Each in turn takes the same number from whoever has it.
			s.call(http.MethodPut, crnPath+o.CRN+"/nomsNumber", object{"nomsNumber": "G0000ZZ"})
			s.call(http.MethodPut, crnPath+o.CRN+"/nomsNumber", object{"nomsNumber": b.OffenderNo})
			s.call(http.MethodPut, nomsPath+b.OffenderNo+"/custody/bookingNumber/"+b.BookingNo, object{"nomsPrisonInstitutionCode": "MDI"})
			s.search(object{"surname": b.LastName, "nomsNumber": b.OffenderNo})
			s.get("/control/people", new(localstack.People))
			s.get("/control/counts", new(localstack.Counts))
		})
	}
	callers.Wait()
	for _, o := range s.People().Offenders {
		if o.NomsNumber == "" || o.NomsNumber == "G0000ZZ" || o.Events[0].Custody.Institution != "MDI" {
			t.Errorf("%s: got %q at %q, want a number of their own, at MDI", o.CRN, o.NomsNumber, o.Events[0].Custody.Institution)
		}
	}
	again := reopened(t, dir)
	if diff := cmp.Diff(s.People(), again.People()); diff != "" {
		t.Errorf("people (-memory +journal):\n%s", diff)
	}
	if diff := cmp.Diff(s.Changes(), again.Changes()); diff != "" {
		t.Errorf("changes (-memory +journal):\n%s", diff)
	}
}
