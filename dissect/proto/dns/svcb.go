package dns

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Keys of service parameters (RFC 9460 section 14.3.2).
const (
	svcMandatory     = 0
	svcALPN          = 1
	svcNoDefaultALPN = 2
	svcPort          = 3
	svcIPv4Hint      = 4
	svcECH           = 5
	svcIPv6Hint      = 6
)

// svcb parses an SVCB or HTTPS record (RFC 9460 section 2.2).
func (d *decoder) svcb(n int, https bool) bool {
	if d.left() < 3 {
		d.weird("DNS_SVCB_wrong_length", "")
		return false
	}
	start := d.off
	r := event.DNSSVCBRR{SvcPriority: uint64(d.u16())}
	name, ok := d.readName(d.name1[:0], maxPlainName, false)
	if !ok {
		return false
	}
	if len(name) == 0 {
		name = append(name, '.')
	}
	r.TargetName = name
	if n -= d.off - start; n > 0 {
		if r.SvcPriority == 0 {
			d.weird("DNS_SVCB_aliasmode_with_params", "")
		}
		d.svcParams(d.bytes(n))
		r.SvcParams = value.Some(d.params)
	}
	if https {
		if e := d.hooks.HTTPS.Begin(); e != nil {
			e.Conn, e.Msg, e.Ans, e.HTTPS = d.conn, d.msg, d.ans, r
			d.hooks.HTTPS.Raise(e)
		}
	} else if e := d.hooks.SVCB.Begin(); e != nil {
		e.Conn, e.Msg, e.Ans, e.SVCB = d.conn, d.msg, d.ans, r
		d.hooks.SVCB.Raise(e)
	}
	return true
}

// svcParams parses service parameters into params.
func (d *decoder) svcParams(b []byte) {
	d.params, d.strs, d.keys, d.addrs, d.encoded = d.params[:0], d.strs[:0], d.keys[:0], d.addrs[:0], d.encoded[:0]
	for len(b) >= 4 {
		p := event.DNSSVCBParam{Key: uint64(binary.BigEndian.Uint16(b))}
		size := int(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
		if size > len(b) {
			d.weird("DNS_SVCB_param_value_toobig", strconv.Itoa(size)+" capped to "+strconv.Itoa(len(b)))
			p.Raw = value.Some(b)
			d.params = append(d.params, p)
			return
		}
		v := b[:size:size]
		b = b[size:]
		if weird := d.svcParam(&p, v); weird != "" {
			d.weird(weird, "")
			p.Raw = value.Some(v)
		}
		d.params = append(d.params, p)
	}
}

// svcParam parses the value of a parameter. If the value is malformed it returns the name
// of a weird.
func (d *decoder) svcParam(p *event.DNSSVCBParam, v []byte) (weird string) {
	switch p.Key {
	case svcMandatory:
		if len(v) == 0 || len(v)%2 != 0 {
			return "DNS_SVCB_mandatory_length_invalid"
		}
		from := len(d.keys)
		for ; len(v) > 0; v = v[2:] {
			d.keys = append(d.keys, uint64(binary.BigEndian.Uint16(v)))
		}
		p.Mandatory = value.Some(d.keys[from:len(d.keys):len(d.keys)])
	case svcALPN:
		from := len(d.strs)
		for len(v) > 0 {
			n := int(v[0])
			if n == 0 || n >= len(v) {
				d.strs = d.strs[:from]
				return "DNS_SVCB_alpn_length_invalid"
			}
			d.strs = append(d.strs, v[1:1+n:1+n])
			v = v[1+n:]
		}
		if len(d.strs) > from {
			p.ALPN = value.Some(d.strs[from:len(d.strs):len(d.strs)])
		}
	case svcNoDefaultALPN:
		if len(v) > 0 {
			return "DNS_SVCB_nodefaultalpn_value"
		}
	case svcPort:
		if len(v) != 2 {
			return "DNS_SVCB_port_length_invalid"
		}
		p.P = value.Some(uint64(binary.BigEndian.Uint16(v)))
	case svcIPv4Hint, svcIPv6Hint:
		size := 4
		if p.Key == svcIPv6Hint {
			size = 16
		}
		if len(v)%size != 0 {
			return "DNS_SVCB_hint_length_invalid"
		}
		from := len(d.addrs)
		for ; len(v) > 0; v = v[size:] {
			a, _ := netip.AddrFromSlice(v[:size])
			d.addrs = append(d.addrs, a.Unmap())
		}
		if len(d.addrs) > from {
			p.Hint = value.Some(d.addrs[from:len(d.addrs):len(d.addrs)])
		}
	case svcECH:
		from := len(d.encoded)
		d.encoded = base64.StdEncoding.AppendEncode(d.encoded, v)
		p.ECH = value.Some(d.encoded[from:len(d.encoded):len(d.encoded)])
	default:
		return "DNS_SVCB_key_reserved_or_invalid"
	}
	return ""
}
