//go:build race

package pipeline

// Under the race detector, which looks for interleavings and takes five times as long, tests
// run on one reference trace of eight.
const traceStep = 8

const raceDetector = true
