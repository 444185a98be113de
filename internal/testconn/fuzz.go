package testconn

import (
	"slices"
	"testing"
)

// FuzzSegments runs a fuzz target whose inputs are what the client and what the server send, and
// the length of segments in bytes: what is raised must not depend on the length. bench returns a
// Bench and what has been raised on it.
func FuzzSegments(f *testing.F, bench func(testing.TB) (b *Bench, raised func() []string)) {
	f.Fuzz(func(t *testing.T, client, server []byte, size int) {
		if len(client)+len(server) > 4096 || size < 1 {
			return
		}
		play := func(size int) []string {
			b, raised := bench(t)
			b.Converse([]string{">" + string(client), "<" + string(server)}, size)
			if n := b.Table.Stats().Panics; n != 0 || b.Table.Held() != 0 {
				t.Fatalf("%d panics, %d bytes are held", n, b.Table.Held())
			}
			return raised()
		}
		if whole, parts := play(1<<16), play(size); !slices.Equal(whole, parts) {
			t.Errorf("in segments of %d: %q, whole: %q", size, parts, whole)
		}
	})
}
