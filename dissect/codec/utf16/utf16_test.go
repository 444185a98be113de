package utf16

import "testing"

func TestAppend(t *testing.T) {
	for _, tc := range []struct {
		src, want string
		ok        bool
	}{
		{"", "", true},
		{"a\x00b\x00", "ab", true},
		{"a\x00b", "ab", true},                                 // half a character
		{"a\x00\x00\x00b\x00", "a", true},                      // up to NUL
		{"\xe4\x00\xac\x20", "ä€", true},                       // two and three bytes
		{"\x3d\xd8\x00\xde!\x00", "😀!", true},                  // a pair
		{"\x00\xdea\x00", "\xed\xb8\x80a", true},               // the second of a pair alone
		{"\x3d\xd8a\x00", "\xed\xa0\xbda", true},               // the first of a pair alone
		{"\x00\x00\x3d\xd8", "\x00\x00\x3d\xd8", false},        // nothing comes after it
		{"\x3d\xd8\x3d\xd8\x00\xde", "\xed\xa0\xbd😀", true},    // then a pair
		{"\xff\xff\xfe\xff", "\xef\xbf\xbf\xef\xbf\xbe", true}, // not characters
	} {
		got, ok := Append([]byte("x"), []byte(tc.src))
		if string(got) != "x"+tc.want || ok != tc.ok {
			t.Errorf("%q: %q %v, want %q %v", tc.src, got, ok, "x"+tc.want, tc.ok)
		}
	}
}

func TestAllocations(t *testing.T) {
	src, buf := []byte("W\x00O\x00R\x00K\x00"), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { buf, _ = Append(buf[:0], src) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
