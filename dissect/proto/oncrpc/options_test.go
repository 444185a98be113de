package oncrpc

import (
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/value"
)

// TestReturnData reads and writes at two offsets and looks for the data in the events.
func TestReturnData(t *testing.T) {
	def := DefaultOptions()
	long := strings.Repeat("x", 600)
	for _, c := range []struct {
		what      string
		change    func(*Options)
		at0, at1  int // bytes of the data at offset 0 and at 1
		available string
	}{
		{"default", func(*Options) {}, 0, 0, long},
		{"data", func(opt *Options) { opt.ReturnData = true }, def.DataMax, 0, long},
		{"short data", func(opt *Options) { opt.ReturnData = true }, 5, 0, "abcde"},
		{"less data", func(opt *Options) { opt.ReturnData, opt.DataMax = true, 3 }, 3, 0, long},
		{"at any offset", func(opt *Options) { opt.ReturnData, opt.FirstOnly = true, false }, def.DataMax, def.DataMax, long},
		{"only the offset", func(opt *Options) { opt.FirstOnly = false }, 0, 0, long},
	} {
		opt := def
		c.change(&opt)
		n := uint32(len(c.available))
		for offset, want := range []int{c.at0, c.at1} {
			b, lines := newBench(t, opt, 2049, 0)
			read := o("fh") + u(0, uint32(offset), 1000)
			write := o("fh") + u(0, uint32(offset), n, 2) + o(c.available)
			datagrams(b, ">"+bare(7, 100003, 3, 6, read), "<"+answer(7, u(0, 0, n, 1)+o(c.available)),
				">"+bare(8, 100003, 3, 7, write), "<"+answer(8, u(0, 0, 0, n, 2, 0, 1)))
			b.Drain()
			events := 0
			for _, l := range *lines {
				if !strings.HasPrefix(l, "nfs_proc_read ") && !strings.HasPrefix(l, "nfs_proc_write ") {
					continue
				}
				events++
				_, data, _ := strings.Cut(l, `"data":"`)
				data, _, _ = strings.Cut(data, `"`)
				if data != c.available[:want] {
					t.Errorf("%s at offset %d: %d bytes, want %d: %s", c.what, offset, len(data), want, l)
				}
			}
			if events != 2 {
				t.Errorf("%s at offset %d: %d events, want 2", c.what, offset, events)
			}
		}
	}
}

// TestTimeoutOption looks when a flow with one call ends.
func TestTimeoutOption(t *testing.T) {
	for _, c := range []struct{ timeout, want time.Duration }{
		{DefaultOptions().Timeout, DefaultOptions().Timeout},
		{10 * time.Second, 10 * time.Second},
		{0, time.Minute}, // udp_inactivity_timeout
	} {
		opt := DefaultOptions()
		opt.Timeout = c.timeout
		b, lines := newBench(t, opt, 2049, 0)
		datagrams(b, ">"+bare(7, 100003, 3, 0, ""))
		ended := func() bool { return strings.Contains(strings.Join(*lines, "\n"), "connection_timeout") }
		if b.Advance(value.Time(c.want - time.Second)); ended() {
			t.Errorf("%s: ended before %s", c.timeout, c.want)
		}
		if b.Advance(value.Time(2 * time.Second)); !ended() {
			t.Errorf("%s: not ended after %s", c.timeout, c.want)
		}
	}
}
