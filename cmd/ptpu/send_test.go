package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ptpu/localstack"
)

// sampleBody is the notice of a sample, an SNS envelope.
func sampleBody(t *testing.T, name string) string {
	t.Helper()
	for _, sample := range localstack.Samples() {
		if sample.Name == name {
			return string(sample.Notices[0].Body)
		}
	}
	t.Fatalf("there is no sample %s", name)
	return ""
}

// queued receives everything that waits on the event queue of the folder, in
// alphabetical order.
func queued(t *testing.T, dir string) []string {
	t.Helper()
	s, err := sendSettings(map[string]string{"PTPU_DATA_DIR": dir})
	if err != nil {
		t.Fatalf("sendSettings: %v", err)
	}
	b, err := openBackend(t.Context(), s, false)
	if err != nil {
		t.Fatalf("opening the backend again: %v", err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Errorf("closing the backend: %v", err)
		}
	}()
	return received(t, b)
}

// received receives everything that waits on the event queue, in alphabetical
// order.
func received(t *testing.T, b *backend) []string {
	t.Helper()
	var bodies []string
	for {
		deliveries, err := b.events.Receive(t.Context(), 10, 0, time.Hour)
		if err != nil {
			t.Fatalf("receiving: %v", err)
		}
		if len(deliveries) == 0 {
			slices.Sort(bodies)
			return bodies
		}
		for _, d := range deliveries {
			bodies = append(bodies, d.Body)
		}
	}
}

func TestSendPutsNoticesOnTheQueue(t *testing.T) {
	added, movement := sampleBody(t, "status-completed-noms-number-added"), sampleBody(t, "movement-completed")
	pretty := "{\n  \"eventType\": \"SENTENCE_DATES-CHANGED\",\n  \"bookingId\": 1300105\n}"
	for name, c := range map[string]struct {
		input string
		want  []string
	}{
		"one notice":                                     {added, []string{added}},
		"a line break behind it":                         {added + "\n", []string{added}},
		"several, one after another":                     {added + "\n" + movement + "\n", []string{added, movement}},
		"several without a space between":                {added + movement, []string{added, movement}},
		"a list":                                         {"[" + added + ",\n " + movement + "]", []string{added, movement}},
		"a list and one more":                            {"[" + added + "]\n" + movement, []string{added, movement}},
		"the same notice twice is sent twice":            {added + added, []string{added, added}},
		"an event without an envelope, as it is written": {pretty, []string{pretty}},
		"more than one receive takes":                    {strings.Repeat(added+"\n", 23), slices.Repeat([]string{added}, 23)},
	} {
		t.Run(name, func(t *testing.T) {
			slices.Sort(c.want)
			for _, from := range []string{"file", "standard input"} {
				dir := filepath.Join(t.TempDir(), "data") // not there yet
				environ := map[string]string{"PTPU_DATA_DIR": dir}
				input, argument := c.input, "-"
				if from == "file" {
					input, argument = "", filepath.Join(t.TempDir(), "notices.json")
					if err := os.WriteFile(argument, []byte(c.input), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				code, out, errs := cli(t, environ, input, "send", argument)
				if want := "sent " + strconv.Itoa(len(c.want)) + " to prison-events\n"; code != exitOK || out != want || errs != "" {
					t.Errorf("from %s: ptpu send exits with %d and prints %q and %q, want %d and %q", from, code, out, errs, exitOK, want)
				}
				if diff := cmp.Diff(c.want, queued(t, dir)); diff != "" {
					t.Errorf("from %s: notices on the queue (-want +got):\n%s", from, diff)
				}
			}
		})
	}
}

func TestSendRefusesWhatItCannotRead(t *testing.T) {
	notice := sampleBody(t, "status-completed-noms-number-added")
	missing := filepath.Join(t.TempDir(), "missing.json")
	for name, c := range map[string]struct{ file, input, want string }{
		"a file that is not there":   {missing, "", "ptpu: open " + missing + ": no such file or directory\n"},
		"a folder":                   {t.TempDir(), "", "is a directory"},
		"nothing":                    {"-", "", "ptpu: -: want at least one JSON document, found none\n"},
		"spaces":                     {"-", " \n", "found none"},
		"an empty list":              {"-", "[]", "found none"},
		"no JSON":                    {"-", "eventType: IMPRISONMENT_STATUS-CHANGED", "ptpu: -: document 1: want JSON: "},
		"JSON that is cut short":     {"-", notice[:len(notice)-1], "ptpu: -: document 1: want JSON: unexpected EOF\n"},
		"no JSON after good notices": {"-", notice + notice + "}", "ptpu: -: document 3: want JSON: "},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		code, out, errs := cli(t, map[string]string{"PTPU_DATA_DIR": dir}, c.input, "send", c.file)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: ptpu send exits with %d and prints %q and %q, want %d and %q", name, code, out, errs, exitUsage, c.want)
		}
		if got := queued(t, dir); len(got) > 0 {
			t.Errorf("%s: %d notices are on the queue, want none", name, len(got))
		}
	}
}

func TestSendChecksTheSettingsThatItNeeds(t *testing.T) {
	notice := sampleBody(t, "status-completed-noms-number-added")
	for name, c := range map[string]struct {
		environ map[string]string
		want    string // nothing: it sends
	}{
		"no address is asked for":      {map[string]string{"PRISON_ENDPOINT_URL": "nowhere"}, ""},
		"embedded is what it sends to": {map[string]string{"PTPU_BACKEND": "embedded"}, ""},
		"another backend":              {map[string]string{"PTPU_BACKEND": "memory"}, "ptpu: PTPU_BACKEND: want aws or embedded\n"},
		"all that is wrong": {
			map[string]string{"PTPU_BACKEND": "memory", "PTPU_SQLITE_SYNC": "off"},
			"ptpu: PTPU_BACKEND: want aws or embedded\nptpu: PTPU_SQLITE_SYNC: want normal or full\n",
		},
	} {
		dir := t.TempDir()
		code, _, errs := cli(t, with(c.environ, map[string]string{"PTPU_DATA_DIR": dir}), notice, "send", "-")
		sent, wantCode := 0, exitUsage
		if c.want == "" {
			sent, wantCode = 1, exitOK
		}
		if code != wantCode || errs != c.want {
			t.Errorf("%s: ptpu send exits with %d and prints %q, want %d and %q", name, code, errs, wantCode, c.want)
		}
		if got := queued(t, dir); len(got) != sent {
			t.Errorf("%s: %d notices are on the queue, want %d", name, len(got), sent)
		}
	}
}

// A person sends to a ptpu that runs.
func TestSendBesideAServingProcess(t *testing.T) {
	dir := t.TempDir()
	s, err := sendSettings(map[string]string{"PTPU_DATA_DIR": dir})
	if err != nil {
		t.Fatalf("sendSettings: %v", err)
	}
	serving, err := openBackend(t.Context(), s, true)
	if err != nil {
		t.Fatalf("openBackend: %v", err)
	}
	defer serving.close() //nolint:errcheck // the folder goes with the test
	notice := sampleBody(t, "status-completed-noms-number-added")
	if code, _, errs := cli(t, map[string]string{"PTPU_DATA_DIR": dir}, notice, "send", "-"); code != exitOK {
		t.Fatalf("ptpu send exits with %d and prints %q, want %d", code, errs, exitOK)
	}
	if diff := cmp.Diff([]string{notice}, received(t, serving)); diff != "" {
		t.Errorf("what the serving process receives (-want +got):\n%s", diff)
	}
}
