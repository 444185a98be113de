package capture

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// UDPMirror is where the datagrams of mirrors are received.
type UDPMirror struct {
	Kind string         // of the tunnel: vxlan or geneve
	At   netip.AddrPort // without an address, those of all interfaces
}

// String returns the mirror as ParseUDPMirror reads it.
func (m UDPMirror) String() string {
	if !m.At.Addr().IsValid() {
		return m.Kind + ":" + strconv.Itoa(int(m.At.Port()))
	}
	return m.Kind + ":" + m.At.String()
}

// ParseUDPMirror reads KIND:PORT or KIND:ADDRESS:PORT, such as vxlan:4789 or
// geneve:[2001:db8::1]:6081.
func ParseUDPMirror(text string) (m UDPMirror, err error) {
	kind, at, _ := strings.Cut(text, ":")
	if kind != "vxlan" && kind != "geneve" {
		return m, fmt.Errorf("%q: the tunnel is vxlan or geneve, and a port follows, as in vxlan:4789", text)
	}
	m.Kind = kind
	if port, err := strconv.ParseUint(at, 10, 16); err == nil {
		m.At = netip.AddrPortFrom(netip.Addr{}, uint16(port))
	} else if m.At, err = netip.ParseAddrPort(at); err != nil || m.At.Addr().Zone() != "" {
		return m, fmt.Errorf("%q: want %s:PORT or %s:ADDRESS:PORT", text, kind, kind)
	}
	if m.At.Port() == 0 {
		return m, fmt.Errorf("%q: want a port from 1 to 65535", text)
	}
	return m, nil
}

// errNoUnwrapper says that nobody takes the tunnels off.
var errNoUnwrapper = errors.New("datagrams of mirrors need ListenOptions.Unwrap")
