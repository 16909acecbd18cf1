package localstack_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ptpu/localstack"
)

func TestSamplesSayWhatTheyAre(t *testing.T) {
	names, owners := map[string]bool{}, map[string]string{}
	bookings := map[int64]bool{}
	for _, b := range localstack.Invented().Bookings {
		bookings[b.BookingID] = true
	}
	wellFormed := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, sample := range localstack.Samples() {
		if names[sample.Name] {
			t.Errorf("%s: two samples have this name", sample.Name)
		}
		names[sample.Name] = true
		promise := sample.Promise
		kinds := 0
		for _, is := range []bool{promise.State != "", promise.Ignored != "", promise.DeadLetter} {
			if is {
				kinds++
			}
		}
		if kinds != 1 || len(sample.Notices) == 0 {
			t.Errorf("%s: %d kinds of promise on %d notices, want one on some", sample.Name, kinds, len(sample.Notices))
		}
		if promise.BookingID != 0 && !bookings[promise.BookingID] {
			t.Errorf("%s: nobody has booking %d", sample.Name, promise.BookingID)
		}
		// The name is the promise in words.
		if state := dashed(promise.State); !strings.Contains(sample.Name, state) && promise.Superseded == 0 {
			t.Errorf("%s: the name does not say %s", sample.Name, state)
		}
		if promise.Ignored != "" && !strings.Contains(sample.Name, "ignored") || promise.DeadLetter && !strings.HasPrefix(sample.Name, "dead-letter") {
			t.Errorf("%s: the name does not say that it is ignored, or a dead letter", sample.Name)
		}
		for _, notice := range sample.Notices {
			var envelope struct {
				ID string `json:"MessageId"`
			}
			if json.Unmarshal(notice.Body, &envelope) != nil || envelope.ID == "" {
				continue
			}
			if owner := owners[envelope.ID]; owner != "" && owner != sample.Name {
				t.Errorf("%s: its MessageId is that of %s", sample.Name, owner)
			}
			owners[envelope.ID] = sample.Name
			if !wellFormed.MatchString(envelope.ID) {
				t.Errorf("%s: MessageId %s: want a UUID of version 5", sample.Name, envelope.ID)
			}
		}
	}
	if !reflect.DeepEqual(localstack.Samples(), localstack.Samples()) {
		t.Error("the samples differ from call to call")
	}
}

func dashed(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "-")) }

func TestTheNoticesOfSpecialSamples(t *testing.T) {
	samples := map[string]localstack.Sample{}
	for _, sample := range localstack.Samples() {
		samples[sample.Name] = sample
	}
	raw := samples["status-completed-raw-delivery"].Notices[0]
	if p, id, readable := parse(raw); !readable || id != "" || raw.Attributes["eventType"] != p.EventType {
		t.Errorf("raw delivery: got %+v with %v, want the event itself, and its type beside it", p, raw.Attributes)
	}
	thrice := samples["status-completed-delivered-three-times"].Notices
	if len(thrice) != 3 || !slices.EqualFunc(thrice, []localstack.Notice{thrice[0], thrice[0], thrice[0]}, func(a, b localstack.Notice) bool {
		return string(a.Body) == string(b.Body)
	}) {
		t.Errorf("three times: got %d notices, want the same three times", len(thrice))
	}
	if size := len(samples["dead-letter-too-large"].Notices[0].Body); size <= 300*1024 {
		t.Errorf("too large: got %d bytes, want more than 300 KB", size)
	}
	if json.Valid(samples["dead-letter-not-json"].Notices[0].Body) {
		t.Error("not JSON: it is JSON")
	}
}

// Every outcome that the service can show stands for itself among the samples.
func TestSamplesCoverEveryOutcome(t *testing.T) {
	seen := map[string]bool{}
	for _, sample := range localstack.Samples() {
		p, _, _ := parse(sample.Notices[0])
		seen[p.EventType+" "+sample.Promise.State+sample.Promise.Ignored] = true
		seen[sample.Promise.State+" "+sample.Promise.Reason] = true
	}
	const status, movement, dates, release, number = "IMPRISONMENT_STATUS-CHANGED ", "EXTERNAL_MOVEMENT_RECORD-INSERTED ",
		"SENTENCE_DATES-CHANGED ", "CONFIRMED_RELEASE_DATE-CHANGED ", "BOOKING_NUMBER-CHANGED "
	for _, want := range []string{
		status + "COMPLETED", status + "NO_MATCH", status + "NO_MATCH_WITH_SENTENCE_DATE", status + "TOO_MANY_MATCHES",
		status + "BOOKING_NUMBER_NOT_ASSIGNED", status + "LOCATION_NOT_UPDATED", status + "KEY_DATES_NOT_UPDATED",
		status + "ERROR", status + "NO_LONGER_VALID",
		movement + "COMPLETED", movement + "LOCATION_NOT_UPDATED", movement + "NO_LONGER_VALID",
		dates + "COMPLETED", dates + "KEY_DATES_NOT_UPDATED", dates + "NO_LONGER_VALID",
		release + "COMPLETED", release + "KEY_DATES_NOT_UPDATED", release + "NO_LONGER_VALID",
		number + "COMPLETED", number + "NO_LONGER_VALID",
		status + "Non zero sequence", status + "No sentence start date", status + "Not an active booking", status + "Not at an interested prison",
		movement + "Movement not found", movement + "Not a transfer", movement + "Not an interested prison", movement + "Not an active booking",
		dates + "Not an active booking", dates + "Not at an interested prison",
		release + "Not an active booking", release + "Not at an interested prison",
		number + "Not at an interested prison", number + "No merged offenders found",
		"KEY_DATES_NOT_UPDATED no dates", "NO_LONGER_VALID No longer at this prison", "NO_LONGER_VALID No sentence start date",
		"NO_LONGER_VALID Not an active booking", "NO_LONGER_VALID Not at an interested prison",
	} {
		if !seen[want] {
			t.Errorf("no sample shows %s", want)
		}
	}
}

func TestInventedPeopleShareNothing(t *testing.T) {
	people := localstack.Invented()
	if people.Offenders = append(people.Offenders, localstack.Generated(1000, 2_000_000).Offenders...); len(people.Offenders) < 1000 {
		t.Fatal("nobody was generated")
	}
	people.Bookings = append(people.Bookings, localstack.Generated(1000, 2_000_000).Bookings...)
	seen := map[string]bool{}
	once := func(what, value string) {
		if seen[what+value] {
			t.Errorf("%s %s: two have it", what, value)
		}
		seen[what+value] = true
	}
	for _, b := range people.Bookings {
		once("offender number", b.OffenderNo)
		once("booking number", b.BookingNo)
		once("surname", b.LastName)
		once("PNC", b.PNC)
		once("CRO", b.CRO)
	}
	for _, o := range people.Offenders {
		once("CRN", o.CRN)
	}
	if !slices.ContainsFunc(people.Bookings, func(b localstack.Booking) bool { return b.BookingID == localstack.ExpiredBookingID }) {
		t.Error("nobody has the booking that has expired")
	}
	// Open checks the shape of everybody.
	with(t, people)
}

// The package is the outside world: it must not know who calls.
func TestNoCallersRules(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file.Name(), "_test.go") || !strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"ptpu`+`"`+"\n") || strings.Contains(string(text), `"ptpu/`) {
			t.Errorf("%s imports a package of the service; the simulators answer for others", file.Name())
		}
	}
}
