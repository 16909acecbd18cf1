package localstack

// Sample is a small story told by notices: what is sent, and what must come of
// it for those who live in Invented.
type Sample struct {
	Name    string // says the promise in words
	Notices []Notice
	Promise Promise
}

// Notice is one delivery on the event queue. The same notice twice has the same
// MessageId, so that a resend is known for a duplicate.
type Notice struct {
	Body []byte // an SNS envelope, or with raw delivery the event itself
	// Attributes are the queue message's own; an envelope carries its attributes
	// inside.
	Attributes map[string]string
}

// Promise is what comes of a sample once it has been worked off for the first
// time. Exactly one of State, Ignored and DeadLetter is set.
type Promise struct {
	// State is that of the message that survives, and Reason, where there is one,
	// says why.
	State  string
	Reason string
	// Superseded is how many other messages of the booking end as SUPERSEDED.
	Superseded int
	// Ignored is the reason for which nothing is stored.
	Ignored string
	// DeadLetter: the notice can never be validated.
	DeadLetter bool

	BookingID int64    // 0: the notice names none
	CRNs      []string // the matching CRNs, sorted
	// Change lists the fields that change in Delius, as Change.Field names them,
	// sorted, each once.
	Change []string
}

// story is a sample with the people it is about.
type story struct {
	Sample
	bookings  []Booking
	offenders []Offender
	faults    []Fault
}

// stories are told in this order. Each has its own people, so that none depends
// on another.
func stories() []story {
	var all []story
	for _, some := range [][]story{
		knownStories(), candidateStories(), missStories(), updateStories(), troubleStories(),
		supersededStories(), outdatedStories(), ignoredStories(), deadLetterStories(),
	} {
		all = append(all, some...)
	}
	return all
}

// Samples is the stream of sample events, in order.
func Samples() []Sample {
	var samples []Sample
	for _, s := range stories() {
		samples = append(samples, s.Sample)
	}
	return samples
}

// ExpiredBookingID is the booking of the person nobody in Delius fits, for an
// old message that has run out of time. No sample is about it.
const ExpiredBookingID = 1300199

// Invented is everybody whom the samples are about, with what goes wrong for
// them, and one more of ExpiredBookingID.
func Invented() People {
	people := People{Bookings: []Booking{prisoner(ExpiredBookingID - firstInvented)}}
	for _, s := range stories() {
		people.Bookings = append(people.Bookings, s.bookings...)
		people.Offenders = append(people.Offenders, s.offenders...)
		people.Faults = append(people.Faults, s.faults...)
	}
	return people
}
