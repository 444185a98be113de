package ascii

import (
	"bytes"
	"testing"
)

func TestCase(t *testing.T) {
	for c := range 256 {
		for n := 1; n < 20; n++ {
			for at := range n {
				for _, around := range []byte{'a', 'Z', '@', '[', '`', '{', 0, 0x7f, 0x80, 0xff} {
					b := bytes.Repeat([]byte{around}, n)
					b[at] = byte(c)
					lower, upper := bytes.Clone(b), bytes.Clone(b)
					Lower(lower)
					Upper(upper)
					if l, u := AppendLower([]byte("Ab"), b), AppendUpper([]byte("Ab"), b); string(l) != "Ab"+string(lower) || string(u) != "Ab"+string(upper) {
						t.Fatalf("%q: appended %q and %q", b, l, u)
					}
					for i, x := range b {
						wantLower, wantUpper := x, x
						if 'A' <= x && x <= 'Z' {
							wantLower += 'a' - 'A'
						}
						if 'a' <= x && x <= 'z' {
							wantUpper -= 'a' - 'A'
						}
						if lower[i] != wantLower || upper[i] != wantUpper {
							t.Fatalf("%q: lower %q, upper %q", b, lower, upper)
						}
					}
				}
			}
		}
	}
	Lower(nil)
	Upper(nil)
}
