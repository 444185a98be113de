package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// A turn is what one side sends before the other answers.
type turn struct {
	isOrig bool
	data   []byte
}

// talk adds a connection from port i of the client to a port of the server, in which the
// client sends data.
func (w *pcapWriter) talk(i int, port uint16, data []byte) { w.dialogue(i, port, turn{true, data}) }

// dialogue adds a connection from port i of the client to a port of the server. The
// data is sent in segments of 1000 bytes, which the other side acknowledges.
func (w *pcapWriter) dialogue(i int, port uint16, turns ...turn) {
	src := netip.AddrPortFrom(client.Addr(), uint16(10_000+i))
	dst := netip.AddrPortFrom(server.Addr(), port)
	add := func(s testconn.Segment) { w.add(start+int64(i), s.Bytes()) }
	add(testconn.Segment{Src: src, Dst: dst, Flags: "S", Seq: 1})
	add(testconn.Segment{Src: dst, Dst: src, Flags: "SA", Seq: 1, Ack: 2})
	seq := [2]uint32{2, 2}
	for _, t := range turns {
		from, to, me := src, dst, 0
		if !t.isOrig {
			from, to, me = dst, src, 1
		}
		for part := range slices.Chunk(t.data, 1000) {
			add(testconn.Segment{Src: from, Dst: to, Flags: "A", Seq: seq[me], Ack: seq[1-me], Data: part})
			seq[me] += uint32(len(part))
			add(testconn.Segment{Src: to, Dst: from, Flags: "A", Seq: seq[1-me], Ack: seq[me]})
		}
	}
}

// smb2Echo returns a framed ECHO request (MS-SMB2 section 2.2.28).
func smb2Echo(id uint64) []byte {
	b := make([]byte, 4+64+4)
	b[3] = 64 + 4
	copy(b[4:], "\xfeSMB\x40\x00")
	b[4+12] = 13
	binary.LittleEndian.PutUint64(b[4+24:], id)
	b[4+64] = 4
	return b
}

// smb2Itself returns a request whose NextCommand points back into the request.
func smb2Itself(id uint64) []byte {
	b := smb2Echo(id)
	b[4+20] = 8
	return b
}

// Parts of TLS 1.2 (RFC 5246) messages.

func vec(size int, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	return append(b[4-size:], body...)
}

func tlsRecords(typ byte, body []byte) (b []byte) {
	for part := range slices.Chunk(body, 1<<14) {
		b = append(b, append([]byte{typ, 3, 3}, vec(2, part)...)...)
	}
	return b
}

func tlsHandshake(typ byte, body []byte) []byte {
	return tlsRecords(22, append([]byte{typ}, vec(3, body)...))
}

func clientHello(extensions []byte) []byte {
	b := append([]byte{3, 3}, make([]byte, 32)...)
	b = append(b, 0, 0, 2, 0xc0, 0x2f, 1, 0)
	return tlsHandshake(1, append(b, vec(2, extensions)...))
}

func serverHello() []byte {
	b := append([]byte{3, 3}, make([]byte, 32)...)
	return tlsHandshake(2, append(b, 0, 0xc0, 0x2f, 0))
}

// kexInit returns an SSH_MSG_KEXINIT (RFC 4253 section 7.1) with n key exchange
// algorithms.
func kexInit(n int) []byte {
	m := append([]byte{4, 20}, make([]byte, 16)...)
	m = append(m, vec(4, []byte(strings.Repeat("x,", n-1)+"x"))...)
	for range 9 {
		m = append(m, vec(4, []byte("none"))...)
	}
	return vec(4, append(m, make([]byte, 5+4)...))
}

// nfsCall returns a call of NFS's procedure NULL, as a record (RFC 5531).
func nfsCall(xid uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1<<31|40)
	for _, n := range []uint32{xid, 0, 2, 100003, 3, 0, 0, 0, 0, 0} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// TestProtocolLimits is cases 16, 19 to 23 and, over TCP, 36 and 38: input that is endless, never answered,
// never complete or nested without end is bounded and counted, and raises a weird or a
// violation. Its connection has a row, and so has the connection beside it.
func TestProtocolLimits(t *testing.T) {
	var echoes, nested []byte
	for i := range uint64(100) {
		echoes = append(echoes, smb2Echo(i)...)
	}
	nested = append(nested, "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"...)
	for i := range 10_000 {
		nested = fmt.Appendf(nested, "Content-Type: multipart/mixed; boundary=b%d_\r\n\r\n--b%d_\r\n", i, i)
	}
	folded := "DATA\r\nSubject: x\r\n" + strings.Repeat(" "+strings.Repeat("y", 998)+"\r\n", 100)
	deep := bytes.Repeat([]byte{0x30, 0x80}, 10_000)
	chain := vec(3, bytes.Repeat(vec(3, []byte("certificate")), 1000))
	alerts := tlsRecords(21, bytes.Repeat([]byte{1, 90}, 1000))
	query := append([]byte("\x00\x01\x00\x00\x00\x06\x01"), 3, 0, 0, 0, 1)
	ssh := []byte("SSH-2.0-x\r\n")
	long := bytes.Repeat([]byte("x"), 100_000)
	var calls []byte
	for i := range uint32(100) {
		calls = append(calls, nfsCall(i)...)
	}
	client := func(parts ...[]byte) []turn { return []turn{{true, bytes.Join(parts, nil)}} }
	greeted := func(parts ...[]byte) []turn {
		return []turn{{true, clientHello(nil)}, {false, append(serverHello(), bytes.Join(parts, nil)...)}}
	}
	for _, c := range []struct {
		name          string
		conns         int
		port          uint16
		turns         []turn
		sign          string // expected in weird.log or in a violation
		where, reason string
		least         uint64
	}{
		{"SMB requests never answered", 1, 445, client(echoes), "", "SMB", "pending_requests", 9},
		{"SMB compounds", 1, 445, client(smb2Echo(0), smb2Itself(1)), "SMB", "", "", 0},
		{"FTP commands never answered", 1, 21, client(bytes.Repeat([]byte("NOOP\r\n"), 100)), "FTP_too_many_pending_commands", "FTP", "pending_commands", 90},
		{"SMTP commands never answered", 1, 25, client(bytes.Repeat([]byte("NOOP\r\n"), 100)), "smtp_excessive_pending_cmds", "SMTP", "pending_commands", 8},
		{"Modbus messages never complete", 100, 502, client([]byte("\x00\x01\x00\x00\xff\xff\x01\x03"), make([]byte, 4000)), "too_many_incomplete_messages", "MODBUS", "incomplete_messages", 80},
		{"Modbus requests never answered", 1, 502, client(bytes.Repeat(query, 5000)), "", "", "", 0},
		{"MIME nested", 1, 25, client(nested), "exceeded_mime_max_depth", "SMTP", "mime_depth", 1},
		{"a header without end", 1, 25, []turn{{true, []byte("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n")}, {true, []byte(folded)}},
			"exceeded_mime_max_header_bytes", "SMTP", "mime_header_size", 1},
		{"a line without end", 1, 80, client([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte("x"), 100_000)), "contentline_size_exceeded", "HTTP", "line_size", 1},
		{"ASN.1 nested in Kerberos", 1, 88, client(vec(4, append([]byte("\x6a\x80"), strings.Repeat("\x30\x82\x10\x00", 10_000)...))), "KRB_TCP", "", "", 0},
		{"alerts", 1, 443, greeted(alerts), "SSL_excessive_alerts_in_record", "SSL", "alerts", 1},
		{"certificates", 1, 443, greeted(tlsHandshake(11, chain)), "tls_certificate_chain_too_long", "SSL", "certificates", 1},
		{"extensions", 1, 443, client(clientHello(bytes.Repeat([]byte{0, 21, 0, 0}, 1000))), "tls_too_many_extensions", "SSL", "extensions", 1},
		{"a handshake message of 16 MB", 1, 443, greeted(tlsRecords(22, append([]byte{11, 0xff, 0xff, 0xff}, make([]byte, 50_000)...))),
			"tls_handshake_too_long", "SSL", "handshake_size", 1},
		{"a certificate", 1, 443, greeted(tlsHandshake(11, vec(3, vec(3, make([]byte, 40_000))))), "x509_file_too_long", "X509", "size", 1},
		{"a certificate nested", 1, 443, greeted(tlsHandshake(11, vec(3, vec(3, deep)))), "x509_cert_parse_error", "", "", 0},
		{"a banner without end", 1, 22, []turn{{true, ssh}, {false, append([]byte("SSH-"), bytes.Repeat([]byte("x"), 100_000)...)}}, "line is too long", "SSH", "line_size", 1},
		{"lines before the banner", 1, 22, []turn{{true, ssh}, {false, append(bytes.Repeat([]byte("hello\r\n"), 30_000), ssh...)}},
			"too many lines", "SSH", "preamble_size", 1},
		{"algorithms", 1, 22, []turn{{true, ssh}, {false, ssh}, {true, kexInit(1000)}}, "SSH_max_kexinit_kex_algorithms_exceeded", "SSH", "kexinit_names", 1},
		{"an SSH packet", 1, 22, []turn{{true, ssh}, {false, ssh}, {true, vec(4, make([]byte, 300_000))}}, "packet is too long", "SSH", "packet_size", 1},
		{"a line of Telnet", 1, 23, client([]byte("\xff\xfb\x18"), long), "nvt_line_size_exceeded", "TELNET", "line_size", 1},
		{"an option of Telnet", 1, 23, client([]byte("\xff\xfa\x18\x00"), long), "nvt_option_size_exceeded", "TELNET", "line_size", 1},
		{"a name in Telnet", 1, 23, client([]byte("\xff\xfa\x25\x03"), long[:1000], []byte("\xff\xf0")), "", "NVT", "name_size", 1},
		{"lines before a login", 1, 23, client(bytes.Repeat([]byte("x\r\n"), 1000)), "", "TELNET", "typeahead", 1},
		{"a long line before a login", 1, 23, client(long[:5000], []byte("\r\n")), "", "TELNET", "typeahead_line_size", 1},
		{"a line of rlogin", 1, 513, client([]byte("\x00a\x00b\x00vt100/9600\x00"), long), "too_many_incomplete_messages", "RLOGIN", "incomplete_messages", 1},
		{"lines of rlogin before a login", 1, 513, client([]byte("\x00a\x00b\x00vt100/9600\x00"), bytes.Repeat([]byte("x\r"), 1000)), "", "RLOGIN", "typeahead", 1},
		{"a line of rsh", 1, 514, client([]byte("0\x00a\x00b\x00"), long), "too_many_incomplete_messages", "RSH", "incomplete_messages", 1},
		{"a name in rsh", 1, 514, client([]byte("0\x00"), long[:5000], []byte("\x00b\x00")), "", "RSH", "typeahead_line_size", 1},
		{"a line of Finger", 1, 79, client(long), "contentline_size_exceeded", "FINGER", "line_size", 1},
		{"a line of Ident", 1, 113, client(long), "contentline_size_exceeded", "IDENT", "line_size", 1},
		{"a header of SIP", 1, 5060, client([]byte("OPTIONS sip:a SIP/2.0\r\nX: "), long), "contentline_size_exceeded", "SIP_TCP", "line", 1},
		{"a message of syslog", 1, 601, client([]byte("<13>"), long), "", "SYSLOG_TCP", "message_size", 1},
		{"a frame of NCP", 1, 524, client([]byte("DmdT\x7f\xff\xff\xff"), long), "ncp_large_frame", "NCP", "frame_size", 1},
		{"a packet of NetBIOS", 1, 139, client([]byte("\x85\x01\xff\xff"), long), "too_many_incomplete_messages", "NETBIOSSSN", "incomplete_messages", 1},
		{"calls of NFS never answered", 1, 2049, client(calls), "", "NFS", "pending_calls", 9},
	} {
		w := newPcap(packet.LinkRaw)
		for i := range c.conns {
			w.dialogue(i, c.port, c.turns...)
		}
		w.talk(c.conns, 80, []byte("GET /beside HTTP/1.1\r\n\r\n"))
		out := runBytes(t, w.b, func(o *Options) {
			d := &o.Dissect
			d.SMB.Pending, d.FTP.Pending, d.SMTP.Pending, d.Conn.MessageBytes = 10, 10, 10, 64<<10
			d.Lines.Bytes, d.X509.File, d.RPC.Pending = 64<<10, 32<<10, 10
			d.Analyzers = []string{"all"}
			if c.reason != "incomplete_messages" {
				d.Conn.MessageBytes = 8 << 20
			}
			o.Logs = []string{"conn", "weird", "http"}
			o.Shards = 1
		})
		if n := len(out.rows("conn")); n != c.conns+1 || !strings.Contains(out.files["http.log"], "/beside") {
			t.Errorf("%s: %d rows for %d connections", c.name, n, c.conns+1)
		}
		rows := strings.Join(out.rows("weird"), "\n")
		for line := range strings.Lines(out.files["events.jsonl"]) {
			if strings.Contains(line, `"analyzer_violation_info"`) {
				rows += line
			}
		}
		if !strings.Contains(rows, c.sign) {
			t.Errorf("%s: %.600q", c.name, rows)
		}
		if c.where != "" && !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool {
			return d.Unit == UnitState && d.Where == c.where && d.Reason == c.reason && d.Count >= c.least && !d.Lost
		}) {
			t.Errorf("%s: %+v", c.name, out.summary.Dropped)
		}
	}
}
