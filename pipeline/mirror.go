package pipeline

import (
	"fmt"
	"slices"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/mirror"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// unwrapper takes off the tunnels of Options.Mirror for a source.
type unwrapper struct {
	dec   *mirror.Decoder
	frame packet.Frame
}

var _ capture.Unwrapper = (*unwrapper)(nil)

// newUnwrapper returns nil if there are no tunnels to take off.
func (o *Options) newUnwrapper() (*unwrapper, error) {
	kinds, option := o.Mirror, "Mirror"
	if ports := o.udpPorts(); len(ports) > 0 {
		option = "ListenUDP"
		kinds = append(slices.Clone(kinds), "vxlan", "geneve")
		for _, text := range ports {
			m, err := capture.ParseUDPMirror(text)
			if err != nil {
				return nil, &OptionError{option, err}
			}
			kinds = append(kinds, fmt.Sprintf("%s:%d", m.Kind, m.At.Port()))
		}
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	dec, err := mirror.New(kinds, o.Dissect.Packet)
	if err != nil {
		return nil, &OptionError{option, err}
	}
	return &unwrapper{dec: dec}, nil
}

// Unwrap implements capture.Unwrapper.
func (u *unwrapper) Unwrap(p *capture.Packet, m *capture.Mirror) capture.Unwrapped {
	f := &u.frame
	f.Data, f.OrigLen, f.Link, f.Now = p.Data, p.OrigLen, packet.LinkType(p.Link), value.Time(p.Now)
	switch u.dec.Strip(f) {
	case mirror.Held:
		return capture.UnwrapHeld
	case mirror.Lost:
		return capture.UnwrapLost
	case mirror.Plain:
		return capture.UnwrapPlain
	case mirror.Stripped:
	}
	p.Data, p.OrigLen, p.Link = f.Data, f.OrigLen, uint16(f.Link)
	m.Outer, m.Inner = tunnelOf(&u.dec.Outer), tunnelOf(&u.dec.Inner)
	if u.dec.Volatile {
		return capture.UnwrapCopy
	}
	return capture.UnwrapDone
}

func tunnelOf(t *mirror.Tunnel) capture.Tunnel {
	if t.Kind == 0 {
		return capture.Tunnel{}
	}
	return capture.Tunnel{Name: t.Kind.String(), ID: t.ID, HasID: t.HasID}
}
