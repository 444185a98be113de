package ssh

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// The lists of a KEXINIT in order (RFC 4253 section 7.1).
const (
	listKex = iota
	listHostKey
	listCipherToServer
	listCipherToClient
	listMACToServer
	listMACToClient
	listCompressionToServer
	listCompressionToClient
	listLanguageToServer
	listLanguageToClient
	numLists
)

const (
	cookieSize = 16
	// maxString is the length in bytes that no string in a message may exceed (Zeek's
	// SSH::max_string_length).
	maxString = 2 << 20
)

// kexInit is a key exchange init (KEXINIT). The slices point into the message.
type kexInit struct {
	cookie []byte
	raw    [numLists][]byte
	// names holds the first Options.Names names of each list, and counts the number of all.
	names  [numLists][][]byte
	counts [numLists]int
}

// fields reads the fields of a message. After a field that is incomplete, bad is set and
// all further ones are empty.
type fields struct {
	b   []byte
	bad bool
	// long is the length of a string that exceeds maxString, or 0.
	long uint32
}

// string reads a string, which follows its length (RFC 4251 section 5).
func (f *fields) string() []byte {
	n := f.uint32()
	if n > maxString && !f.bad {
		f.long = n
	}
	return f.bytes(uint64(n))
}

func (f *fields) uint32() uint32 {
	if b := f.bytes(4); !f.bad {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// bytes reads n bytes.
func (f *fields) bytes(n uint64) []byte {
	if f.bad || n > uint64(len(f.b)) {
		f.bad = true
		return nil
	}
	b := f.b[:n:n]
	f.b = f.b[n:]
	return b
}

// parse reads the payload of a KEXINIT after the message's type. It keeps at most most
// names of each list.
func (k *kexInit) parse(f *fields, most int) bool {
	k.cookie = f.bytes(cookieSize)
	for i := range k.raw {
		k.raw[i] = f.string()
	}
	f.bytes(1 + 4) // whether a guess follows; reserved
	if f.bad {
		return false
	}
	for i, raw := range k.raw {
		k.names[i], k.counts[i] = split(k.names[i][:0], raw, most)
	}
	return true
}

// split appends at most most names of a list to dst and returns the number of names in the
// list. As in Zeek, an empty list has one empty name.
func split(dst [][]byte, list []byte, most int) (names [][]byte, count int) {
	for more := true; more && len(dst) < most; {
		var name []byte
		name, list, more = bytes.Cut(list, comma)
		dst = append(dst, name)
		count++
		if !more {
			return dst, count
		}
	}
	return dst, count + 1 + bytes.Count(list, comma)
}

var comma = []byte{','}

// exceeded holds the names of the weirds for lists with too many names.
var exceeded = [numLists]string{
	"SSH_max_kexinit_kex_algorithms_exceeded", "SSH_max_kexinit_hostkey_algorithms_exceeded",
	"SSH_max_kexinit_encryption_algorithms_exceeded", "SSH_max_kexinit_encryption_algorithms_exceeded",
	"SSH_max_kexinit_mac_algorithms_exceeded", "SSH_max_kexinit_mac_algorithms_exceeded",
	"SSH_max_kexinit_compression_algorithms_exceeded", "SSH_max_kexinit_compression_algorithms_exceeded",
	"SSH_max_kexinit_languages_exceeded", "SSH_max_kexinit_languages_exceeded",
}

// named reports whether list i is evaluated: language lists are usually empty.
func (k *kexInit) named(i int) bool {
	return i < listLanguageToServer || len(k.raw[i]) > 0
}

// offer fills o.
func (k *kexInit) offer(o *event.SSHOffer, isOrig bool) {
	prefs := func(i int) event.SSHAlgorithmPrefs {
		return event.SSHAlgorithmPrefs{ClientToServer: value.Some(k.names[i]), ServerToClient: value.Some(k.names[i+1])}
	}
	*o = event.SSHOffer{
		KexAlgorithms:           k.names[listKex],
		ServerHostKeyAlgorithms: k.names[listHostKey],
		EncryptionAlgorithms:    prefs(listCipherToServer),
		MACAlgorithms:           prefs(listMACToServer),
		CompressionAlgorithms:   prefs(listCompressionToServer),
		IsServer:                !isOrig,
	}
	if k.named(listLanguageToServer) || k.named(listLanguageToClient) {
		l := prefs(listLanguageToServer)
		l.ClientToServer.OK = k.named(listLanguageToServer)
		l.ServerToClient.OK = k.named(listLanguageToClient)
		if !l.ClientToServer.OK {
			l.ClientToServer.V = nil
		}
		if !l.ServerToClient.OK {
			l.ServerToClient.V = nil
		}
		o.Languages = value.Some(l)
	}
}

// remembered is what must be known of the first KEXINIT when the other side's comes: its
// sender and the lists to compare.
type remembered struct {
	seen   bool
	isOrig bool
	buf    []byte
	kex    int // end of the key exchange methods, which begin buf
	toSrv  int // end of the compression algorithms to the server, which follow; those to the client are last
}

func (r *remembered) keep(k *kexInit, isOrig bool) {
	r.seen, r.isOrig = true, isOrig
	r.buf = append(r.buf[:0], k.raw[listKex]...)
	r.kex = len(r.buf)
	r.buf = append(r.buf, k.raw[listCompressionToServer]...)
	r.toSrv = len(r.buf)
	r.buf = append(r.buf, k.raw[listCompressionToClient]...)
}

// forget drops what is remembered of the first KEXINIT.
func (a *analyzer) forget() {
	a.HoldState(-len(a.first.buf))
	a.first.buf, a.first.kex, a.first.toSrv = reuse(a.first.buf), 0, 0
}

func (r *remembered) lists() (kex, toServer, toClient []byte) {
	return r.buf[:r.kex], r.buf[r.kex:r.toSrv], r.buf[r.toSrv:]
}

// agreed returns the client's first name that the server also has.
func agreed(client, server [][]byte) (name []byte, ok bool) {
	for _, c := range client {
		for _, s := range server {
			if bytes.Equal(c, s) {
				return c, true
			}
		}
	}
	return nil, false
}

// compressed reports whether an algorithm makes the size of packets depend on their
// contents (Zeek's SSH::compression_algorithms).
func compressed(name []byte) bool {
	return string(name) == "zlib" || string(name) == "zlib@openssh.com"
}

// method returns the family of the named key exchange, which determines how its messages
// are parsed, or phaseInit if the name is unknown. zeek leaves out what Zeek 8.2 does not
// know.
func method(name []byte, zeek bool) phase {
	switch string(name) {
	case "rsa1024-sha1", "rsa2048-sha256": // RFC 4432
		return phaseRSA
	case "diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", // RFC 4253 section 8
		"diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512": // RFC 8268
		return phaseDH
	case "diffie-hellman-group15-sha512", "diffie-hellman-group17-sha512", "diffie-hellman-group18-sha512": // RFC 8268
		if !zeek {
			return phaseDH
		}
	case "diffie-hellman-group-exchange-sha1", "diffie-hellman-group-exchange-sha256": // RFC 4419
		return phaseGroupExchange
	case "ecmqv-sha2": // RFC 5656
		return phaseECC
	}
	for _, p := range prefixes {
		if bytes.HasPrefix(name, p.prefix) {
			return p.phase
		}
	}
	return phaseInit
}

var prefixes = []struct {
	prefix []byte
	phase  phase
}{
	{[]byte("gss-"), phaseGSS},                   // RFC 4462
	{[]byte("ecdh-sha2-"), phaseECC},             // RFC 5656
	{[]byte("curve25519-sha256"), phaseECC},      // RFC 8731
	{[]byte("sntrup761x25519-sha512"), phaseECC}, // same messages with a larger first value
	{[]byte("mlkem"), phaseECC},
}

// kexInit parses a KEXINIT. The second side's one decides which messages follow.
func (a *analyzer) kexInit(i int, f *fields) bool {
	k := &a.f.kex
	if !k.parse(f, a.f.opt.Names) {
		return false
	}
	isOrig := i == 0
	switch {
	case !a.first.seen:
		a.first.keep(k, isOrig)
		a.HoldState(len(a.first.buf))
	case a.first.isOrig != isOrig:
		a.negotiate(k, isOrig)
	}
	for i := range exceeded {
		if most := a.f.opt.Names; k.counts[i] > most && k.named(i) {
			a.Limited(source, "kexinit_names")
			a.exceed(exceeded[i], uint64(k.counts[i]), uint64(most))
		}
	}
	if e := a.f.hooks.Capabilities.Begin(); e != nil {
		*e = event.SSHCapabilities{Conn: a.Conn(), Cookie: k.cookie}
		k.offer(&e.Capabilities, isOrig)
		a.f.hooks.Capabilities.Raise(e)
	}
	return true
}

// negotiate chooses the algorithms that matter here. If there are several KEXINITs before
// encryption begins, the first one of the first side and the latest one of the other count,
// as in Zeek.
func (a *analyzer) negotiate(k *kexInit, isOrig bool) {
	kex, toServer, toClient := a.first.lists()
	choose := func(i int, raw []byte) ([]byte, bool) {
		a.f.names, _ = split(a.f.names[:0], raw, a.f.opt.Names)
		if isOrig {
			return agreed(k.names[i], a.f.names)
		}
		return agreed(a.f.names, k.names[i])
	}
	s, okS := choose(listCompressionToServer, toServer)
	c, okC := choose(listCompressionToClient, toClient)
	a.compressed = okS && okC && bytes.Equal(s, c) && compressed(s)
	name, ok := choose(listKex, kex)
	if !ok {
		return
	}
	zeek := a.Compat(compat.SSHKexMethods)
	m := method(name, zeek)
	if m == phaseInit && !zeek {
		m = phaseOtherKex // up to NEWKEYS (RFC 4253 section 7.3)
	}
	if m != phaseInit {
		a.phase = [2]phase{m, m}
		a.forget() // no further KEXINIT follows
	}
	if m != phaseInit && m != phaseOtherKex {
		return
	}
	a.Weird("ssh_unknown_kex_algorithm", string(name), source)
}

// exceed raises a weird for a value above its limit, and notes it in the connection's
// history.
func (a *analyzer) exceed(weird string, n, limit uint64) {
	a.Conn().NoteUnknown()
	b := strconv.AppendUint(a.f.text[:0], n, 10)
	b = append(b, " > "...)
	a.f.text = strconv.AppendUint(b, limit, 10)
	a.Weird(weird, string(a.f.text), source)
}
