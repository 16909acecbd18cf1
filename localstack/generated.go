package localstack

import "fmt"

// Generated makes n bookings, the first of the id given, for loads that no hand
// could invent. Delius has exactly one record of each: it fits by PNC and CRO
// numbers and sentence, has no NOMS number yet, and takes every update. Calls
// with ranges of ids that do not overlap make different people.
func Generated(n int, firstBooking int64) People {
	people := People{Bookings: make([]Booking, 0, n), Offenders: make([]Offender, 0, n)}
	for i := range int64(n) {
		b := generatedBooking(firstBooking + i)
		o := probationer(b)
		o.CRN = fmt.Sprintf("%c%06d", "BCDEFGHJ"[b.BookingID/1_000_000%8], b.BookingID%1_000_000)
		people.Bookings, people.Offenders = append(people.Bookings, b), append(people.Offenders, o)
	}
	return people
}

// generatedBooking is decided by its id alone.
func generatedBooking(id int64) Booking {
	b := prisoner(0)
	b.BookingID = id
	b.BookingNo = fmt.Sprintf("%05d%c", id%100_000, 'B'+id/100_000%25)
	b.OffenderNo = fmt.Sprintf("G%04d%c%c", id%10_000, 'A'+id/10_000%26, 'A'+id/260_000%26)
	b.FirstName = firstNames[id%int64(len(firstNames))]
	b.LastName = generatedSurname(id)
	b.DateOfBirth = Date(fmt.Sprintf("%d-%02d-%02d", 1950+id%50, 1+id%12, 13+id%15))
	b.PNC = fmt.Sprintf("07/%07dG", id%10_000_000)
	b.CRO = fmt.Sprintf("%d/07G", id)
	return b
}

// generatedSurname spells the id in syllables: a surname for each, that can be
// said aloud.
func generatedSurname(id int64) string {
	syllables := []string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va"}
	name := ""
	for range 7 {
		name += syllables[id%16]
		id /= 16
	}
	return name
}
