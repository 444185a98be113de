package tls

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/wire"
)

// Messages of SSL 2 (Hickman, "The SSL Protocol", and RFC 6101 appendix E), which have a
// record each.
const (
	ssl2Error           = 0
	ssl2ClientHello     = 1
	ssl2ClientMasterKey = 2
	ssl2ServerHello     = 4

	// ssl2Base plus the type is what Zeek takes for a content type.
	ssl2Base = 300
)

// message2 takes a message of SSL 2 and reports whether it is well formed. The first bytes of
// it are in the record's header: of an error all of them, of which Zeek does not tell then.
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
		c.U8("V2ClientMasterKey:cipher_kind_8")
		clear, secret, arg := c.U16("V2ClientMasterKey:cl_key_len"), c.U16("V2ClientMasterKey:en_key_len"), c.U16("V2ClientMasterKey:key_arg_len")
		c.Take(int(clear)+int(secret)+int(arg), "V2ClientMasterKey")
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
	nciphers, nid, nchallenge := c.U16("V2ClientHello:csuit_len"), c.U16("V2ClientHello:session_len"), c.U16("V2ClientHello:chal_len")
	ciphers := c.Take(int(nciphers), "V2ClientHello")
	id := c.Take(int(nid), "V2ClientHello")
	challenge := c.Take(int(nchallenge), "V2ClientHello")
	if !c.OK() {
		return
	}
	a.hello(version)
	a.letter()
	if h := &a.f.hooks.ClientHello; h.On() {
		ev := &a.f.ev
		ev.ciphers = appendTriples(ev.ciphers[:0], ciphers)
		ev.clientHello = event.SSLClientHello{Conn: a.c, Version: uint64(version), ClientRandom: challenge,
			SessionID: a.sessionID(id), Ciphers: ev.ciphers}
		h.Raise(&ev.clientHello)
	}
}

func (a *analyzer) serverHello2(isOrig bool, c *cursor) {
	version := c.U16("V2ServerHello:server_version")
	ncert, nciphers, nid := c.U16("V2ServerHello:cert_len"), c.U16("V2ServerHello:ciphers_len"), c.U16("V2ServerHello:conn_id_len")
	cert := c.Take(int(ncert), "V2ServerHello:cert_data")
	ciphers := c.Take(int(nciphers), "V2ServerHello:ciphers")
	id := c.Take(int(nid), "V2ServerHello:conn_id_data")
	if !c.OK() {
		return
	}
	if version != versionSSL2 {
		a.complain("Invalid version in SSL server hello. Version: " + strconv.Itoa(int(version)))
		return
	}
	a.serverSpoke = true
	a.letter()
	if h := &a.f.hooks.ServerHello; h.On() {
		ev := &a.f.ev
		ev.serverHello = event.SSLServerHello{Conn: a.c, Version: uint64(version), ServerRandom: id, SessionID: a.sessionID(nil)}
		if len(ciphers) >= 3 {
			ev.serverHello.Cipher = uint64(u24(ciphers))
		}
		h.Raise(&ev.serverHello)
	}
	a.certificate(isOrig, 0, cert)
}
