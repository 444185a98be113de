package tsv

import (
	"bytes"
	"strings"
	"testing"
)

// Eight bytes at a time or one by one, the same strings need a second look.
func TestOddBytes(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			for _, around := range []string{"\x20", "~", "a", "[", "]", "-", "+"} {
				b := bytes.Repeat([]byte(around), 8)
				b[at] = byte(c)
				for _, nested := range []bool{false, true} {
					mask := uint8(special)
					if nested {
						mask |= comma
					}
					if got, want := oddBytes(string(b), nested) != 0, classes[c]&mask != 0; got != want {
						t.Errorf("%q, nested %v: odd is %v", b, nested, got)
					}
				}
			}
		}
	}
}

// What appendString does to a string is what it does to its parts, wherever they stand.
func TestStringAnywhere(t *testing.T) {
	for _, odd := range []string{"", "\t", "\\", ",", "\x7f", "\xff", "é", "a,b"} {
		for n := range 20 {
			for _, nested := range []bool{false, true} {
				pad := strings.Repeat("x", n)
				got := string(appendString(nil, pad+odd+"yy", nested))
				want := pad + strings.TrimSuffix(string(appendString(nil, odd+"yy", nested)), "yy") + "yy"
				if got != want {
					t.Errorf("%q after %d bytes, nested %v: %q, want %q", odd, n, nested, got, want)
				}
			}
		}
	}
}
