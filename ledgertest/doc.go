// Package ledgertest is an account of what ptpu does, kept outside of it. It
// stands between ptpu and the seams, sees every row, notice, event and write as
// it takes effect, knows what was sent and what NOMIS says, and holds it all to
// the invariants:
//
//	I1  no notice is lost
//	I2  Delius ends as the newest facts say, is never written older data after
//	    newer, and is written an effect again only where a fault struck
//	I3  one live worker for a booking at most
//	I4  every identifier change has its domain event, with a stable id
//	I5  when faults stop, what is due settles
//	I6  an attempt comes neither early nor late, and an outage consumes none
//	I7  a message ends once, and the metrics say what the rows say
//	I8  nothing is written to Delius after a message's delete-by
//	I9  no personal data but where it may be
//
// It reads rows by their attribute names and knows the rules from the contract,
// not from ptpu's code: otherwise it would agree with every mistake.
package ledgertest
