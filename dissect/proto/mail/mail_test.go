package mail_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestSegments sends a mail with two parts, of one long line and of several lines, and checks
// how it is cut.
func TestSegments(t *testing.T) {
	long := strings.Repeat("0123456789", 10)
	dialogue := []string{"<220 x\r\n", ">EHLO c\r\n", "<250 x\r\n", ">MAIL FROM:<a@b>\r\n", "<250 OK\r\n", ">RCPT TO:<c@d>\r\n", "<250 OK\r\n",
		">DATA\r\n", "<354 go\r\n", ">Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + long + "\r\n--b\r\n\r\none\r\ntwo\r\nthree\r\n--b--\r\n.\r\n", "<250 OK\r\n"}
	def := mail.DefaultOptions()
	for _, c := range []struct {
		length, overlap int
		want            []string
	}{
		{def.Segment, def.Overlap, []string{long, "one", "\r\ntwo", "\r\nthree"}},
		{40, 0, []string{long[:40], long[40:80], long[80:], "one", "\r\ntwo", "\r\nthree"}},
		{40, 4, []string{long[:40], long[36:76], long[72:], "one", "one\r\ntwo", "\ntwo\r\nthree"}},
		// At least 32 bytes are new.
		{1, 8, []string{long[:40], long[32:72], long[64:], "one", "one\r\ntwo", "one\r\ntwo\r\nthree"}},
		{1, 0, []string{long[:32], long[32:64], long[64:96], long[96:], "one", "\r\ntwo", "\r\nthree"}},
	} {
		o := def
		o.Segment, o.Overlap = c.length, c.overlap
		b := testconn.New(t, testconn.Config())
		var got []string
		b.Hooks.MIME.SegmentData.Listen(func(e *event.MIMESegmentData) {
			got = append(got, string(e.Data))
			if int(e.Length) != len(e.Data) {
				t.Errorf("length %d of %d bytes", e.Length, len(e.Data))
			}
		})
		ssl, _ := tls.New(b.Hooks, nil, tls.DefaultOptions())
		p := smtp.New(b.Hooks, mail.New(b.Hooks, nil, o), &ssl.Protocol, smtp.DefaultOptions())
		b.SetAttacher(detect.New([]*detect.Protocol{p}))
		b.Play(&p.Protocol, 1<<20, dialogue)
		if !slices.Equal(got, c.want) {
			t.Errorf("length %d, overlap %d:\n%q\nwant\n%q", c.length, c.overlap, got, c.want)
		}
	}
}
