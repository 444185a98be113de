package dhcp

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Options (RFC 2132 with the section, unless stated otherwise).
const (
	optPad             = 0   // 3.1
	optSubnetMask      = 1   // 3.3
	optTimeOffset      = 2   // 3.4
	optRouters         = 3   // 3.5
	optTimeServers     = 4   // 3.6
	optNameServers     = 5   // 3.7
	optDNSServers      = 6   // 3.8
	optHostName        = 12  // 3.14
	optDomainName      = 15  // 3.17
	optForwarding      = 19  // 4.1
	optBroadcast       = 28  // 5.3
	optNTPServers      = 42  // 8.3
	optVendor          = 43  // 8.4
	optNBNS            = 44  // 8.5
	optAddrRequest     = 50  // 9.1
	optLease           = 51  // 9.2
	optMessageType     = 53  // 9.6
	optServAddr        = 54  // 9.7
	optParamList       = 55  // 9.8
	optMessage         = 56  // 9.9
	optMaxMessageSize  = 57  // 9.10
	optRenewalTime     = 58  // 9.11
	optRebindingTime   = 59  // 9.12
	optVendorClass     = 60  // 9.13
	optClientID        = 61  // 9.14
	optUserClass       = 77  // RFC 3004
	optClientFQDN      = 81  // RFC 4702
	optRelay           = 82  // RFC 3046
	optAutoConfig      = 116 // RFC 2563
	optAutoProxyConfig = 252 // Web Proxy Auto-Discovery Protocol, section 4.4.1
	optEnd             = 255 // 3.2
)

const (
	// cookie begins the options (RFC 2131 section 3); cookieAt is its offset.
	cookie   = 0x63825363
	cookieAt = 236
	headLen  = cookieAt + 4
)

// hasCookie matches a message by its cookie, as Zeek's signature does.
func hasCookie(b []byte) bool {
	return len(b) >= headLen && binary.BigEndian.Uint32(b[cookieAt:]) == cookie
}

// decoder decodes messages one at a time. What it decodes points into the message and into
// its scratch.
type decoder struct {
	hook    *event.DHCPMessageHook
	msg     event.DHCPMsg
	typed   bool // the message has a type
	cookie  uint32
	options event.DHCPOptions

	codes   []uint64
	params  []uint64
	addrs   []netip.Addr // of all options
	subOpts []event.DHCPSubOpt
	text    []byte // hardware addresses
}

// decode decodes a message (RFC 2131 section 2) and returns what is wrong with it, or nil.
func (d *decoder) decode(b []byte) *wire.Malformed {
	d.options = event.DHCPOptions{}
	d.codes, d.params, d.addrs, d.subOpts, d.text = d.codes[:0], d.params[:0], d.addrs[:0], d.subOpts[:0], d.text[:0]
	c := wire.NewCursor(b)
	h := c.Take(headLen, "DHCP_Message:cookie")
	if !c.OK() {
		return c.Err()
	}
	m := &d.msg
	*m = event.DHCPMsg{
		Op: uint64(h[0]), XID: uint64(binary.BigEndian.Uint32(h[4:])),
		Secs: value.Interval(binary.BigEndian.Uint16(h[8:])), Flags: uint64(binary.BigEndian.Uint16(h[10:])),
		CIAddr: addr(h[12:]), YIAddr: addr(h[16:]), SIAddr: addr(h[20:]), GIAddr: addr(h[24:]),
		CHAddr: d.hardware(h[28:44]), SName: trimmed(h[44:108]), FileN: trimmed(h[108:cookieAt]),
	}
	d.cookie = binary.BigEndian.Uint32(h[cookieAt:])
	d.typed = false
	for c.OK() {
		code := c.U8("Option:code")
		if !c.OK() || code == optEnd {
			break
		}
		d.codes = append(d.codes, uint64(code))
		if code != optPad {
			d.option(&c, code)
		}
	}
	d.options.Options = value.Some(d.codes)
	return c.Err()
}

// option reads an option after its code.
func (d *decoder) option(c *wire.Cursor, code uint8) {
	o := &d.options
	outer := c.Record()
	n := int(c.U8("OptionValueWrapper:length"))
	switch code {
	case optMessageType:
		// Only the first counts.
		if typ := c.U8("OptionValue:msg_type"); !d.typed {
			d.msg.MType, d.typed = uint64(typ), true
		}
	case optSubnetMask:
		o.SubnetMask = value.Some(address(c, "OptionValue:subnet"))
	case optBroadcast:
		o.Broadcast = value.Some(address(c, "OptionValue:broadcast_address"))
	case optAddrRequest:
		o.AddrRequest = value.Some(address(c, "OptionValue:addr_request"))
	case optServAddr:
		o.ServAddr = value.Some(address(c, "OptionValue:serv_addr"))
	case optRouters:
		o.Routers = value.Some(d.addresses(c, n))
	case optTimeServers:
		o.TimeServers = value.Some(d.addresses(c, n))
	case optNameServers:
		o.NameServers = value.Some(d.addresses(c, n))
	case optDNSServers:
		o.DNSServers = value.Some(d.addresses(c, n))
	case optNTPServers:
		o.NTPServers = value.Some(d.addresses(c, n))
	case optNBNS:
		o.NBNS = value.Some(d.addresses(c, n))
	case optTimeOffset:
		o.TimeOffset = value.Some(int64(int32(c.U32("OptionValue:time_offset"))))
	case optLease:
		o.Lease = value.Some(value.Interval(c.U32("OptionValue:lease")))
	case optRenewalTime:
		o.RenewalTime = value.Some(value.Interval(c.U32("OptionValue:renewal_time")))
	case optRebindingTime:
		o.RebindingTime = value.Some(value.Interval(c.U32("OptionValue:rebinding_time")))
	case optMaxMessageSize:
		o.MaxMsgSize = value.Some(uint64(c.U16("OptionValue:max_msg_size")))
	case optForwarding:
		o.Forwarding = value.Some(c.U8("OptionValue:forwarding") != 0)
	case optAutoConfig:
		o.AutoConfig = value.Some(c.U8("OptionValue:auto_config") != 0)
	default:
		d.variable(c, code, n)
	}
	c.End(outer)
}

// variable reads an option that is as long as it says.
func (d *decoder) variable(c *wire.Cursor, code uint8, n int) {
	o := &d.options
	b := c.Take(n, "OptionValue:other")
	if !c.OK() {
		return
	}
	switch code {
	case optHostName:
		o.HostName = value.Some(b)
	case optDomainName:
		o.DomainName = value.Some(trimmed(b))
	case optVendor:
		o.Vendor = value.Some(b)
	case optMessage:
		o.Message = value.Some(b)
	case optVendorClass:
		o.VendorClass = value.Some(b)
	case optUserClass:
		o.UserClass = value.Some(b)
	case optAutoProxyConfig:
		o.AutoProxyConfig = value.Some(bytes.TrimSuffix(b, []byte("\n")))
	case optParamList:
		start := len(d.params)
		for _, x := range b {
			d.params = append(d.params, uint64(x))
		}
		o.ParamList = value.Some(d.params[start:])
	case optClientID:
		if n == 0 {
			c.Fail(wire.OutOfBound("Client_Identifier:hwtype", 1, 0))
			return
		}
		id := event.DHCPClientID{HWType: uint64(b[0]), HWAddr: b[1:]}
		if id.HWType != 0 {
			id.HWAddr = d.hardware(id.HWAddr)
		}
		o.ClientID = value.Some(id)
	case optClientFQDN:
		if n < 3 {
			c.Fail(wire.OutOfBound("Client_FQDN:rcode2", 3, n))
			return
		}
		o.ClientFQDN = value.Some(event.DHCPClientFQDN{Flags: uint64(b[0]), RCode1: uint64(b[1]), RCode2: uint64(b[2]), DomainName: b[3:]})
	case optRelay:
		d.relay(c, b)
	}
}

// relay reads the sub-options of a relay (RFC 3046 section 2.0).
func (d *decoder) relay(c *wire.Cursor, b []byte) {
	start := len(d.subOpts)
	in := wire.NewCursor(b)
	for in.More() {
		head := in.Head(2, "Relay_Agent_SubOption:length")
		v := in.Take(int(head[1]), "Relay_Agent_SubOption:value")
		if in.OK() {
			d.subOpts = append(d.subOpts, event.DHCPSubOpt{Code: uint64(head[0]), Value: v})
		}
	}
	c.Done(&in)
	d.options.SubOpt = value.Some(d.subOpts[start:])
}

func addr(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b[:4])) }

// address reads an address.
func address(c *wire.Cursor, field string) netip.Addr {
	if b := c.Take(4, field); b != nil {
		return addr(b)
	}
	return netip.Addr{}
}

// addresses reads the addresses that have room in n bytes.
func (d *decoder) addresses(c *wire.Cursor, n int) []netip.Addr {
	start := len(d.addrs)
	for b := c.Take(n/4*4, "OptionValue:router_list"); len(b) > 0; b = b[4:] {
		d.addrs = append(d.addrs, addr(b))
	}
	return d.addrs[start:len(d.addrs):len(d.addrs)]
}

// trimmed returns b without the zero bytes at its end. As in Zeek text of one character
// counts as empty.
func trimmed(b []byte) []byte {
	// Most of the fields of 64 and 128 bytes are empty.
	for len(b) >= 8 && binary.LittleEndian.Uint64(b[len(b)-8:]) == 0 {
		b = b[:len(b)-8]
	}
	if b = bytes.TrimRight(b, "\x00"); len(b) > 1 {
		return b
	}
	return nil
}

// hardware returns a hardware address as Zeek's text: of 6 bytes, or of 8 if there are more
// and they are used. Another length gives no text.
func (d *decoder) hardware(b []byte) []byte {
	const digits = "0123456789abcdef"
	switch {
	case len(b) == 6:
	case len(b) < 8:
		return nil
	case b[6] == 0 && b[7] == 0:
		b = b[:6]
	default:
		b = b[:8]
	}
	start, text := len(d.text), d.text
	for _, x := range b {
		text = append(text, digits[x>>4], digits[x&0xf], ':')
	}
	d.text = text[:len(text)-1]
	return d.text[start:len(d.text):len(d.text)]
}
