package value

import (
	"math/big"
	"slices"
	"testing"
)

// TestUID compares identifiers with the digits of math/big, whose alphabet is that of files,
// the highest first.
func TestUID(t *testing.T) {
	for _, v := range []uint64{0, 1, 9, 10, 61, 62, 63, 3843, 3844, 3845, 238327, 238328, 1<<32 - 1, 1<<63 + 12345, 1<<64 - 1} {
		want := []byte(new(big.Int).SetUint64(v).Text(62))
		slices.Reverse(want)
		if got := MakeFileUID(0, v); got.String() != "F0"+string(want) {
			t.Errorf("MakeFileUID(0, %d) = %s, want F0%s", v, got, want)
		}
		if v == 0 {
			want = nil
		}
		if got := MakeUID('C', 0, v); got.String() != "C"+swapCase(want) {
			t.Errorf("MakeUID('C', 0, %d) = %s, want C%s", v, got, swapCase(want))
		}
	}
	if got := MakeUID('C', 61, 62); got.String() != "C01z" {
		t.Errorf("MakeUID('C', 61, 62) = %s, want C01z", got)
	}
}

func swapCase(b []byte) string {
	s := slices.Clone(b)
	for i, c := range s {
		if c >= 'A' {
			s[i] = c ^ 0x20
		}
	}
	return string(s)
}
