package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// talk adds a connection from port i of the client to a port of the server, in which the
// client sends data in segments of 1000 bytes and the server acknowledges.
func (w *pcapWriter) talk(i int, port uint16, data []byte) {
	src := netip.AddrPortFrom(client.Addr(), uint16(10_000+i))
	dst := netip.AddrPortFrom(server.Addr(), port)
	add := func(s testconn.Segment) { w.add(start+int64(i), s.Bytes()) }
	add(testconn.Segment{Src: src, Dst: dst, Flags: "S", Seq: 1})
	add(testconn.Segment{Src: dst, Dst: src, Flags: "SA", Seq: 1, Ack: 2})
	seq := uint32(2)
	for part := range slices.Chunk(data, 1000) {
		add(testconn.Segment{Src: src, Dst: dst, Flags: "A", Seq: seq, Ack: 2, Data: part})
		seq += uint32(len(part))
		add(testconn.Segment{Src: dst, Dst: src, Flags: "A", Seq: 2, Ack: seq})
	}
}

// smb2Echo is a request to echo (MS-SMB2 section 2.2.28) in its frame.
func smb2Echo(id uint64) []byte {
	b := make([]byte, 4+64+4)
	b[3] = 64 + 4
	copy(b[4:], "\xfeSMB\x40\x00")
	b[4+12] = 13
	binary.LittleEndian.PutUint64(b[4+24:], id)
	b[4+64] = 4
	return b
}

// TestProtocolLimits is cases 20 to 22: what is never answered, never complete or nested
// without end is bounded and counted, tells of itself with a weird, and its connection
// has its row.
func TestProtocolLimits(t *testing.T) {
	var echoes, nested []byte
	for i := range uint64(100) {
		echoes = append(echoes, smb2Echo(i)...)
	}
	nested = append(nested, "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"...)
	for i := range 10_000 {
		nested = fmt.Appendf(nested, "Content-Type: multipart/mixed; boundary=b%d_\r\n\r\n--b%d_\r\n", i, i)
	}
	for _, c := range []struct {
		name          string
		conns         int
		port          uint16
		data          []byte
		weird         string
		where, reason string
		least         uint64
	}{
		{"SMB requests never answered", 1, 445, echoes, "", "SMB", "pending_requests", 9},
		{"FTP commands never answered", 1, 21, bytes.Repeat([]byte("NOOP\r\n"), 100), "FTP_too_many_pending_commands", "FTP", "pending_commands", 90},
		{"SMTP commands never answered", 1, 25, bytes.Repeat([]byte("NOOP\r\n"), 100), "smtp_excessive_pending_cmds", "SMTP", "pending_commands", 8},
		{"Modbus messages never complete", 100, 502, append([]byte("\x00\x01\x00\x00\xff\xff\x01\x03"), make([]byte, 4000)...), "too_many_incomplete_messages", "MODBUS", "incomplete_messages", 80},
		{"MIME nested", 1, 25, nested, "exceeded_mime_max_depth", "", "", 0},
	} {
		w := newPcap(packet.LinkRaw)
		for i := range c.conns {
			w.talk(i, c.port, c.data)
		}
		out := runBytes(t, w.b, func(o *Options) {
			l := &o.Limits
			l.SMBPending, l.FTPPending, l.SMTPPending, l.MessageBytes = 10, 10, 10, 64<<10
			o.Shards = 1
		})
		if n := len(out.rows("conn")); n != c.conns {
			t.Errorf("%s: %d rows for %d connections", c.name, n, c.conns)
		}
		if rows := strings.Join(out.rows("weird"), "\n"); !strings.Contains(rows, c.weird) {
			t.Errorf("%s: weird %.300q", c.name, rows)
		}
		if c.where != "" && !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool {
			return d.Unit == UnitState && d.Where == c.where && d.Reason == c.reason && d.Count >= c.least && !d.Lost
		}) {
			t.Errorf("%s: %+v", c.name, out.summary.Dropped)
		}
	}
}
