package cases

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

func TestNTLMFailedLogin(t *testing.T) {
	capture := input(t, "54-ntlm-failed-login", "full.pcapng")
	for _, c := range []struct {
		compat string
		want   []string
	}{{"none", []string{"F"}}, {"zeek-8.2", []string{"-"}}} {
		logs, _ := read(t, func(o *pipeline.Options) {
			o.Compat, o.Dissect.Packet.IgnoreChecksums = c.compat, true
		}, capture)
		if got := column(logs["ntlm"], "success"); !slices.Equal(got, c.want) {
			t.Errorf("%s: success %q, want %q", c.compat, got, c.want)
		}
	}
}
