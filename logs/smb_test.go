package logs

import (
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestSMBTime(t *testing.T) {
	for _, x := range []struct {
		in   float64
		want int64
	}{
		{0, 0},
		{1323202695.4270344, 1323202695427034000},
		{1403193604.628965, 1403193604628965000},
		{1056751836.806644 + 2e-7, 1056751836806644000},
		{-11644473600, -9223372036854000000},
		{1e12, 9223372036854000000},
	} {
		if got := smbTime(x.in); int64(got.V) != x.want {
			t.Errorf("%f: %d, want %d", x.in, got.V, x.want)
		}
	}
}

func TestNTStatus(t *testing.T) {
	for code, want := range map[uint32]string{
		0: "SUCCESS", 0x103: "PENDING", 0xc0000034: "OBJECT_NAME_NOT_FOUND", 0x20002: "badpw", 0x12345678: "unknown-305419896",
	} {
		if got := ntStatus(code); got != want {
			t.Errorf("%x: %s, want %s", code, got, want)
		}
	}
}

// A repeated action on a file is logged again only after a pause.
func TestSMBRepeats(t *testing.T) {
	var now value.Time
	b := &smb{now: func() value.Time { return now }}
	s, f := new(smbState), &smbFile{hasTimes: true}
	for _, x := range []struct {
		at   value.Time
		want bool
	}{{0, false}, {179, true}, {350, true}, {530, false}, {531, true}} {
		now = x.at * 1e9
		if got := b.repeats(s, f); got != x.want {
			t.Errorf("after %d s: %v", x.at, got)
		}
	}
	f.times.AccessedRaw++
	if !b.repeats(s, f) {
		t.Error("an access makes a difference")
	}
	f.times.ModifiedRaw++
	if b.repeats(s, f) {
		t.Error("a change makes no difference")
	}
}
