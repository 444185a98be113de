package conn

// contents says of which connections one side's payload is reported as an event.
type contents struct {
	all   bool
	ports *[1 << 16 / 64]uint64 // set of ports, nil if it is empty
}

// newContents returns the contents of the side that Options.Contents calls side.
func newContents(o *Options, side string, ports []uint16) contents {
	c := contents{all: o.Contents == side || o.Contents == ContentsBoth}
	if len(ports) > 0 {
		c.ports = new([1 << 16 / 64]uint64)
		for _, p := range ports {
			c.ports[p/64] |= 1 << (p % 64)
		}
	}
	return c
}

// has reports whether the payload of a connection is reported to whose port p the list of
// ports applies.
func (c *contents) has(p uint16) bool {
	return c.all || c.ports != nil && c.ports[p/64]>>(p%64)&1 != 0
}
