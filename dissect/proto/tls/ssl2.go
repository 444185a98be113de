package tls

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Messages of SSL 2 (Hickman, "The SSL Protocol", and RFC 6101 appendix E); each has a
// record of its own.
const (
	ssl2Error           = 0
	ssl2ClientHello     = 1
	ssl2ClientMasterKey = 2
	ssl2ServerHello     = 4

	// ssl2Base plus the type is Zeek's content type.
	ssl2Base = 300
)

// message2 parses a message of SSL 2 and reports whether it is well formed. Its first bytes
// are in the record's header; an error has no others, and Zeek does not report the record
// then.
func (a *analyzer) message2(isOrig bool, header *[headerLen]byte, body []byte) bool {
	c := cursor{wire.NewCursor(body)}
	word := binary.BigEndian.Uint16(header[3:])
	switch header[2] {
	case ssl2Error:
		a.alert(isOrig, math.MaxUint64, uint64(word))
	case ssl2ClientHello:
		a.clientHello2(word, &c)
	case ssl2ServerHello:
		a.serverHello2(isOrig, &c)
	case ssl2ClientMasterKey:
		head := c.Head(7, "V2ClientMasterKey:key_arg_len")
		c.Take(be16(head[1:])+be16(head[3:])+be16(head[5:]), "V2ClientMasterKey")
		if c.OK() {
			a.encrypting = [2]bool{true, true}
			if !a.established {
				a.established = true
				a.raiseEstablished()
			}
		}
	}
	if !c.OK() {
		a.complain(c.Err().Error())
	}
	return c.OK()
}

func (a *analyzer) clientHello2(version uint16, c *cursor) {
	head := c.Head(6, "V2ClientHello:chal_len")
	nciphers, nid, nchallenge := be16(head), be16(head[2:]), be16(head[4:])
	all := c.Take(nciphers+nid+nchallenge, "V2ClientHello")
	if !c.OK() {
		return
	}
	// Excess bytes of the ciphers belong to the next field, as in Zeek.
	ciphers := all[:nciphers/3*3]
	id := all[len(ciphers):][:nid]
	challenge := all[len(ciphers)+nid:][:nchallenge]
	a.hello(version)
	a.letter()
	if e := a.f.hooks.ClientHello.Begin(); e != nil {
		ev := &a.f.ev
		ev.ciphers = appendTriples(ev.ciphers[:0], ciphers)
		*e = event.SSLClientHello{Conn: a.Conn(), Version: uint64(version), ClientRandom: challenge,
			SessionID: a.sessionID(id), Ciphers: ev.ciphers}
		a.f.hooks.ClientHello.Raise(e)
	}
}

func (a *analyzer) serverHello2(isOrig bool, c *cursor) {
	head := c.Head(8, "V2ServerHello:conn_id_len")
	version := be16(head)
	cert := c.Take(be16(head[2:]), "V2ServerHello:cert_data")
	ciphers := c.Array(be16(head[4:])/3, 3, "V2ServerHello:ciphers")
	id := c.Take(be16(head[6:]), "V2ServerHello:conn_id_data")
	if !c.OK() {
		return
	}
	if version != versionSSL2 {
		a.complain("Invalid version in SSL server hello. Version: " + strconv.Itoa(version))
		return
	}
	a.serverSpoke = true
	a.letter()
	if e := a.f.hooks.ServerHello.Begin(); e != nil {
		*e = event.SSLServerHello{Conn: a.Conn(), Version: uint64(version), ServerRandom: id, SessionID: a.sessionID(nil)}
		if len(ciphers) >= 3 {
			e.Cipher = uint64(u24(ciphers))
		}
		a.f.hooks.ServerHello.Raise(e)
	}
	a.certificate(isOrig, 0, cert)
}
