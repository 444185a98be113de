package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestTFTP(t *testing.T) {
	b := newBench(t, "tftp")
	c := udpConn(t, "10.0.0.1:1024 10.0.0.2:69")
	d := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.2:40000 10.0.0.1:1024"), uid: uid(2)}
	const flow = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=69"
	h := &b.hooks.TFTP
	read := func(name string) {
		b.now += 1e9
		h.ReadRequest.Raise(&event.TFTPReadRequest{Conn: c, IsOrig: true, FName: []byte(name), Mode: []byte("octet")})
	}
	begin := func() {
		b.hooks.File.DataConnection.Raise(&event.DataConnection{Conn: d, Source: "SPICY_TFTP", Control: c})
	}
	data := func(n uint64, size int) {
		h.Data.Raise(&event.TFTPData{Conn: d, BlockNum: n, Data: make([]byte, size)})
	}
	ack := func(n uint64) { h.Ack.Raise(&event.TFTPAck{Conn: d, BlockNum: n}) }

	read("one")
	begin()
	data(1, 512)
	data(1, 512) // again
	ack(1)
	data(2, 100)
	b.out.expect(t)
	ack(2)
	b.out.expect(t, "tftp ts=2"+flow+" wrq=false fname=one mode=octet uid_data=C2 size=612 block_sent=2 block_acked=2")
	data(3, 100)
	endConn(&b.hooks, d)
	b.out.expect(t)

	// Blocks of another size, and more than 65,535 of them.
	read("two")
	begin()
	h.Option.Raise(&event.TFTPOption{Conn: d, Name: []byte("BLKSIZE"), Value: []byte("8"), Acked: true})
	for n := range uint64(1<<16 + 1) {
		data((n+1)&0xffff, 8)
		ack((n + 1) & 0xffff)
	}
	data(2, 0)
	ack(2)
	b.out.expect(t, "tftp ts=3"+flow+" wrq=false fname=two mode=octet uid_data=C2 size=524296 block_sent=65538 block_acked=65538")
	endConn(&b.hooks, d)

	// An error; a request that is repeated; one that the server does not answer.
	b.now = 9e9
	h.WriteRequest.Raise(&event.TFTPWriteRequest{Conn: c, IsOrig: true, FName: []byte("three"), Mode: []byte("netascii")})
	read("four")
	b.out.expect(t, "tftp ts=9"+flow+" wrq=true fname=three mode=netascii size=0 block_sent=0 block_acked=0")
	begin()
	begin()
	h.Error.Raise(&event.TFTPError{Conn: d, Code: 1, Msg: []byte("not found")})
	b.out.expect(t, "tftp ts=10"+flow+" wrq=false fname=four mode=octet uid_data=C2 size=0 block_sent=0 block_acked=0 error_code=1 error_msg=not found")
	endConn(&b.hooks, d)
	read("five")
	endConn(&b.hooks, c)
	b.out.expect(t, "tftp ts=11"+flow+" wrq=false fname=five mode=octet size=0 block_sent=0 block_acked=0")

	// The answer comes from the port of the request.
	read("six")
	h.Data.Raise(&event.TFTPData{Conn: c, BlockNum: 1, Data: make([]byte, 10)})
	b.hooks.File.DataConnection.Raise(&event.DataConnection{Conn: d, Source: "FTP_DATA", Control: c})
	endConn(&b.hooks, c)
	b.out.expect(t, "tftp ts=12"+flow+" wrq=false fname=six mode=octet size=10 block_sent=1 block_acked=0")
	b.hooks.File.DataConnection.Raise(&event.DataConnection{Conn: d, Source: "SPICY_TFTP"})
	if c.held != 0 || d.held != 0 {
		t.Errorf("%d and %d bytes are held", c.held, d.held)
	}
}
