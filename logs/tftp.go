package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// tftp builds tftp.log after Zeek's package spicy-tftp: a row for each request, when its
// transfer is complete or has failed, or when the last flow of both ends.
type tftp struct {
	states[tftpTransfer]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.TFTP
	uidBuf [2][]byte
}

// A tftpTransfer is on the flow of its request until its own flow begins.
type tftpTransfer struct {
	open      bool // there is no row yet
	ts        value.Time
	id        event.ConnID
	uid, data value.UID
	hasData   bool
	write     bool
	fname     []byte
	mode      []byte
	size      uint64
	blockSize int
	// sent and acked are numbers of blocks, which go on where those of the packets begin
	// again. final is the last block's, once it is known.
	sent, acked uint64
	final       value.Opt[uint64]
	code        value.Opt[uint64]
	msg         optText
	held        int
}

// tftpBlockSize is the size of all blocks but the last (RFC 1350 section 2).
const tftpBlockSize = 512

func installTFTP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &tftp{out: out, now: o.Now}
	b.init(h, b.write)
	h.TFTP.ReadRequest.Listen(func(e *event.TFTPReadRequest) { b.request(e.Conn, false, e.FName, e.Mode) })
	h.TFTP.WriteRequest.Listen(func(e *event.TFTPWriteRequest) { b.request(e.Conn, true, e.FName, e.Mode) })
	h.TFTP.Data.Listen(b.block)
	h.TFTP.Ack.Listen(b.ack)
	h.TFTP.Option.Listen(b.option)
	h.TFTP.Error.Listen(b.failed)
	h.File.DataConnection.Listen(b.begun)
}

func (b *tftp) request(c event.Conn, write bool, fname, mode []byte) {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		s.open, s.held = false, 0
	}
	b.write(c, s)
	*s = tftpTransfer{
		open: true, ts: b.now(), id: c.ID(), uid: c.UID(), write: write, blockSize: tftpBlockSize, held: s.held,
		fname: append(s.fname[:0], fname...), mode: append(s.mode[:0], mode...), msg: optText{b: s.msg.b[:0]},
	}
	b.account(c, s)
}

// account counts long texts.
func (b *tftp) account(c event.Conn, s *tftpTransfer) {
	n := len(s.fname) + len(s.mode) + len(s.msg.b)
	if n <= smallState {
		n = 0
	}
	b.keep(c, &s.held, n)
}

// begun moves a transfer to its own flow.
func (b *tftp) begun(e *event.DataConnection) {
	from := b.known(e.Control)
	if e.Source != "SPICY_TFTP" || from == nil || !from.open || b.known(e.Conn) != nil {
		return
	}
	s := b.add(e.Conn)
	*s, *from = *from, *s
	s.held, from.held, from.open = 0, s.held, false
	b.keep(e.Control, &from.held, 0)
	s.data, s.hasData = e.Conn.UID(), true
	b.account(e.Conn, s)
}

// transfer returns the transfer of a flow that has no row yet, or nil.
func (b *tftp) transfer(c event.Conn) *tftpTransfer {
	if s := b.known(c); s != nil && s.open {
		return s
	}
	return nil
}

// ahead returns how far the number of a block is ahead of another one, or 0 if it is not.
func ahead(block, of uint64) uint64 {
	if n := uint16(block) - uint16(of); n < 1<<15 {
		return uint64(n)
	}
	return 0
}

func (b *tftp) block(e *event.TFTPData) {
	s := b.transfer(e.Conn)
	if s == nil {
		return
	}
	n := ahead(e.BlockNum, s.sent)
	if n == 0 {
		return // sent before
	}
	s.sent += n
	s.size += uint64(len(e.Data))
	if len(e.Data) < s.blockSize {
		s.final = value.Some(s.sent)
	}
}

func (b *tftp) ack(e *event.TFTPAck) {
	if s := b.transfer(e.Conn); s != nil {
		s.acked += ahead(e.BlockNum, s.acked)
		if s.final.OK && s.acked >= s.final.V {
			b.write(e.Conn, s)
		}
	}
}

// option takes the size of blocks (RFC 2348).
func (b *tftp) option(e *event.TFTPOption) {
	if s := b.transfer(e.Conn); s != nil && e.Acked && equalFold(e.Name, "blksize") {
		if n, err := strconv.ParseUint(text(e.Value), 10, 16); err == nil && n >= 8 {
			s.blockSize = int(n)
		}
	}
}

func (b *tftp) failed(e *event.TFTPError) {
	if s := b.transfer(e.Conn); s != nil {
		s.code = value.Some(e.Code)
		s.msg.set(e.Msg)
		b.write(e.Conn, s)
	}
}

// write writes the row of a transfer, if there is none yet.
func (b *tftp) write(c event.Conn, s *tftpTransfer) {
	if !s.open {
		return
	}
	s.open = false
	b.uidBuf[0] = s.uid.Append(b.uidBuf[0][:0])
	b.uidBuf[1] = s.data.Append(b.uidBuf[1][:0])
	b.rec = schemas.TFTP{
		TS: s.ts, UID: text(b.uidBuf[0]), ID: Endpoints(&s.id), WRQ: s.write, FName: text(s.fname), Mode: text(s.mode),
		UIDData: value.Opt[string]{V: text(b.uidBuf[1]), OK: s.hasData}, Bytes: s.size, BlockSent: s.sent, BlockAcked: s.acked,
		ErrorCode: s.code, ErrorMsg: s.msg.column(),
	}
	b.out.Emit(&b.rec)
	b.keep(c, &s.held, 0)
	if cap(s.fname)+cap(s.mode)+cap(s.msg.b) > 4<<10 {
		s.fname, s.mode, s.msg.b = nil, nil, nil
	}
}
