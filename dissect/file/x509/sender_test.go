package x509

import (
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestHandle(t *testing.T) {
	for _, c := range []struct {
		start value.Time
		want  string
	}{
		{1421708060_902363_000, "1421708060.902363"},
		{1421708060_902300_999, "1421708060.9023"},
		{1421708060_000000_000, "1421708060.0"},
		{0, "0.0"},
		{2147483648_000000_000, "2.147483648e+09"},
		{2500000000_500000_000, "2.5000000005e+09"},
	} {
		if got := string(appendStart([]byte("000"), c.start)); got != "000"+c.want {
			t.Errorf("%d: %s, want %s", c.start, got[3:], c.want)
		}
	}
	id := event.ConnID{OrigH: netip.MustParseAddr("fd77::1"), OrigP: 1000, RespH: netip.MustParseAddr("10.0.0.2"), RespP: 88}
	if got, want := string(appendFlow(nil, id)), "fd77::1:1000 > 10.0.0.2:88"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
