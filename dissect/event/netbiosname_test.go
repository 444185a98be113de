package event

import "testing"

func TestNetBIOSName(t *testing.T) {
	for _, c := range []struct {
		encoded, name string
		typ           uint64
	}{
		{"FHEPFCELEHFCEPFFFACACACACACACABO", "WORKGROUP", 0x1e},
		{"fhepfcelehfcepfffacacacacacacabo", "WORKGROUP", 0x1e},
		{"ABACFPFPENFDECFCEPFHFDEFFPFPACAB", "\x01\x02__MSBROWSE__\x02", 1},
		{"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "*", 0},
		{"EBAIECACACACACACACACACACACACACAA", "A", 0}, // up to a control character
		{"EBIAECACACACACACACACACACACACACAA", "A", 0},
		{"CACACACACACACACACACACACACACACAAA", "", 0},
		{"FHEPFCELEHFCEPFFFACACACACACACAB", "", 256},
		{"FHEPFCELEHFCEPFFFACACACACACACABQ", "", 256},
		{"", "", 256},
	} {
		if got := string(AppendNetBIOSName([]byte("x"), []byte(c.encoded))); got != "x"+c.name {
			t.Errorf("%s is %q, not %q", c.encoded, got[1:], c.name)
		}
		if got := NetBIOSNameType([]byte(c.encoded)); got != c.typ {
			t.Errorf("%s is of type %d, not %d", c.encoded, got, c.typ)
		}
	}
}
