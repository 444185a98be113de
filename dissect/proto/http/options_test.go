package http

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/http2"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// talk plays a dialogue with an analyzer of the options and returns the events whose names
// begin with one of the prefixes.
func talk(t *testing.T, o Options, parts []string, prefixes ...string) []string {
	b := testconn.New(t, testconn.Config())
	lines := b.Events(prefixes...)
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, Successors{WebSocket: websocket.New(b.Hooks)}, o)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Play(&p.Protocol, 1<<20, parts)
	return *lines
}

func TestDeliverySize(t *testing.T) {
	body := strings.Repeat("0123456789", 400)
	parts := []string{get, ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body}
	for size, want := range map[int][]int{
		DefaultOptions().Piece: {1500, 1500, 1000},
		700:                    {700, 700, 700, 700, 700, 500},
		4000:                   {4000},
		1 << 20:                {4000},
	} {
		b := testconn.New(t, testconn.Config())
		var sizes []int
		whole := ""
		b.Hooks.HTTP.EntityData.Listen(func(e *event.HTTPEntityData) {
			sizes = append(sizes, len(e.Data))
			whole += string(e.Data)
		})
		o := DefaultOptions()
		o.Piece = size
		p := New(b.Hooks, nil, Successors{}, o)
		b.SetAttacher(detect.New([]*detect.Protocol{p}))
		b.Play(&p.Protocol, 1<<20, parts)
		if !slices.Equal(sizes, want) || whole != body {
			t.Errorf("at most %d bytes: %d, want %d", size, sizes, want)
		}
	}
}

func TestTruncateURI(t *testing.T) {
	const request = ">GET /%61bc%64 HTTP/1.1\r\n\r\n"
	for n, want := range map[int]string{
		DefaultOptions().URI: `"original_URI":"/%61bc%64","unescaped_URI":"/abcd"`,
		4:                    `"original_URI":"/%61...","unescaped_URI":"/abc..."`,
		5:                    `"original_URI":"/%61b...","unescaped_URI":"/abcd"`,
		100:                  `"original_URI":"/%61bc%64","unescaped_URI":"/abcd"`,
	} {
		o := DefaultOptions()
		o.URI = n
		if got := talk(t, o, []string{request}, "http_request"); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("at most %d bytes: %q, want %s", n, got, want)
		}
	}
}

func TestSkipData(t *testing.T) {
	const multipart = "Content-Type: multipart/mixed; boundary=b\r\n"
	text := strings.Repeat("text", 10)
	packed := gzipped([]byte(strings.Repeat(text, 100)))
	for _, c := range []struct {
		what  string
		parts []string
		body  int // bytes of it without its coding
		over  bool
	}{
		{"with a length", []string{get, ok + "Content-Length: 40\r\n\r\n" + text}, 40, true},
		{"in chunks", []string{get, ok + "Transfer-Encoding: chunked\r\n\r\n14\r\n" + text[:20] + "\r\n14\r\n" + text[20:] + "\r\n0\r\n\r\n"}, 40, true},
		{"up to the end", []string{get, ok + "Connection: close\r\n\r\n" + text, "<~"}, 40, false},
		{"compressed", []string{get, ok + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(packed), packed)}, len(packed), true},
		{"with a gap", []string{get, ok + "Content-Length: 40\r\n\r\n" + text[:10], "<~20", "<" + text[30:]}, 40, true},
		{"in parts", []string{get, ok + multipart + "\r\n--b\r\nA: b\r\n\r\ntext\r\n--b--\r\n"}, 26, false},
	} {
		for _, skip := range []bool{DefaultOptions().SkipData, true} {
			o := DefaultOptions()
			o.SkipData = skip
			parts := c.parts
			if c.over {
				// The next message is found after the body.
				parts = append(slices.Clone(parts), get, strings.Replace(ok, "200", "204", 1)+"\r\n")
			}
			lines := talk(t, o, parts, "http_entity_data", "file_new", "http_message_done", "http_reply", "conn_weird", "http_header")
			has := func(sub string) bool {
				return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, sub) })
			}
			if has("http_entity_data") == skip || has("file_new") == skip {
				t.Errorf("%s, skipped %t: %q", c.what, skip, lines)
			}
			if skip && !has(fmt.Sprintf(`"body_length":%d,`, c.body)) || c.over && !has(`"code":204`) || has("conn_weird") {
				t.Errorf("%s, skipped %t: no body of %d bytes, or no message after it, or a weird: %q", c.what, skip, c.body, lines)
			}
			if strings.Contains(c.what, "parts") && !has(`"original_name":"A"`) {
				t.Errorf("%s, skipped %t: no header of the part: %q", c.what, skip, lines)
			}
		}
	}
}

// TestHTTP2 has connections that begin with HTTP/2 or become it.
func TestHTTP2(t *testing.T) {
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for _, c := range []struct {
		parts []string
		zeek  bool
		want  string
	}{
		{[]string{">PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings}, false, ""},
		{[]string{">PRI * HTTP/2.0\r\n\r\n"}, true, "http_request"},
		{[]string{
			">GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
			"<HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + settings,
			">PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings,
			"<\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88", // the answer is 200
		}, false, "http_request http_reply http2_request http2_reply http2_stream_end"},
	} {
		b := testconn.New(t, testconn.Config())
		lines := b.Events("http_request", "http_reply", "http2_", "conn_weird")
		o := DefaultOptions()
		if c.zeek {
			o.Compat = 1 << compat.HTTP2
		}
		p := New(b.Hooks, nil, Successors{HTTP2: http2.New(b.Hooks, nil, http2.DefaultOptions())}, o)
		b.SetAttacher(detect.New([]*detect.Protocol{p}))
		b.Play(&p.Protocol, 1<<20, c.parts)
		var names []string
		for _, l := range *lines {
			names = append(names, l[:strings.IndexByte(l, ' ')])
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.parts, got, c.want)
		}
	}
}

// TestInflateFailed checks that what a body inflates to before an error is passed on, or lost
// with the segment of the error, as in Zeek.
func TestInflateFailed(t *testing.T) {
	body := gzipped(nil)[:10] + "\x00\x05\x00\xfa\xffhello" + "\x07" // a stored block, and a type that there is not
	reply := fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(body), body)
	for _, c := range []struct {
		compat compat.Set
		piece  int
		want   string
	}{
		{0, 1 << 20, "hello"},
		{0, 1, "hello"},
		{1 << compat.HTTPInflateFailed, 1 << 20, ""},
		{1 << compat.HTTPInflateFailed, 1, "hello"},
	} {
		cfg := testconn.Config()
		cfg.Compat = c.compat
		b := testconn.New(t, cfg)
		var data strings.Builder
		b.Hooks.HTTP.EntityData.Listen(func(e *event.HTTPEntityData) { data.Write(e.Data) })
		lines := b.Events("conn_weird")
		p := New(b.Hooks, nil, Successors{}, DefaultOptions())
		b.SetAttacher(detect.New([]*detect.Protocol{p}))
		b.Play(&p.Protocol, c.piece, []string{get, reply})
		if data.String() != c.want || len(*lines) != 1 || !strings.Contains((*lines)[0], "inflate_failed") {
			t.Errorf("compat %d, in pieces of %d: %q and %q, want %q", c.compat, c.piece, data.String(), *lines, c.want)
		}
	}
}
