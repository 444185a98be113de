package ssh

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/wirelog/wirelog/dissect/event"
)

// Messages of SSH1 (draft-ylonen-ssh-protocol-00, "Detailed Description of Packet Types").
const (
	smsgPublicKey  = 2
	cmsgSessionKey = 3
)

// msgNewKeys is the last message before encryption (RFC 4253 section 7.3).
const msgNewKeys = 21

// Messages of key exchanges. Each key exchange has its own meanings for the numbers.
const (
	msgDHInit  = 30 // RFC 4253 section 8
	msgDHReply = 31

	msgGEXRequestOld = 30 // RFC 4419 section 5
	msgGEXGroup      = 31
	msgGEXInit       = 32
	msgGEXReply      = 33
	msgGEXRequest    = 34

	msgECCInit  = 30 // RFC 5656 section 7.1
	msgECCReply = 31

	msgGSSInit         = 30 // RFC 4462 section 6
	msgGSSContinue     = 31
	msgGSSComplete     = 32
	msgGSSHostKey      = 33
	msgGSSError        = 34
	msgGSSGroupRequest = 40
	msgGSSGroup        = 41

	msgRSAPublicKey = 30 // RFC 4432 section 6
	msgRSASecret    = 31
	msgRSADone      = 32
)

// message1 parses an SSH1 packet after its length: padding, type, data and checksum.
func (a *analyzer) message1(i int, f *fields, length uint32) bool {
	const overhead = 1 + 4 // the length includes type and checksum
	if length < overhead {
		return false
	}
	f.bytes(uint64(8 - length%8))
	typ := f.bytes(1)
	f.b = f.b[:length-overhead]
	switch typ[0] {
	case smsgPublicKey:
		f.bytes(8 + 4) // cookie, server key bits
		integer1(f)
		integer1(f)
		f.bytes(4) // host key bits
		exponent := integer1(f)
		modulus := integer1(f)
		f.bytes(4 + 4 + 4) // flags, ciphers, authentications
		if f.bad {
			return false
		}
		a.hostKey1(modulus, exponent)
	case cmsgSessionKey:
		f.bytes(1 + 8) // cipher, cookie
		integer1(f)
		f.bytes(4) // flags
		if f.bad {
			return false
		}
	default:
		return false
	}
	a.phase[i] = phaseEncrypted
	if typ[0] == cmsgSessionKey {
		a.confirm()
	}
	return true
}

// integer1 reads an SSH1 integer, which follows its length in bits.
func integer1(f *fields) []byte {
	n := f.bytes(2)
	if f.bad {
		return nil
	}
	return f.bytes((uint64(binary.BigEndian.Uint16(n)) + 7) / 8)
}

// message2 parses an SSH2 packet after its length (RFC 4253 section 6).
func (a *analyzer) message2(i int, f *fields) bool {
	head := f.bytes(2)
	if f.bad || int(head[0]) > len(f.b) {
		return false
	}
	typ := head[1]
	f.b = f.b[:len(f.b)-int(head[0])]
	if typ == msgNewKeys {
		a.phase[i] = phaseEncrypted
		a.confirm()
		return true
	}
	switch a.phase[i] {
	case phaseInit:
		return a.kexInit(i, f)
	case phaseDH:
		return a.messageDH(i, typ, f)
	case phaseGroupExchange:
		return a.messageGroupExchange(i, typ, f)
	case phaseECC:
		return a.messageECC(i, typ, f)
	case phaseGSS:
		return a.messageGSS(i, typ, f)
	case phaseRSA:
		return a.messageRSA(i, typ, f)
	case phaseVersion, phaseOtherKex, phaseEncrypted:
	}
	return true
}

func (a *analyzer) messageDH(i int, typ byte, f *fields) bool {
	switch typ {
	case msgDHInit:
		return a.dhInit(i, f)
	case msgDHReply:
		return a.dhReply(f)
	}
	return true
}

func (a *analyzer) messageGroupExchange(i int, typ byte, f *fields) bool {
	switch typ {
	case msgGEXRequestOld:
		f.bytes(4)
	case msgGEXRequest:
		f.bytes(4 + 4 + 4)
	case msgGEXGroup:
		return a.group(f)
	case msgGEXInit:
		return a.dhInit(i, f)
	case msgGEXReply:
		return a.dhReply(f)
	}
	return !f.bad
}

func (a *analyzer) dhInit(i int, f *fields) bool {
	f.string()
	if f.bad {
		return false
	}
	if e := a.f.hooks.SSH2DHGEXInit.Begin(); e != nil {
		*e = event.SSH2DHGEXInit{Conn: a.Conn(), IsOrig: i == 0}
		a.f.hooks.SSH2DHGEXInit.Raise(e)
	}
	return true
}

func (a *analyzer) dhReply(f *fields) bool {
	key := f.string()
	f.string() // the server's public value
	f.string() // signature
	if f.bad {
		return false
	}
	a.hostKey2(key)
	return true
}

func (a *analyzer) group(f *fields) bool {
	p, g := f.string(), f.string()
	if f.bad {
		return false
	}
	if e := a.f.hooks.SSH2DHServerParams.Begin(); e != nil {
		*e = event.SSH2DHServerParams{Conn: a.Conn(), P: p, Q: g}
		a.f.hooks.SSH2DHServerParams.Raise(e)
	}
	return true
}

// messageECC parses messages of elliptic curve methods. Those of hybrid methods have the
// same form.
func (a *analyzer) messageECC(i int, typ byte, f *fields) bool {
	switch typ {
	case msgECCInit:
		q := f.string()
		if f.bad {
			return false
		}
		a.eccKey(i, q)
		if e := a.f.hooks.SSH2ECCInit.Begin(); e != nil {
			*e = event.SSH2ECCInit{Conn: a.Conn(), IsOrig: i == 0}
			a.f.hooks.SSH2ECCInit.Raise(e)
		}
	case msgECCReply:
		key, q := f.string(), f.string()
		f.string() // signature
		if f.bad {
			return false
		}
		a.hostKey2(key)
		a.eccKey(i, q)
	default:
		return false
	}
	return true
}

func (a *analyzer) eccKey(i int, q []byte) {
	if e := a.f.hooks.SSH2ECCKey.Begin(); e != nil {
		*e = event.SSH2ECCKey{Conn: a.Conn(), IsOrig: i == 0, Q: q}
		a.f.hooks.SSH2ECCKey.Raise(e)
	}
}

func (a *analyzer) messageGSS(i int, typ byte, f *fields) bool {
	switch typ {
	case msgGSSInit:
		f.string() // token
		f.string() // the client's public value
		if h := &a.f.hooks.SSH2GSSInit; !f.bad && h.On() {
			e := h.Begin()
			*e = event.SSH2GSSInit{Conn: a.Conn(), IsOrig: i == 0}
			h.Raise(e)
		}
	case msgGSSContinue:
		f.string() // token
	case msgGSSComplete:
		f.string() // the server's public value
		f.string() // integrity code
		if has := f.bytes(1); !f.bad && has[0] != 0 {
			f.string() // token
		}
	case msgGSSHostKey:
		if key := f.string(); !f.bad {
			a.hostKey2(key)
		}
	case msgGSSError:
		major, minor := f.uint32(), f.uint32()
		text := f.string()
		f.string() // language
		if h := &a.f.hooks.SSH2GSSError; !f.bad && h.On() {
			e := h.Begin()
			*e = event.SSH2GSSError{Conn: a.Conn(), MajorStatus: uint64(major), MinorStatus: uint64(minor), ErrMsg: text}
			h.Raise(e)
		}
	case msgGSSGroupRequest:
		f.bytes(4 + 4 + 4)
	case msgGSSGroup:
		return a.group(f)
	default:
		return false
	}
	return !f.bad
}

func (a *analyzer) messageRSA(i int, typ byte, f *fields) bool {
	switch typ {
	case msgRSAPublicKey:
		f.string() // host key, for which Zeek raises no event here
		f.string() // transient key
	case msgRSASecret:
		f.string()
		if h := &a.f.hooks.SSH2RSASecret; !f.bad && h.On() {
			e := h.Begin()
			*e = event.SSH2RSASecret{Conn: a.Conn(), IsOrig: i == 0}
			h.Raise(e)
		}
	case msgRSADone:
		f.string() // signature
	default:
		return false
	}
	return !f.bad
}

// hostKey2 raises the events for a server's host key.
func (a *analyzer) hostKey2(key []byte) {
	if a.f.hooks.ServerHostKey.On() {
		sum := md5.Sum(key)
		a.fingerprint(sum[:])
	}
	if e := a.f.hooks.SSH2ServerHostKey.Begin(); e != nil {
		*e = event.SSH2ServerHostKey{Conn: a.Conn(), Key: key}
		a.f.hooks.SSH2ServerHostKey.Raise(e)
	}
}

func (a *analyzer) hostKey1(modulus, exponent []byte) {
	if a.f.hooks.ServerHostKey.On() {
		a.f.text = append(append(a.f.text[:0], modulus...), exponent...)
		sum := sha256.Sum256(a.f.text)
		a.fingerprint(sum[:md5.Size])
	}
	if e := a.f.hooks.SSH1ServerHostKey.Begin(); e != nil {
		*e = event.SSH1ServerHostKey{Conn: a.Conn(), Modulus: modulus, Exponent: exponent}
		a.f.hooks.SSH1ServerHostKey.Raise(e)
	}
}

// fingerprint raises the event for a host key's hash.
func (a *analyzer) fingerprint(sum []byte) {
	text := a.f.text[:0]
	for i := range sum {
		if i > 0 {
			text = append(text, ':')
		}
		text = hex.AppendEncode(text, sum[i:i+1])
	}
	a.f.text = text
	if e := a.f.hooks.ServerHostKey.Begin(); e != nil {
		*e = event.SSHServerHostKey{Conn: a.Conn(), Hash: text}
		a.f.hooks.ServerHostKey.Raise(e)
	}
}
