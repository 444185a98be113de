package dns

import (
	"bytes"
	"testing"
)

// TestLower tries every byte at every place of names of all short lengths.
func TestLower(t *testing.T) {
	for n := range 19 {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte("@"), n)
				b[at] = byte(c)
				want := bytes.Clone(b)
				if 'A' <= c && c <= 'Z' {
					want[at] += 'a' - 'A'
				}
				if lower(b); !bytes.Equal(b, want) {
					t.Fatalf("%q at %d of %d: got %q, want %q", byte(c), at, n, b, want)
				}
			}
		}
	}
	b := []byte("WWW.Example-[@`{].ÄÖ.COM")
	if lower(b); string(b) != "www.example-[@`{].ÄÖ.com" {
		t.Errorf("got %q", b)
	}
}
