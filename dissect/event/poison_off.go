//go:build !poison

package event

// poison is whether raised events are copied for the listeners and overwritten
// after the call, so that tests find a listener that retains them.
// It is on in builds with the tag "poison".
const poison = false

func raisePoisoned[E any]([]func(*E), *E) {}
