//go:build !race

package pipeline

const (
	captureStep  = 1
	raceDetector = false
)
