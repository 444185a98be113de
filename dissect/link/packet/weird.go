package packet

// Weird is one oddity found while decoding, under Zeek's name.
type Weird struct {
	// Name is Zeek's name of the weird, such as "truncated_IP".
	Name string
	// Addl is additional information; often empty.
	Addl string
	// Source is Zeek's name of the analyzer that saw it, such as "ETHERNET" or
	// "IP". It is empty for weirds about IPv6 extension headers and fragments,
	// which Zeek raises without one. Inside a tunnel Zeek appends "_in_tunnel"
	// to the name of a weird that has a source, and to no other.
	Source string
	// Src and Dst are the addresses that the weird concerns, if HasAddrs is
	// set: it is then a flow weird, otherwise a net weird.
	Src, Dst [16]byte
	HasAddrs bool
}

// maxWeirds bounds the weirds of one packet. Zeek has no such bound; a packet
// that exceeds it has dozens of malformed extension headers or tags.
const maxWeirds = 32

// Weirds collects the weirds of one packet in the order in which Zeek raises
// them. The zero value is ready for use; it allocates once, with the first weird.
type Weirds struct {
	list []Weird
	lost uint64
}

// All returns the weirds. The slice is valid until the next Reset.
func (w *Weirds) All() []Weird { return w.list }

// Lost returns the number of weirds omitted so far, over all packets, because a
// packet had too many.
func (w *Weirds) Lost() uint64 { return w.lost }

// Reset empties the list.
func (w *Weirds) Reset() { w.list = w.list[:0] }

// Add appends a weird.
func (w *Weirds) Add(x Weird) {
	if len(w.list) == maxWeirds {
		w.lost++
		return
	}
	if w.list == nil {
		w.list = make([]Weird, 0, maxWeirds)
	}
	w.list = append(w.list, x)
}

// net adds a weird without addresses.
func (w *Weirds) net(a layer, name, addl string) {
	w.Add(Weird{Name: name, Addl: addl, Source: a.String()})
}

// flow adds a weird about the addresses of ip.
func (w *Weirds) flow(ip *IP, source, name, addl string) {
	w.Add(Weird{Name: name, Addl: addl, Source: source, Src: ip.Src, Dst: ip.Dst, HasAddrs: true})
}
