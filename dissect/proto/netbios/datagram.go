package netbios

import (
	"encoding/binary"
	"fmt"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
)

// datagramHeader is the length in bytes of a datagram's header: type, flags, identifier,
// address, port, length and offset (RFC 1002 section 4.4.1).
const datagramHeader = 14

func (f *factory) newDatagrams(u conn.Use) conn.Analyzer {
	a := f.datagrams.Get()
	*a = datagrams{f: f, Use: u}
	if f.timeout > 0 {
		u.Conn().EndAfterSilence(f.timeout)
	}
	return a
}

// datagrams follows one flow of UDP.
type datagrams struct {
	conn.Use
	f *factory
}

// Data takes a datagram.
func (a *datagrams) Data(isOrig bool, b []byte) {
	if len(b) < datagramHeader {
		a.Violate(conn.Violation{Reason: "NetBIOS datagram too short for header", Data: b})
		return
	}
	n, body := int(binary.BigEndian.Uint16(b[10:])), b[datagramHeader:]
	switch {
	case a.excess(n, len(body)):
		a.Weird("excess_netbios_hdr_len", fmt.Sprintf("(%d > %d)", n, len(body)), source)
	case n < len(body):
		a.Weird("deficit_netbios_hdr_len", shorter(n, len(body)), source)
		body = body[:n]
	}
	a.f.session.Packet(&a.Use, isOrig, b[0], body)
}

// excess reports whether the length of a datagram, which counts what follows its header, is
// more than there is. Zeek takes the header's length off it, which may leave less than nothing.
func (a *datagrams) excess(n, body int) bool {
	if a.Compat(compat.NetBIOSSession) {
		return uint(n-datagramHeader) > uint(body)
	}
	return n > body
}

// shorter returns the addition to the weirds about a length that is below another.
func shorter(n, than int) string { return fmt.Sprintf("(%d < %d)", n, than) }

// Gap does nothing: a datagram is whole.
func (a *datagrams) Gap(bool, uint64) {}

// End does nothing.
func (a *datagrams) End(bool) {}

// Done returns the analyzer to the free list.
func (a *datagrams) Done() {
	if e := a.f.done.Begin(); e != nil {
		e.Conn = a.Conn()
		a.f.done.Raise(e)
	}
	a.f.datagrams.Put(a)
}
