//go:build !race

package pipeline

const traceStep = 1

const raceDetector = false
