package tls

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
)

const (
	// dtlsHeaderLen is the length in bytes of a record's header after its first byte.
	dtlsHeaderLen = 12
	// maxFragmented is the length in bytes of the longest message that is reassembled.
	maxFragmented = 100_000
	// fragmentWindow limits both the distance between the records with a message's
	// fragments and the number of fragments.
	fragmentWindow = 32
	// maxBadVersions is the number of successive records with an invalid version after
	// which the analysis ends, and maxReportedVersions the number of violations for them
	// (SSL::dtls_max_version_errors, SSL::dtls_max_reported_version_errors).
	maxBadVersions      = 10
	maxReportedVersions = 1
)

// stunCookie identifies STUN datagrams, which share ports with DTLS (RFC 8489 section 5).
const stunCookie = 0x2112a442

// dtlsAnalyzer is the record layer over datagrams.
type dtlsAnalyzer struct {
	session
	badVersions, reported int
	partial               [2]fragments
}

// fragments is a message of a side under reassembly (RFC 6347 section 4.2.3).
type fragments struct {
	open, complete bool
	seq            uint16 // of the message
	length         int
	firstRecord    uint64 // lowest sequence number of a record with a fragment
	pieces         []piece
	data           []byte
}

// piece is a fragment of length bytes at offset in the message, stored at pos in the data.
type piece struct{ offset, length, pos int }

func (f *factory) newDTLS(u conn.Use) conn.Analyzer {
	a := f.freeDTLS.Get()
	*a = dtlsAnalyzer{session: newSession(f, u, sourceDTLS),
		partial: [2]fragments{{pieces: a.partial[0].pieces[:0]}, {pieces: a.partial[1].pieces[:0]}}}
	return a
}

// Data parses a datagram.
func (a *dtlsAnalyzer) Data(isOrig bool, b []byte) {
	if a.off || len(b) > 20 && binary.BigEndian.Uint32(b[4:]) == stunCookie {
		return
	}
	for len(b) > 0 && !a.off {
		n := a.record(isOrig, b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	a.settle()
}

// record parses the record at the front of b and returns its length, or 0 if the rest of
// the datagram cannot be parsed.
func (a *dtlsAnalyzer) record(isOrig bool, b []byte) int {
	if a.version == versionDTLS13 && b[0]&0xe0 == 0x20 {
		a.unified(isOrig, b)
		return 0
	}
	c := cursor{wire.NewCursor(b)}
	typ := c.U8("SSLRecordSwitch:firstbyte")
	c.Record()
	if c.Len() < dtlsHeaderLen {
		c.Take(dtlsHeaderLen, "SSLRecord:length")
	}
	head := c.Head(10, "SSLRecord:length")
	version, epoch := binary.BigEndian.Uint16(head), binary.BigEndian.Uint16(head[2:])
	seq := uint64(u24(head[4:]))<<24 | uint64(u24(head[7:]))
	if typ == typeCID {
		// The other side has announced the length of its connection ids (RFC 9146 section
		// 4).
		c.Take(int(a.cid[1-conn.Side(isOrig)]), "SSLRecord:cid")
	}
	n := c.U16("SSLRecord:length")
	if !c.OK() {
		a.complain(c.Err().Error())
		return 0
	}
	if version != versionDTLS10 && version != versionDTLS12 {
		a.badVersion(version)
		return 0
	}
	if a.confirmed {
		a.badVersions = 0
	}
	body := c.Take(int(n), "SSLRecord:rec")
	if !c.OK() {
		a.complain(c.Err().Error())
		return 0
	}
	if n > 0 && !a.contents(isOrig, uint16(typ), version, epoch, seq, body) {
		return 0
	}
	return len(b) - c.Len()
}

func (a *dtlsAnalyzer) badVersion(version uint16) {
	a.badVersions++
	if a.confirmed {
		if a.reported++; a.reported <= maxReportedVersions {
			a.complain("Invalid version in DTLS connection. Packet reported version: " + strconv.Itoa(int(version)))
		}
	}
	if a.badVersions > maxBadVersions {
		a.stop()
	}
}

// unified parses an encrypted record of DTLS 1.3 (RFC 9147 section 4). A header with a
// connection id is not parsed.
func (a *dtlsAnalyzer) unified(isOrig bool, b []byte) {
	const withCID, longSeq, withLength = 0x10, 0x08, 0x04
	c := cursor{wire.NewCursor(b)}
	flags := c.U8("SSLRecordSwitch:firstbyte")
	c.Record()
	if flags&withCID == 0 {
		n := 1
		if flags&longSeq != 0 {
			n = 2
		}
		c.Take(n, "UnifiedRecord:sequence_number")
		if flags&withLength != 0 {
			c.U16("UnifiedRecord:length")
		}
	}
	if !c.OK() {
		a.complain(c.Err().Error())
		return
	}
	a.encrypting[conn.Side(isOrig)] = true
	a.checkEstablished()
	a.encryptedData(isOrig, versionDTLS13, typeApplicationData, c.Len())
}

// contents parses the contents of a record and reports whether they are well formed.
func (a *dtlsAnalyzer) contents(isOrig bool, typ, version, epoch uint16, seq uint64, b []byte) bool {
	if epoch != 0 {
		a.ciphertext(isOrig, version, typ, len(b))
		return true
	}
	ok := true
	switch typ {
	case typeChangeCipherSpec:
		for range a.several(len(b)) {
			a.changeCipherSpec(isOrig)
			a.plaintext(isOrig, version, typ, len(b))
		}
		return true
	case typeAlert:
		ok = a.alerts(isOrig, b)
	case typeHandshake:
		a.recordVersion = version
		ok = a.fragments(isOrig, seq, b)
	case typeHeartbeat:
		ok = a.heartbeat(isOrig, b)
	case typeApplicationData:
	default:
		a.unknownRecord(isOrig, typ)
	}
	if ok {
		a.plaintext(isOrig, version, typ, len(b))
	}
	return ok
}

// fragments parses the handshake messages of a record, or parts of them, and reports
// whether their headers are complete.
func (a *dtlsAnalyzer) fragments(isOrig bool, record uint64, b []byte) bool {
	for len(b) > 0 && !a.off {
		c := cursor{wire.NewCursor(b)}
		head := c.Head(12, "Handshake:fragment_length")
		typ, length, seq := head[0], u24(head[1:]), binary.BigEndian.Uint16(head[4:])
		offset, n := u24(head[6:]), u24(head[9:])
		if !c.OK() {
			a.complain(c.Err().Error())
			return false
		}
		switch {
		case n > c.Len():
			a.complain("DTLS handshake record length does not match packet length")
			return true
		case offset+n > length:
			a.complain("DTLS handshake fragment trying to write past end of buffer")
			return true
		}
		data := c.Peek()[:n:n]
		b = c.Peek()[n:]
		if offset == 0 && n == length {
			a.message(isOrig, typ, data)
		} else {
			a.fragment(isOrig, record, typ, length, seq, offset, data)
		}
	}
	return true
}

// fragment adds a fragment of a message, and parses the message when it is complete.
func (a *dtlsAnalyzer) fragment(isOrig bool, record uint64, typ uint8, length int, seq uint16, offset int, data []byte) {
	if length > maxFragmented {
		a.Limited(a.source, "handshake_size")
		a.complain("DTLS record length " + strconv.Itoa(length) + " larger than allowed maximum.")
		return
	}
	p := &a.partial[conn.Side(isOrig)]
	if !p.open || p.seq != seq || p.length != length {
		a.release(&p.data)
		*p = fragments{open: true, seq: seq, length: length, firstRecord: record, pieces: p.pieces[:0]}
	}
	if p.complete {
		return // a retransmission
	}
	if max(record, p.firstRecord)-min(record, p.firstRecord) >= fragmentWindow {
		a.complain("DTLS handshake fragment sequence number outside reassembly window.")
		return
	}
	p.firstRecord = min(record, p.firstRecord)
	i, found := slices.BinarySearchFunc(p.pieces, offset, func(x piece, at int) int { return x.offset - at })
	switch {
	case len(data) == 0 || found && p.pieces[i].length >= len(data):
		return
	case len(p.pieces) >= fragmentWindow:
		a.complain("DTLS Message fragmented over more than 30 pieces. Cannot reassemble.")
		return
	}
	p.pieces = slices.Insert(p.pieces, i, piece{offset, len(data), len(p.data)})
	a.appendTo(&p.data, data)
	have := 0
	for _, x := range p.pieces {
		if x.offset > have {
			return
		}
		have = max(have, x.offset+x.length)
	}
	if have < length {
		return
	}
	m := a.f.ev.message[:0]
	for _, x := range p.pieces {
		if skip := len(m) - x.offset; skip < x.length {
			m = append(m, p.data[x.pos+skip:x.pos+x.length]...)
		}
	}
	a.f.ev.message = m
	p.complete = true
	a.release(&p.data)
	a.message(isOrig, typ, m)
}

// Gap does nothing: datagrams have no gaps.
func (a *dtlsAnalyzer) Gap(bool, uint64) {}

// End does nothing: datagrams have no end.
func (a *dtlsAnalyzer) End(bool) {}

// Flip swaps the sides.
func (a *dtlsAnalyzer) Flip() {
	a.partial[0], a.partial[1] = a.partial[1], a.partial[0]
	a.encrypting[0], a.encrypting[1] = a.encrypting[1], a.encrypting[0]
	a.cid[0], a.cid[1] = a.cid[1], a.cid[0]
}

// Done returns the analyzer to the factory.
func (a *dtlsAnalyzer) Done() {
	a.off = true
	for i := range a.partial {
		a.release(&a.partial[i].data)
	}
	a.f.freeDTLS.Put(a)
}
