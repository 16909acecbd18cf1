package localstack

import "errors"

// People is who lives in the world, and what goes wrong for them.
type People struct {
	Bookings  []Booking  `json:"bookings"`
	Offenders []Offender `json:"offenders"`
	// Faults stand from the start; they are forgotten when all faults are.
	Faults []Fault `json:"faults,omitempty"`
}

// check reports everything that is wrong with the people.
func (p People) check() error {
	var wrong []error
	for i := range p.Bookings {
		wrong = append(wrong, p.Bookings[i].check())
	}
	for i := range p.Offenders {
		wrong = append(wrong, p.Offenders[i].check())
	}
	for _, fault := range p.Faults {
		wrong = append(wrong, fault.check())
	}
	return errors.Join(wrong...)
}
