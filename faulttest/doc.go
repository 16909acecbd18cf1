// Package faulttest has things go wrong around the seams: table, queue, topic
// and the HTTP of the neighbours. A plan says which kinds of fault strike where,
// how often and when; a seed decides which calls.
//
//	a pod ──> Process ──> (slow? down? lost? killed here?) ──> the real seam
//	             └──── counts the faults of each booking
//
// Whether a fault strikes a call follows from the seed, what the call is, and how
// often the same process has made it before; never from what other calls are
// made meanwhile. So the same seed gives the same faults although calls run side
// by side.
//
// A Process can be killed, stopped for a while, or told to end, at a call that is
// chosen beforehand. Those are faults too.
//
// It is made for testing/synctest: waits are real waits on the time package. It
// cannot let the clocks of two processes differ, because a bubble has one clock,
// nor hold back the timers of a process that is stopped.
package faulttest
