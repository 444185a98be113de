//go:build race

package pipeline

// Under the race detector, which looks for interleavings and takes five times as long, tests
// that read one capture after the other read one of sixteen, and those of one goroutine are
// left out.
const (
	captureStep  = 16
	raceDetector = true
)
