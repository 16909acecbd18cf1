package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ptpu"
	"ptpu/ledgertest"
	"ptpu/localstack"
)

// The lives that the people of a simulation lead in Delius.
const (
	plain         = "plain"           // there, and not linked yet
	linked        = "linked"          // linked by an earlier booking's work
	late          = "late"            // the record is made some time later
	wrongDate     = "wrong date"      // the sentence date is corrected some time later
	twins         = "twins"           // two records fit, until one is corrected
	unknownPrison = "unknown prison"  // at a prison that Delius has not heard of
	notCustodial  = "not custodial"   // the custodial event becomes active some time later
	never         = "never"           // there is no record, and never will be
	outOfTime     = "out of time"     // waits since a month, in vain
	justInTime    = "just in time"    // waits since nearly a month, for a record that is made
	lateInTheDay  = "late in the day" // waits since nearly a month; the record is made too late
)

// life is one person with the booking, as the simulation leads it.
type life struct {
	kind    string
	booking localstack.Booking
	record  localstack.Offender // in Delius, as it was or is to be
	numbers []string            // every NOMS number that the booking ever had
	notices int
	// away: the booking is not active, or at no prison of ours.
	away bool
}

func (l *life) id() string { return strconv.FormatInt(l.booking.BookingID, 10) }

// What marks the names, dates of birth, PNC and CRO numbers of a simulation. None
// of it stands in a number of a case, a date of today or a random id.
var canaryMarks = []string{"OZMUNDINE", "QUIXBY", "1911-1", "47/0", "/47ZZ"}

// markPerson gives a person what must not be found anywhere.
func markPerson(b *localstack.Booking, o *localstack.Offender) (canaries []string) {
	b.FirstName, b.LastName = "Ozmundine", "Quixby"+b.LastName
	b.DateOfBirth = localstack.Date(fmt.Sprintf("1911-1%d-%02d", b.BookingID%3, 1+b.BookingID%28))
	b.PNC = fmt.Sprintf("47/0%06dQ", b.BookingID%1_000_000)
	b.CRO = fmt.Sprintf("%d/47ZZ", b.BookingID)
	o.FirstName, o.Surname, o.DateOfBirth, o.PNC, o.CRO = b.FirstName, b.LastName, b.DateOfBirth, "19"+b.PNC, b.CRO
	return []string{strings.ToUpper(b.FirstName), strings.ToUpper(b.LastName), string(b.DateOfBirth), b.PNC, b.CRO}
}

// kinds is how many in a hundred lead which life.
var kinds = []struct {
	kind  string
	share int
}{
	{plain, 48}, {linked, 16}, {late, 9}, {wrongDate, 7}, {twins, 7}, {unknownPrison, 4}, {notCustodial, 5}, {never, 4},
}

// populate invents the people and lets Delius know those that it knows.
func (s *simulation) populate(n int) localstack.People {
	people := localstack.Generated(n+3, firstGenerated)
	known := localstack.People{}
	for i := range people.Bookings {
		l := &life{booking: people.Bookings[i], record: people.Offenders[i]}
		s.canaries = append(s.canaries, markPerson(&l.booking, &l.record)...)
		l.numbers = []string{l.booking.OffenderNo}
		switch {
		case i >= n:
			l.kind = []string{outOfTime, justInTime, lateInTheDay}[i-n]
		default:
			draw := s.random.IntN(100)
			for _, k := range kinds {
				if draw -= k.share; draw < 0 {
					l.kind = k.kind
					break
				}
			}
		}
		known.Offenders = append(known.Offenders, s.known(l)...)
		if l.kind == unknownPrison {
			l.booking.AgencyID = "NPI"
		}
		known.Bookings = append(known.Bookings, l.booking)
		s.lives = append(s.lives, l)
		s.whose.note(l.booking.OffenderNo, l.id())
		s.whose.note(l.record.CRN, l.id())
	}
	return known
}

// known is what Delius knows of the person at first.
func (s *simulation) known(l *life) []localstack.Offender {
	record := l.record
	event := &record.Events[0]
	switch l.kind {
	case late, never, outOfTime, justInTime, lateInTheDay:
		return nil
	case linked:
		l.record.NomsNumber = l.booking.OffenderNo
		l.record.Events[0].Custody = &localstack.Custody{Status: localstack.InCustody, BookingNumber: l.booking.BookingNo, Institution: "LEI"}
		return []localstack.Offender{l.record}
	case wrongDate:
		record.Events = slices.Clone(record.Events)
		record.Events[0].SentenceStart = "2025-06-30"
	case twins:
		twin := record
		twin.CRN = "T" + record.CRN[1:]
		twin.Events = []localstack.Event{{Index: "1", Active: true, SentenceStart: event.SentenceStart, Custody: &localstack.Custody{Status: localstack.InCustody}}}
		s.whose.note(twin.CRN, l.id())
		return []localstack.Offender{record, twin}
	case notCustodial:
		l.record.NomsNumber = l.booking.OffenderNo
		record = l.record
		record.Events = []localstack.Event{
			{Index: "2", SentenceStart: event.SentenceStart, Custody: &localstack.Custody{Status: localstack.AboutToStart}},
			{Index: "1", Active: true, SentenceStart: event.SentenceStart},
		}
	}
	return []localstack.Offender{record}
}

// mend is what staff of probation do some time later.
func (s *simulation) mend(l *life) {
	switch l.kind {
	case late, wrongDate, justInTime, lateInTheDay:
		s.put(localstack.People{Offenders: []localstack.Offender{l.record}})
	case twins:
		twin := s.record("T" + l.record.CRN[1:])
		twin.Events[0].SentenceStart = "2019-03-12"
		s.put(localstack.People{Offenders: []localstack.Offender{twin}})
	case notCustodial:
		record := s.record(l.record.CRN)
		record.Events[0].Active = true
		s.put(localstack.People{Offenders: []localstack.Offender{record}})
	default:
		return
	}
	s.step("staff mend the record of booking %s", l.id())
}

func (s *simulation) put(people localstack.People) {
	if err := s.world.Put(people); err != nil {
		s.t.Fatal(err)
	}
}

// record is a person as Delius has them now.
func (s *simulation) record(crn string) localstack.Offender {
	for _, o := range s.world.People().Offenders {
		if o.CRN == crn {
			return o
		}
	}
	return localstack.Offender{}
}

// tellFacts tells the ledger what NOMIS says of the booking now.
func (s *simulation) tellFacts(l *life) {
	b := l.booking
	s.ledger.Fact(l.id(), ledgertest.NOMSNumber, b.OffenderNo)
	s.ledger.Fact(l.id(), ledgertest.BookingNumber, b.BookingNo)
	s.ledger.Fact(l.id(), ledgertest.Institution, b.AgencyID)
	for name, date := range keyDatesOf(b.Sentence) {
		s.ledger.Fact(l.id(), "keyDates."+name, date)
	}
}

// keyDatesOf is what Delius should hold of the dates of NOMIS.
func keyDatesOf(d localstack.Sentence) map[string]string {
	release := d.ConditionalReleaseOverride
	if release == "" {
		release = d.ConditionalRelease
	}
	return map[string]string{
		"conditionalReleaseDate": string(release), "sentenceExpiryDate": string(d.ExpiryDate),
		"paroleEligibilityDate": string(d.ParoleEligibility), "licenceExpiryDate": string(d.LicenceExpiry),
		"expectedReleaseDate": string(d.ConfirmedRelease), "hdcEligibilityDate": string(d.HDCEligibility),
		"postSentenceSupervisionEndDate": string(d.TopupSupervisionExpiry),
	}
}

// change alters a booking in NOMIS; NOMIS then tells of it.
func (s *simulation) change(l *life, alter func(*localstack.Booking), events ...map[string]any) {
	alter(&l.booking)
	s.put(localstack.People{Bookings: []localstack.Booking{l.booking}})
	if !slices.Contains(l.numbers, l.booking.OffenderNo) {
		l.numbers = append(l.numbers, l.booking.OffenderNo)
		s.whose.note(l.booking.OffenderNo, l.id())
	}
	s.tellFacts(l)
	for _, event := range events {
		s.happens(l, event)
	}
}

func statusEvent() map[string]any {
	return map[string]any{"eventType": string(ptpu.ImprisonmentStatusChanged), "imprisonmentStatusSeq": 0}
}

func movementEvent(sequence int64) map[string]any {
	return map[string]any{"eventType": string(ptpu.ExternalMovementInserted), "movementSeq": sequence}
}

func plainEvent(eventType ptpu.EventType) map[string]any {
	return map[string]any{"eventType": string(eventType)}
}

// happens has NOMIS tell of an event that happens now: once or several times, in
// time or late, in an envelope or raw.
func (s *simulation) happens(l *life, event map[string]any) {
	l.notices++
	now := time.Now()
	event["bookingId"] = l.booking.BookingID
	event["eventDatetime"] = now.In(ptpu.London).Format("2006-01-02T15:04:05.999999999")
	event["nomisEventType"] = "SIMULATED"
	id := fmt.Sprintf("n-%s-%02d", l.id(), l.notices)
	s.deliver(s.noticeOf(id, event), s.deliveries())
}

// deliveries is how long after the event each delivery of its notice comes.
func (s *simulation) deliveries() []time.Duration {
	left := time.Until(s.faultsEnd) - time.Minute
	var delays []time.Duration
	copies := 1
	if s.random.IntN(10) < 3 {
		copies += s.random.IntN(10)
	}
	for range copies {
		delay := time.Duration(s.random.Int64N(int64(3*time.Second + s.scatter)))
		switch draw := s.random.IntN(100); {
		case draw >= 97:
			delay += 7 * 24 * time.Hour
		case draw >= 85:
			delay += time.Duration(s.random.Int64N(int64(3 * time.Hour)))
		case draw >= 60:
			delay += time.Duration(s.random.Int64N(int64(2 * time.Minute)))
		}
		if delay > left {
			delay = time.Duration(s.random.Int64N(int64(max(left, time.Second))))
		}
		delays = append(delays, delay)
	}
	return delays
}

// plan draws what happens to a person, and when.
func (s *simulation) plan(l *life) {
	end := time.Duration(float64(s.faultsEnd.Sub(s.start)) * 0.9)
	some := func(from, to float64) time.Time {
		return s.start.Add(time.Duration((from + s.random.Float64()*(to-from)) * float64(end))).Truncate(time.Millisecond)
	}
	switch l.kind {
	case outOfTime:
		return
	case justInTime, lateInTheDay:
	default:
		s.at(some(0, 0.2), func() { s.change(l, func(*localstack.Booking) {}, statusEvent()) })
	}
	s.at(some(0.2, 0.6), func() { s.mend(l) })
	if l.kind == justInTime || l.kind == lateInTheDay {
		return
	}
	changes := 1 + s.random.IntN(4+s.days/3)
	for range changes {
		s.at(some(0.05, 1), func() { s.somethingHappens(l) })
	}
}

var prisonsOfDelius = []string{"MDI", "LEI", "WWI", "BXI", "HEI"}

// again has the same happen once more to some, before anybody has looked; and the
// notices of the two overtake each other.
func (s *simulation) again(l *life, happens func()) {
	if s.random.IntN(3) > 0 {
		happens()
		return
	}
	s.scatter = 12 * time.Minute
	happens()
	s.scatter = 0
	s.in(time.Duration(s.random.Int64N(int64(8*time.Minute))), func() {
		if !l.away {
			happens()
		}
	})
}

// somethingHappens draws one change in NOMIS.
func (s *simulation) somethingHappens(l *life) {
	if l.away {
		return
	}
	switch draw := s.random.IntN(100); {
	case draw < 25:
		s.again(l, func() {
			s.change(l, func(b *localstack.Booking) {
				b.Sentence.ConditionalReleaseOverride = s.date()
				b.Sentence.ParoleEligibility = s.date()
				if s.random.IntN(3) == 0 {
					b.Sentence.HDCEligibility = ""
				}
			}, plainEvent(ptpu.SentenceDatesChanged))
		})
	case draw < 40:
		s.again(l, func() {
			s.change(l, func(b *localstack.Booking) { b.Sentence.ConfirmedRelease = s.date() }, plainEvent(ptpu.ConfirmedReleaseDateChanged))
		})
	case draw < 65:
		s.again(l, func() { s.moves(l) })
	case draw < 75:
		s.change(l, func(b *localstack.Booking) { b.Sentence.LicenceExpiry = s.date() }, statusEvent())
	case draw < 82:
		s.merge(l)
	case draw < 90:
		s.leaves(l)
	case draw < 95:
		history := statusEvent()
		history["imprisonmentStatusSeq"] = 1 + s.random.IntN(3)
		s.happens(l, history)
	default:
		event := plainEvent("OFFENDER-UPDATED")
		s.happens(l, event)
	}
}

// date is some date that was given to nobody before.
func (s *simulation) date() localstack.Date {
	s.dates++
	return localstack.Date(time.Date(2026, time.January, 1+s.dates, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

// moves takes the person to another prison.
func (s *simulation) moves(l *life) {
	to := prisonsOfDelius[s.random.IntN(len(prisonsOfDelius))]
	if l.kind == unknownPrison {
		to = "NPI"
	}
	sequence := int64(len(l.booking.Movements) + 1)
	s.change(l, func(b *localstack.Booking) {
		b.Movements = append(slices.Clone(b.Movements), localstack.Movement{
			Sequence: sequence, FromAgency: b.AgencyID, ToAgency: to, MovementType: "ADM", DirectionCode: "IN",
		})
		b.AgencyID = to
	}, movementEvent(sequence))
}

// merge makes two records of NOMIS one, under another number.
func (s *simulation) merge(l *life) {
	if len(l.numbers) > 2 {
		return
	}
	former := l.booking.OffenderNo
	s.numbers++
	number := fmt.Sprintf("M%04d%c%c", s.numbers, 'A'+s.seed%26, 'A'+s.seed/26%26)
	s.change(l, func(b *localstack.Booking) {
		b.OffenderNo = number
		b.Identifiers = append(slices.Clone(b.Identifiers), localstack.Identifier{Type: ptpu.MergedIdentifier, Value: former})
	}, plainEvent(ptpu.BookingNumberChanged))
	// A date or movement event that is met between the merge in NOMIS and that in
	// Delius ends without having found the person, by the rules. The status is
	// told again, and mends that.
	s.in(time.Duration(s.random.Int64N(int64(time.Hour))), func() {
		if !l.away {
			s.happens(l, statusEvent())
		}
	})
}

// leaves takes the person out of prison, or to one that is not ours, and back.
func (s *simulation) leaves(l *life) {
	l.away = true
	sequence := int64(len(l.booking.Movements) + 1)
	released := s.random.IntN(2) == 0
	s.change(l, func(b *localstack.Booking) {
		move := localstack.Movement{Sequence: sequence, FromAgency: b.AgencyID, ToAgency: "FSI", MovementType: "ADM", DirectionCode: "IN"}
		if released {
			move.ToAgency, move.MovementType, move.DirectionCode, b.Active = "OUT", "REL", "OUT", false
		}
		b.AgencyID = move.ToAgency
		b.Movements = append(slices.Clone(b.Movements), move)
	}, movementEvent(sequence))
	s.in(time.Minute+time.Duration(s.random.Int64N(int64(5*time.Hour))), func() {
		if time.Now().After(s.faultsEnd.Add(-time.Hour)) {
			return // stays away
		}
		l.away = false
		l.booking.Active = true
		s.moves(l)
		s.happens(l, statusEvent())
	})
}

// inStep reports whether Delius has to hold what NOMIS says of the person in the
// end. No person is whose request was refused, or whose message is with staff.
func (s *simulation) inStep(l *life) bool {
	switch l.kind {
	case unknownPrison, never, outOfTime, justInTime, lateInTheDay:
		return false
	}
	return !l.away && s.faults.Refused(l.id()) == 0 && !s.ledger.Poisoned(l.id())
}

// held is what Delius holds of the person, by the ledger's names.
func (s *simulation) held(l *life) map[string]string {
	record := s.record(l.record.CRN)
	held := map[string]string{ledgertest.NOMSNumber: record.NomsNumber}
	if len(record.Events) == 0 || record.Events[0].Custody == nil {
		return held
	}
	custody := record.Events[0].Custody
	held[ledgertest.BookingNumber], held[ledgertest.Institution] = custody.BookingNumber, custody.Institution
	for _, name := range ledgertest.KeyDates {
		held["keyDates."+name] = string(custody.KeyDates[name])
	}
	return held
}

var (
	bookingInPath = regexp.MustCompile(`/booking(?:s)?/([0-9]+)`)
	numberInPath  = regexp.MustCompile(`/(?:crn|nomsNumber)/([A-Z0-9]+)`)
	numberInBody  = regexp.MustCompile(`"nomsNumber":"([A-Z0-9]+)"`)
)

// directory is the booking of each number of a person. Pods ask it while staff
// change it.
type directory struct{ of sync.Map }

func (d *directory) note(number, booking string) { d.of.Store(number, booking) }

func (d *directory) booking(number string) string {
	booking, _ := d.of.Load(number)
	text, _ := booking.(string)
	return text
}

// whoseRequest is the booking that a request is about. A ping is about nothing
// that an attempt could need; a token is about every booking.
func (d *directory) whoseRequest(r *http.Request) string {
	if strings.HasSuffix(r.URL.Path, "/health/ping") {
		return "ping"
	}
	if m := bookingInPath.FindStringSubmatch(r.URL.Path); m != nil {
		return m[1]
	}
	if m := numberInPath.FindStringSubmatch(r.URL.Path); m != nil {
		return d.booking(m[1])
	}
	if number := r.URL.Query().Get("offenderNo"); number != "" {
		return d.booking(number)
	}
	if strings.HasSuffix(r.URL.Path, "/match") {
		var body strings.Builder
		if r.Body != nil {
			buffer := make([]byte, 4096)
			n, _ := r.Body.Read(buffer)
			body.Write(buffer[:n])
		}
		if m := numberInBody.FindStringSubmatch(body.String()); m != nil {
			return d.booking(m[1])
		}
	}
	return ""
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of plain values always marshal
	}
	return string(text)
}
