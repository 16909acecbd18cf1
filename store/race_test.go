//go:build race

package store_test

// raceDetector: the tests run many times slower, to see races.
const raceDetector = true
