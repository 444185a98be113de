package logs

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// stun builds stun.log and stun_nat.log after Corelight's package zeek-spicy-stun: a row a
// message, and one for each answer to BINDING whose address is not the client's own. The events
// of a message come one after the other, so that there is no state of connections.
type stun struct {
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.STUN
	nat    schemas.STUNNAT
	uidBuf []byte
	// names and vals are of the attributes of the message: a name and a value each, in buf, of
	// which ends has the ends.
	ends        []int
	buf         []byte
	names, vals []string
	wan, lan    []netip.Addr
	ports       []uint64
	unknown     []byte
}

// Numbers of STUN (RFC 8489 section 18).
const (
	stunMappedAddress    = 0x0001
	stunXORPeer          = 0x0012
	stunXORRelayed       = 0x0016
	stunXORMappedAddress = 0x0020
	stunPriority         = 0x0024
	stunFingerprint      = 0x8028
	stunCookie           = 0x2112a442
	stunBinding          = 1
	stunSuccess          = 2
)

func installSTUN(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &stun{out: out, now: o.Now}
	h.STUN.StringAttribute.Listen(b.attribute)
	h.STUN.MappedAddressAttribute.Listen(b.address)
	h.STUN.ErrorCodeAttribute.Listen(b.errorCode)
	h.STUN.STUNPacket.Listen(b.message)
}

// name adds the name of an attribute.
func (b *stun) name(typ uint64) {
	if name := stunAttributes[typ]; name != "" {
		b.buf = append(b.buf, name...)
	} else {
		b.buf = strconv.AppendUint(append(b.buf, "unknown-attrtype-"...), typ, 10)
	}
	b.end()
}

// end ends a name or value in buf.
func (b *stun) end() { b.ends = append(b.ends, len(b.buf)) }

func (b *stun) attribute(e *event.STUNStringAttribute) {
	b.name(e.AttrType)
	if n := len(e.AttrVal); (e.AttrType == stunPriority || e.AttrType == stunFingerprint) && n == 4 {
		b.buf = strconv.AppendUint(b.buf, uint64(binary.BigEndian.Uint32(e.AttrVal)), 10)
	} else {
		b.buf = append(b.buf, e.AttrVal...)
	}
	b.end()
}

func (b *stun) address(e *event.STUNMappedAddressAttribute) {
	addr, port := e.XAddr, e.XPort
	switch e.AttrType {
	case stunXORMappedAddress, stunXORPeer, stunXORRelayed:
		// RFC 8489 section 14.2.
		var key [16]byte
		binary.BigEndian.PutUint32(key[:], stunCookie)
		copy(key[4:], e.TransID)
		port ^= stunCookie >> 16
		if addr.Is4() {
			a := addr.As4()
			xorBytes(a[:], key[:])
			addr = netip.AddrFrom4(a)
		} else {
			a := addr.As16()
			xorBytes(a[:], key[:])
			addr = netip.AddrFrom16(a)
		}
	}
	b.name(e.AttrType)
	b.buf = strconv.AppendUint(append(addr.AppendTo(b.buf), ':'), port, 10)
	b.end()
	id := e.Conn.ID()
	lan := id.OrigH
	if e.IsOrig {
		lan = id.RespH
	}
	mapped := e.AttrType == stunMappedAddress || e.AttrType == stunXORMappedAddress
	if mapped && addr != lan && e.Method == stunBinding && e.Class == stunSuccess {
		b.wan, b.ports, b.lan = append(b.wan, addr), append(b.ports, port), append(b.lan, lan)
	}
}

func xorBytes(b, key []byte) {
	for i := range b {
		b[i] ^= key[i]
	}
}

func (b *stun) errorCode(e *event.STUNErrorCodeAttribute) {
	b.name(e.AttrType)
	b.buf = append(strconv.AppendUint(b.buf, e.ErrClass*100+e.Number, 10), ' ')
	b.buf = append(b.buf, e.Reason...)
	b.end()
}

func (b *stun) message(e *event.STUNSTUNPacket) {
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	from := 0
	for i, end := range b.ends {
		if s := text(b.buf[from:end]); i%2 == 0 {
			b.names = append(b.names, s)
		} else {
			b.vals = append(b.vals, s)
		}
		from = end
	}
	proto := value.Enum(id.Proto.String())
	b.rec = schemas.STUN{
		TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id), Proto: proto, IsOrig: value.Some(e.IsOrig),
		TransID: value.Some(text(e.TransID)), Method: value.Some(b.method(e.Method)), Class: value.Some(stunClasses[e.Class&3]),
		AttrTypes: b.names, AttrVals: b.vals,
	}
	if b.rec.AttrTypes == nil {
		b.rec.AttrTypes, b.rec.AttrVals = value.Vector[string]{}, value.Vector[string]{}
	}
	b.out.Emit(&b.rec)
	if len(b.wan) > 0 {
		b.nat = schemas.STUNNAT{
			TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id), Proto: proto, IsOrig: value.Some(e.IsOrig),
			WANAddrs: b.wan, WANPorts: b.ports, LANAddrs: b.lan,
		}
		b.out.Emit(&b.nat)
	}
	b.ends, b.buf, b.names, b.vals = b.ends[:0], b.buf[:0], b.names[:0], b.vals[:0]
	b.wan, b.ports, b.lan = b.wan[:0], b.ports[:0], b.lan[:0]
}

// method returns the name of a method.
func (b *stun) method(n uint64) string {
	if n < uint64(len(stunMethods)) && stunMethods[n] != "" {
		return stunMethods[n]
	}
	b.unknown = strconv.AppendUint(append(b.unknown[:0], "unknown-methodtype-"...), n, 10)
	return text(b.unknown)
}

// Names of methods (RFC 8489 section 18.2, RFC 8656 section 17, RFC 6062 section 6.1), of
// Google's among them, and of classes, as the package has them.
var (
	stunMethods = [...]string{
		0x01: "BINDING", 0x03: "ALLOCATE", 0x04: "REFRESH", 0x06: "SEND", 0x07: "DATA",
		0x08: "CREATEPERMISSION", 0x09: "CHANNELBIND",
		0x0a: "CONNECT", 0x0b: "CONNECTIONBIND", 0x0c: "CONNECTIONATTEMPT",
		0x80: "GOOG-PING",
	}
	stunClasses = [4]string{"REQUEST", "INDICATION", "RESPONSE_SUCCESS", "RESPONSE_ERROR"}
)

// stunAttributes has the names of attributes in IANA's registry of STUN parameters, in the
// package's spelling.
var stunAttributes = map[uint64]string{
	0x0001: "MAPPED_ADDRESS",
	0x0006: "USERNAME",
	0x0008: "MESSAGE_INTEGRITY",
	0x0009: "ERROR_CODE",
	0x000a: "UNKNOWN_ATTRIBUTES",
	0x000c: "CHANNEL_NUMBER",
	0x000d: "LIFETIME",
	0x0012: "XOR_PEER_ADDRESS",
	0x0013: "DATA",
	0x0014: "REALM",
	0x0015: "NONCE",
	0x0016: "XOR_RELAYED_ADDRESS",
	0x0017: "REQUESTED_ADDRESS_FAMILY",
	0x0018: "EVEN_PORT",
	0x0019: "REQUESTED_TRANSPORT",
	0x001a: "DONT_FRAGMENT",
	0x001b: "ACCESS_TOKEN",
	0x001c: "MESSAGE_INTEGRITY_SHA256",
	0x001d: "PASSWORD_ALGORITHM",
	0x001e: "USERHASH",
	0x0020: "XOR_MAPPED_ADDRESS",
	0x0022: "RESERVATION_TOKEN",
	0x0024: "PRIORITY",
	0x0025: "USE_CANDIDATE",
	0x0026: "PADDING",
	0x0027: "RESPONSE_PORT",
	0x002a: "CONNECTION_ID",
	0x8000: "ADDITIONAL_ADDRESS_FAMILY",
	0x8001: "ADDRESS_ERROR_CODE",
	0x8002: "PASSWORD_ALGORITHMS",
	0x8003: "ALTERNATE_DOMAIN",
	0x8004: "ICMP",
	0x8022: "SOFTWARE",
	0x8023: "ALTERNATE_SERVER",
	0x8025: "TRANSACTION_TRANSMIT_COUNTER",
	0x8027: "CACHE_TIMEOUT",
	0x8028: "FINGERPRINT",
	0x8029: "ICE_CONTROLLED",
	0x802a: "ICE_CONTROLLING",
	0x802b: "RESPONSE_ORIGIN",
	0x802c: "OTHER_ADDRESS",
	0x802d: "ECN_CHECK",
	0x802e: "THIRD_PARTY_AUTHORIZATION",
	0x8030: "MOBILITY_TICKET",
	0xc000: "CISCO_STUN_FLOWDATA",
	0xc001: "ENF_FLOW_DESCRIPTION",
	0xc002: "ENF_NETWORK_STATUS",
	0xc057: "GOOG_NETWORK_INFO",
	0xc058: "GOOG_LAST_ICE_CHECK_RECEIVED",
	0xc059: "GOOG_MISC_INFO",
	0xc05a: "GOOG_OBSOLETE_1",
	0xc05b: "GOOG_CONNECTION_ID",
	0xc05c: "GOOG_DELTA",
	0xc05d: "GOOG_DELTA_ACK",
	0xc060: "GOOG_MESSAGE_INTEGRITY_32",
}
