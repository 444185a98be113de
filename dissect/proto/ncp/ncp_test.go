package ncp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// frame returns a frame after its signature: a request has version and reply size.
func frame(request bool, body string) string {
	head := "tNcP"
	after := "\x33\x33\x01\x02\x03\x04"
	if request {
		head, after = "DmdT", "\x00\x00\x00\x01\x00\x00\x10\x00\x22\x22\x01\x02\x03\x04"
	}
	n := binary.BigEndian.AppendUint32(nil, uint32(len(head)+4+len(after)+len(body)))
	return head + string(n) + after + body
}

func newBench(t testing.TB) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := b.Events("ncp_", "conn_weird", "analyzer_violation")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, DefaultOptions())}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

// play sends what follows > from the client and what follows < from the server, in segments
// of the given size.
func play(t testing.TB, size int, talk ...string) []string {
	b, lines := newBench(t)
	b.Open()
	for _, m := range talk {
		for part := range slices.Chunk([]byte(m[1:]), size) {
			b.Talk(m[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
	return *lines
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		talk []string
		want []string
	}{
		{"dialogue", []string{">" + frame(true, "\x48abc"), "<" + frame(false, "\x05\x00data"), ">" + frame(true, "\x57\x14") + frame(true, "")}, []string{
			`ncp_request {"frame_type":8738,"length":4,"func":72}`,
			`ncp_reply {"frame_type":13107,"length":6,"req_frame":8738,"req_func":72,"completion_code":5}`,
			`ncp_request {"frame_type":8738,"length":2,"func":22292}`,
			`ncp_request {"frame_type":8738,"length":0,"func":0}`}},
		{"reply first", []string{"<" + frame(false, "\x00\x00")}, []string{`ncp_reply {"frame_type":13107,"length":2,"req_frame":0,"req_func":0,"completion_code":0}`}},
		{"too long", []string{">DmdT\x00\x01\x00\x01"}, []string{`conn_weird {"name":"ncp_large_frame","addl":"","source":"NCP"}`}},
		{"impossible", []string{">DmdT\x00\x00\x00\x07"}, []string{`conn_weird {"name":"ncp_large_frame","addl":"","source":"NCP"}`}},
		{"too short", []string{">DmdT\x00\x00\x00\x09x"}, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_NCP","info":{"reason":"Binpac exception: binpac exception: out_of_bound: ncp_over_tcpip_frame: 22 > 9"}}`}},
	} {
		for _, size := range []int{1 << 16, 5, 1} {
			if got := play(t, size, c.talk...); !slices.Equal(got, c.want) {
				t.Errorf("%s, %d bytes:\n got %s\nwant %s", c.name, size, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}

// FuzzStream checks that segmentation does not change the result, up to the first frame of an
// impossible length, with which the rest of a segment is dropped.
func FuzzStream(f *testing.F) {
	f.Add([]byte(frame(true, "\x48abc")+frame(true, "\x57\x14")), []byte(frame(false, "\x05\x00data")), byte(3))
	f.Fuzz(func(t *testing.T, calls, replies []byte, size byte) {
		if len(calls)+len(replies) > 8000 {
			return
		}
		run := func(n int) []string {
			b, lines := newBench(t)
			b.Open()
			for i, side := range [][]byte{calls, replies} {
				for part := range slices.Chunk(side, n) {
					b.Talk(i == 0, bytes.Clone(part))
				}
			}
			b.Close()
			b.Drain()
			if i := slices.IndexFunc(*lines, func(l string) bool { return strings.Contains(l, "ncp_large_frame") || strings.Contains(l, "violation") }); i >= 0 {
				return (*lines)[:i]
			}
			return *lines
		}
		if whole, parts := run(8000), run(1+int(size)); !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
	})
}

// listening returns an analyzer whose events have listeners, a request and its reply.
func listening(t testing.TB) (a conn.Analyzer, request, reply []byte) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.NCP.Request.Listen(func(*event.NCPRequest) {})
	b.Hooks.NCP.Reply.Listen(func(*event.NCPReply) {})
	b.SetAttacher(detect.New(nil))
	a = b.New(&New(b.Hooks, DefaultOptions()).Protocol)
	return a, []byte(frame(true, "\x48"+strings.Repeat("x", 40))), []byte(frame(false, "\x00\x00"+strings.Repeat("y", 100)))
}

func BenchmarkFrame(b *testing.B) {
	a, request, reply := listening(b)
	b.SetBytes(int64(len(request) + len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, request)
		a.Data(false, reply)
	}
}
