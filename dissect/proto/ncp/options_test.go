package ncp

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestMaxFrameSize sends frames around the longest that is read.
func TestMaxFrameSize(t *testing.T) {
	for _, most := range []int{DefaultOptions().Frame, 100, 100_000} {
		for _, n := range []int{most, most + 1} {
			b := testconn.New(t, testconn.Config())
			lines := b.Events("ncp_", "conn_weird")
			p := New(b.Hooks, Options{Frame: most})
			b.SetAttacher(detect.New([]*detect.Protocol{p}))
			b.Play(&p.Protocol, 1000, []string{">" + frame(true, strings.Repeat("\x48", n-requestLen))})
			want := "ncp_request"
			if n > most {
				want = `conn_weird {"name":"ncp_large_frame"`
			}
			if len(*lines) == 0 || !strings.HasPrefix((*lines)[0], want) {
				t.Errorf("%d bytes, at most %d: %q, want %s", n, most, *lines, want)
			}
		}
	}
}
