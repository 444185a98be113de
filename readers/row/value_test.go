package row

import (
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]value.Time{
		"1320329757.771755": 1320329757771755000, "0.0": 0, "-1.5": -1500000000, "1320329757771": 1320329757771000000,
		"2011-11-03T14:15:57.771755Z": 1320329757771755000, "1e3": 1000000000000, "1795248340.1554599": 1795248340155460000,
		"12": 12000000000,
	} {
		if got, err := ParseTime(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1.x", ".", "1e300", "nan", "2011-11-03T25:00:00Z"} {
		if got, err := ParseTime(text); err == nil {
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
