//go:build race

package pipeline

// Under the race detector, which looks for interleavings and takes five times as long, tests
// that read one capture after the other read one of eight, and those of one goroutine are
// left out.
const (
	captureStep  = 8
	raceDetector = true
)
