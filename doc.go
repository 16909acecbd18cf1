// Package ptpu holds the words and the rules of ptpu, the service that keeps
// Delius (probation) in step with NOMIS (prison). Every other package speaks
// these words; this one knows no other and no technology.
//
//	notice ──> does it matter? ──> message ──> holdback ──> batch ──> match chain ──> Delius
//	              (matters.go)    (message.go)            (batch.go)  (candidate.go)  (write.go)
//
// A rule is a function of facts and now, without effects. Instants are UTC;
// a Date is a civil date in Europe/London.
package ptpu
