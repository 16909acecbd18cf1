// Package localstack is the world on one machine: simulators of the four
// services that the work needs, served over real HTTP, with the invented people
// who live in them. They answer as the real services do and know nothing of the
// rules of their caller.
//
//	               ┌ /auth               hmpps-auth: tokens, keys
//	World.Handler ─┤ /prison-api         NOMIS: bookings, sentences, movements
//	               ├ /offender-search    who is this in Delius?
//	               ├ /community-api      Delius: events with custody, key dates
//	               └ /control            for tests and people: below
//
// A write to Delius changes what the next read says. With [Config.Dir] the world
// survives a kill: each change stands in a journal before its answer leaves.
//
// # Control
//
// Needs no token; bodies are JSON.
//
//	GET    /control/requests       the newest requests, oldest first: []Request
//	GET    /control/counts         exact counts per route, and the most writes in flight per person: Counts
//	GET    /control/changes        what has changed in Delius, in order: []Change
//	GET    /control/writes         every write call, applied or not: []Write
//	GET    /control/people         everybody, as they stand now: People
//	PUT    /control/people         People: adds each booking and offender, or replaces the one of that id
//	POST   /control/faults         a Fault, or a list of them, added to those that stand
//	DELETE /control/faults         no more faults, those of the seed included
//	POST   /control/reset-counts   forgets requests, counts, changes and writes
//	POST   /control/rotate-keys    a new signing key; tokens of the old one are refused
//	POST   /control/expire-tokens  every token given out so far is refused
//
// A fault, in JSON: every call to prison-api is answered 429 for one booking,
// three times, after a quarter of a second.
//
//	{"upstream": "prison-api", "pathContains": "/1300101", "count": 3, "latency": "250ms",
//	 "effect": "answer", "status": 429, "header": {"Retry-After": "2"}}
package localstack
