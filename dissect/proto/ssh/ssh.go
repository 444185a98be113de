// Package ssh analyzes the Secure Shell protocol, version 2 (RFC 4251 to RFC 4254, with the
// key exchanges of RFC 4419, RFC 4432, RFC 4462 and RFC 5656) and version 1
// (draft-ylonen-ssh-protocol-00), until encryption begins. After that it only looks at
// sizes, from which it infers whether a client has authenticated. It follows Zeek's SSH
// analyzer and scripts.
package ssh

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "SSH"

	// maxLength is the packet length in bytes above which Zeek raises a weird and reads on
	// (SSH::max_packet_length).
	maxLength = 8 << 20
)

// Options are limits, and what the analyzer does after the authentication. Exceeding one of
// the first three limits ends the analysis of the connection.
type Options struct {
	Detach bool `key:"ssh.disable_analyzer_after_detection" doc:"end the analysis of an SSH connection when the client has authenticated; off, there is an ssh_encrypted_packet event for each further segment (SSH::disable_analyzer_after_detection)"`

	// RFC 4253 section 4.2 limits version lines to 255 bytes; it has no limit for the lines
	// before them.
	Line     int `key:"limits.ssh_line_bytes" unit:"bytes" min:"1" doc:"bytes of an SSH version line, and of a line before it; with more the analysis of the connection stops"`
	Preamble int `key:"limits.ssh_preamble_bytes" unit:"bytes" min:"1" doc:"bytes of lines before an SSH server's version line; with more the analysis of the connection stops"`
	// The default of Packet is OpenSSH's limit. RFC 4253 section 6.1 asks for 35000.
	Packet int `key:"limits.ssh_packet_bytes" unit:"bytes" min:"1" doc:"bytes of an SSH packet before encryption begins; with more the analysis of the connection stops"`
	Names  int `key:"limits.ssh_max_kexinit_names" unit:"count" min:"1" doc:"names of one list of an SSH key exchange that are read (SSH::max_kexinit_*)"`
}

// DefaultOptions returns the defaults, which are Zeek's where it has a limit.
func DefaultOptions() Options {
	return Options{Detach: true, Line: 8 << 10, Preamble: 64 << 10, Packet: 256 << 10, Names: 100}
}

// New returns the protocol for the detector. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SSH, opt: o}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{22},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: "SSH", Service: "SSH", New: f.new, Size: freelist.Size[analyzer]() + 768}
	return p
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks *event.SSHEvents
	opt   Options
	free  freelist.List[analyzer]
	// buffers are what pending has taken from. A key exchange may have 256 KB; the
	// connection lives on without them.
	buffers freelist.Sizes

	kex   kexInit
	names [][]byte
	text  []byte
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{
		f: f, Use: u,
		lines: [2][]byte{reuse(a.lines[0]), reuse(a.lines[1])},
		first: remembered{buf: reuse(a.first.buf)},
	}
	return a
}

// reuse empties a buffer for later use, or drops it if it is too large.
func reuse(b []byte) []byte {
	if cap(b) > 8<<10 {
		return nil
	}
	return b[:0]
}

// phase is what is expected next from a side.
type phase uint8

const (
	phaseVersion       phase = iota // a line
	phaseInit                       // a KEXINIT, or the server's key in SSH1
	phaseDH                         // a message of one of the key exchanges
	phaseGroupExchange              //
	phaseECC                        //
	phaseGSS                        //
	phaseRSA                        //
	phaseOtherKex                   // a message of an unknown key exchange
	phaseEncrypted                  // encrypted bytes, of which only the number counts
)

// version is a side's version according to its version line, or the common version of both.
type version uint8

const (
	versionUnknown version = iota
	version1
	version2
	version199 // speaks both (RFC 4253 section 5.1)
)

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	phase   [2]phase
	said    [2]version
	version version
	lines   [2][]byte // the version lines
	// pending is an incomplete line or packet; its first scanned bytes contain no end of
	// line. skipLF is set after a line that ended with CR, which LF may follow.
	pending [2][]byte
	scanned [2]int
	skipLF  [2]bool
	// preamble counts the bytes of lines before the server's version.
	preamble int

	first      remembered
	compressed bool
	confirmed  bool
	gap        bool
	off        bool // no longer interested
	// violated is set after a violation, and succeeded after a successful authentication,
	// in the packet with number packetNum.
	violated, succeeded bool
	packetNum           uint64

	auth auth
}

// Data parses the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off || a.gap || a.Conn().Partial() {
		return
	}
	if a.violated || a.succeeded {
		switch {
		case a.packetNum == a.PacketNum():
			if a.violated {
				return // the violation is handled after the packet
			}
		case a.succeeded:
			// Zeek's scripts remove the analyzer after the packet that shows success.
			a.off = true
			a.Detach()
			return
		default:
			a.violated = false
		}
	}
	i := conn.Side(isOrig)
	if a.phase[i] == phaseEncrypted {
		a.encrypted(isOrig, len(b))
		return
	}
	kept := len(a.pending[i])
	if kept > 0 {
		a.pending[i] = a.f.buffers.Append(a.pending[i], b)
		b = a.pending[i]
	}
	for !a.off && len(b) > 0 && a.phase[i] != phaseEncrypted {
		n := a.step(i, b)
		if n <= 0 {
			break
		}
		b = b[n:]
	}
	rest := b
	if a.off || a.phase[i] == phaseEncrypted {
		rest = nil
	}
	if old := a.pending[i]; len(rest) != len(old) {
		a.pending[i] = nil
		if len(rest) > 0 {
			a.pending[i] = a.f.buffers.Append(nil, rest)
		}
		a.f.buffers.Put(old)
	}
	a.Hold(len(rest) - kept)
	switch {
	case a.off:
		a.release()
	case a.phase[i] == phaseEncrypted && len(b) > 0:
		a.encrypted(isOrig, len(b))
	case a.Full(source):
		a.giveUp("too many packets are incomplete")
		a.release()
	}
}

// step parses the line or packet at the front of b and returns its length, or 0 if it is
// incomplete.
func (a *analyzer) step(i int, b []byte) int {
	if a.skipLF[i] {
		a.skipLF[i] = false
		if b[0] == '\n' {
			return 1
		}
	}
	if a.phase[i] == phaseVersion {
		return a.line(i, b)
	}
	return a.packet(i, b)
}

// line parses a line, which ends with CR, LF or both.
func (a *analyzer) line(i int, b []byte) int {
	n := bytes.IndexAny(b[a.scanned[i]:], "\r\n")
	if n < 0 {
		a.scanned[i] = len(b)
		if len(b) > a.f.opt.Line {
			a.cutOff("line_size", "line is too long")
		}
		return 0
	}
	n += a.scanned[i]
	a.scanned[i] = 0
	a.skipLF[i] = b[n] == '\r'
	if n > a.f.opt.Line {
		a.cutOff("line_size", "line is too long")
		return 0
	}
	line := b[:n]
	switch {
	case bytes.HasPrefix(line, versionPrefix):
		a.phase[i] = phaseInit
		a.said[i] = versionOf(line)
		a.version = common(a.said[0], a.said[1])
		a.announce(i, line)
		a.compare(i, line)
	case i == 0:
		return a.violate("client's line is not a version", b)
	default:
		if a.preamble += n + 1; a.preamble > a.f.opt.Preamble {
			a.cutOff("preamble_size", "too many lines before the server's version")
			return 0
		}
	}
	return n + 1
}

var versionPrefix = []byte("SSH-")

// announce raises the event for a version line.
func (a *analyzer) announce(i int, line []byte) {
	if i == 0 {
		if e := a.f.hooks.ClientVersion.Begin(); e != nil {
			*e = event.SSHClientVersion{Conn: a.Conn(), Version: line}
			a.f.hooks.ClientVersion.Raise(e)
		}
		return
	}
	if e := a.f.hooks.ServerVersion.Begin(); e != nil {
		*e = event.SSHServerVersion{Conn: a.Conn(), Version: line}
		a.f.hooks.ServerVersion.Raise(e)
	}
}

// compare keeps a side's version line, and raises a weird if it does not fit the other
// side's.
func (a *analyzer) compare(i int, line []byte) {
	a.lines[i] = append(a.lines[i][:0], line...)
	client, server := a.lines[0], a.lines[1]
	if len(client) == 0 || len(server) == 0 {
		return
	}
	name := ""
	switch {
	case len(client) < 5 || len(server) < 5:
		name = "SSH_cannot_determine_version"
	case a.said == [2]version{version1, version2} || a.said == [2]version{version2, version1}:
		name = "SSH_version_mismatch"
	default:
		return
	}
	a.Weird(name, string(server)+" vs "+string(client), "")
}

// versionOf returns the protocol version in a line that begins with "SSH-".
func versionOf(line []byte) version {
	switch {
	case len(line) < 5:
	case line[4] == '2':
		return version2
	case line[4] == '1' && len(line) >= 8 && line[6] == '9' && line[7] == '9':
		return version199
	case line[4] == '1':
		return version1
	}
	return versionUnknown
}

// common returns the version that two sides speak with each other.
func common(x, y version) version {
	switch {
	case x == version199 && y == version199:
		return version2
	case x == y || y == version199:
		return x
	case x == version199:
		return y
	}
	return versionUnknown
}

// packet parses a packet that is not encrypted.
func (a *analyzer) packet(i int, b []byte) int {
	if len(b) < 4 {
		return 0
	}
	length := binary.BigEndian.Uint32(b)
	if int64(length) > int64(a.f.opt.Packet) {
		if length > maxLength {
			a.exceed("SSH_max_packet_length_exceeded", uint64(length), maxLength)
		}
		a.cutOff("packet_size", "packet is too long")
		return 0
	}
	n := 4 + int(length)
	switch a.version {
	case version1:
		n += 8 - int(length)%8
	case version2:
	case versionUnknown, version199:
		// The other side's version is missing, or does not fit.
		if len(b) == 4 {
			return 0
		}
		return a.violate("packet before versions are known", b)
	}
	if len(b) < n {
		return 0
	}
	f := fields{b: b[4:n:n]}
	ok := false
	if a.version == version1 {
		ok = a.message1(i, &f, length)
	} else {
		ok = a.message2(i, &f)
	}
	if f.long != 0 {
		a.exceed("SSH_max_string_length_exceeded", uint64(f.long), maxString)
	}
	if !ok {
		return a.violate("message is malformed or not expected", b)
	}
	return n
}

// violate reports that the stream is not SSH. If the analyzer stays attached, the bytes
// received from this side so far are skipped.
func (a *analyzer) violate(reason string, b []byte) int {
	a.Violate(conn.Violation{Reason: reason, Late: true})
	a.violated, a.packetNum = true, a.PacketNum()
	return len(b)
}

// cutOff is giveUp for a limit, which it counts.
func (a *analyzer) cutOff(limit, reason string) {
	a.Limited(source, limit)
	a.giveUp(reason)
}

// giveUp ends the analysis where too much would have to be kept.
func (a *analyzer) giveUp(reason string) {
	a.violate(reason, nil)
	a.off = true
}

// release drops incomplete lines and packets, and what is remembered.
func (a *analyzer) release() {
	for i, b := range a.pending {
		a.Hold(-len(b))
		a.f.buffers.Put(b)
		a.pending[i] = nil
	}
	a.forget()
}

// confirm confirms SSH once.
func (a *analyzer) confirm() {
	if a.confirmed {
		return
	}
	a.confirmed = true
	a.Confirm()
	a.Interactive()
}

// Gap ends the analysis of both sides, as in Zeek.
func (a *analyzer) Gap(bool, uint64) { a.gap = true }

// End does nothing: an incomplete message is ignored.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() {
	a.phase[0], a.phase[1] = a.phase[1], a.phase[0]
	a.said[0], a.said[1] = a.said[1], a.said[0]
	a.lines[0], a.lines[1] = a.lines[1], a.lines[0]
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
	a.scanned[0], a.scanned[1] = a.scanned[1], a.scanned[0]
	a.skipLF[0], a.skipLF[1] = a.skipLF[1], a.skipLF[0]
	a.first.isOrig = !a.first.isOrig
}

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	a.off = true
	a.release()
	a.f.free.Put(a)
}
