//go:build race

package main

// raceDetector: the tests run many times slower, to see races.
const raceDetector = true
