package row

import (
	"math"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]value.Time{
		"1320329757.771755": 1320329757771755000, "0.0": 0, "-1.5": -1500000000, "1320329757771": 1320329757771000000,
		"2011-11-03T14:15:57.771755Z": 1320329757771755000, "1e3": 1000000000000, "1795248340.1554599": 1795248340155460000,
		"12": 12000000000, "1320329757771.755": 1320329757771755000, "1320329757771755": 1320329757771755000,
		"1320329757771755123": 1320329757771755123, "-1320329757771": -1320329757771000000,
		"2011-11-03T14:15:57": 1320329757000000000, "2011-11-03 14:15:57.771755": 1320329757771755000,
		"2011-11-03 14:15:57.5+00": 1320329757500000000, "2011-11-03T15:15:57+0100": 1320329757000000000,
		"2011-11-03 14:15:57 UTC": 1320329757000000000,
	} {
		if got, err := parseTime(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1.x", ".", "1e300", "nan", "2011-11-03T25:00:00Z", "2011-11-03", "99999999999", "1320329757771.x", "9999-11-03T14:15:57Z"} {
		if got, err := parseTime(text); err == nil {
			t.Errorf("%s: %d, want an error", text, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		`a\x00\xffb`: "a\x00\xffb", `\x41`: `\x41`, `\x4`: `\x4`, `C:\xyz`: `C:\xyz`, "plain": "plain",
	} {
		if got := Unescape(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		kind schemas.Kind
		text string
		want uint64
		ok   bool
	}{
		{schemas.KindCount, "1.0", 1, true}, {schemas.KindCount, "1e3", 1000, true}, {schemas.KindCount, "18446744073709551615", math.MaxUint64, true},
		{schemas.KindCount, "1.5", 0, false}, {schemas.KindCount, "-1.0", 0, false}, {schemas.KindCount, "1e300", 0, false}, {schemas.KindCount, "0x10", 0, false},
		{schemas.KindInt, "-2.0", math.MaxUint64 - 1, true}, {schemas.KindInt, "--2.0", 0, false}, {schemas.KindInt, "nan", 0, false},
		{schemas.KindPort, "80.0", 80, true}, {schemas.KindPort, "80/tcp", 80, true}, {schemas.KindPort, "70000.0", 0, false},
		{schemas.KindBool, "true", 1, true}, {schemas.KindBool, "F", 0, true}, {schemas.KindBool, "1", 0, false},
		{schemas.KindAddr, "fe80::1%eth0", 0, false},
	} {
		v, err := Parse(tt.kind, tt.text)
		if (err == nil) != tt.ok || tt.ok && v.Number != tt.want {
			t.Errorf("%s %s: %d, %v", tt.kind, tt.text, v.Number, err)
		}
	}
}

func TestDotted(t *testing.T) {
	conn := schemas.Lookup("conn")
	for _, tt := range []struct {
		log        *schemas.Schema
		name, want string
	}{
		{conn, "id_orig_h", "id.orig_h"}, {conn, "id$resp_p", "id.resp_p"}, {conn, "orig_bytes", "orig_bytes"}, {conn, "idxorig_h", "idxorig_h"},
		{nil, "id_orig_h", "id.orig_h"}, {nil, "x_y", "x_y"}, {schemas.Lookup("ssl"), "x_y", "x_y"},
	} {
		if got := Dotted(tt.log, tt.name); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
