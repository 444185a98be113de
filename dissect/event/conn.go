package event

import "github.com/wirelog/wirelog/value"

// EndpointState is the state of one side of a connection, as Zeek numbers the
// states of TCP endpoints. UDP and ICMP sides are Inactive or Established
// (Zeek's UDP_INACTIVE and UDP_ACTIVE).
type EndpointState uint8

// States of an endpoint, with Zeek's TCP_* constants in mind.
const (
	StateInactive    EndpointState = iota // nothing was sent yet
	StateSynSent                          // SYN seen
	StateSynAckSent                       // SYN with ACK seen
	StatePartial                          // data or ACK without a handshake
	StateEstablished                      // handshake seen from this side
	StateClosed                           // FIN seen and delivered
	StateReset                            // RST seen
)

// Endpoint is one side of a connection (Zeek's endpoint record).
type Endpoint struct {
	// Size is the number of payload bytes sent: for TCP from sequence numbers.
	Size uint64
	// Packets and IPBytes count packets and the bytes of their IP datagrams,
	// headers included.
	Packets uint64
	IPBytes uint64
	// FlowLabel is the IPv6 flow label last seen.
	FlowLabel uint32
	State     EndpointState
	// HasL2 reports whether L2 is known.
	HasL2 bool
	// L2 is the link-layer address of the first packet from this side.
	L2 [6]byte
}

// Encapsulation is one layer of a tunnel that carries a connection (Zeek's
// EncapsulatingConn).
//
//wirelog:record EncapsulatingConn
type Encapsulation struct {
	ID ConnID `zeek:"cid"`
	// Type is Zeek's Tunnel::Type, such as "Tunnel::GRE".
	Type value.Enum `zeek:"tunnel_type" type:"Tunnel::Type"`
	// UID identifies the tunnel: the uid of the connection that carries it, or
	// an identifier of its own for tunnels that are not connections (IP in IP, GRE).
	UID value.UID `zeek:"uid,omitzero"`
}

// Conn is a connection as listeners see it (Zeek's connection record). It is
// valid until ConnectionStateRemove has been raised for it.
type Conn interface {
	ID() ConnID
	UID() value.UID
	// Start is the time of the first packet, Last that of the latest.
	Start() value.Time
	Last() value.Time
	// FirstPacket is the number, in this run, of the packet that created it.
	FirstPacket() uint64
	// Orig and Resp describe the two sides as of now.
	Orig() Endpoint
	Resp() Endpoint
	// History is Zeek's history string; the slice is valid inside the call.
	History() []byte
	// VLAN and InnerVLAN are the outer and inner VLAN ids of the first packet, if any.
	VLAN() (id uint16, ok bool)
	InnerVLAN() (id uint16, ok bool)
	// Tunnel is the stack of tunnels that carries the connection, outermost
	// first; nil outside tunnels. The slice must not be changed.
	Tunnel() []Encapsulation
	// Domain identifies the pair of hosts at the ends of the outermost of these
	// tunnels; it is 0 outside tunnels. The same addresses in two domains are
	// different hosts.
	Domain() uint32
	// Services appends the names of the confirmed analyzers, in order of confirmation.
	Services(dst []string) []string

	// Slot and SetSlot keep a builder's state on this connection. NewSlot hands
	// out slots while the pipeline is built. UsedSlots returns those that have a value.
	Slot(s Slot) any
	SetSlot(s Slot, v any)
	UsedSlots() SlotSet

	// Hold adds n to the bytes that the state in slot s takes beyond its fixed size; n
	// is negative when they are released. A builder whose state grows with traffic calls
	// it, so that limits.state_bytes holds; see Hooks.EndSlot.
	Hold(s Slot, n int)

	// Weird raises ConnWeird for the connection, unless sampling drops it, for a builder
	// that finds something odd (Zeek's Reporter::conn_weird).
	Weird(name, addl, source string)

	// SetBytesThreshold and SetPacketsThreshold ask for one
	// ConnBytesThresholdCrossed or ConnPacketsThresholdCrossed when that side
	// passes the threshold; 0 clears it. They are Zeek's
	// set_current_conn_{bytes,packets}_threshold.
	SetBytesThreshold(n uint64, isOrig bool)
	SetPacketsThreshold(n uint64, isOrig bool)
	// BytesThreshold and PacketsThreshold return the threshold that is set, or 0.
	BytesThreshold(isOrig bool) uint64
	PacketsThreshold(isOrig bool) uint64
	// OrigSeq and RespSeq are the highest sequence numbers that the peer has
	// acknowledged, relative to the first; 0 for anything but TCP (Zeek's
	// get_orig_seq and get_resp_seq).
	OrigSeq() uint64
	RespSeq() uint64
	// SetContentsFile writes the reassembled stream of the given directions to
	// w from now on (nil stops it); ContentsFile returns what is set. A failing
	// write raises ContentsFileWriteFailure and stops the recording.
	SetContentsFile(d Direction, w ContentsWriter) bool
	ContentsFile(d Direction) ContentsWriter
}

// Direction selects one or both sides of a connection (Zeek's CONTENTS_*).
type Direction uint8

// The directions of SetContentsFile.
const (
	DirectionNone Direction = iota
	DirectionOrig
	DirectionResp
	DirectionBoth
)

// ContentsWriter receives stream contents. It is an io.Writer under its own
// name, which documents its purpose in Conn.
type ContentsWriter interface{ Write(p []byte) (int, error) }

// Slot is an index into a connection's attachments.
type Slot uint8

// SlotSet is a set of slots.
type SlotSet [4]uint64

// Add adds s.
func (t *SlotSet) Add(s Slot) { t[s>>6] |= 1 << (s & 63) }

// Has reports whether s was added.
func (t *SlotSet) Has(s Slot) bool { return t[s>>6]&(1<<(s&63)) != 0 }

// NewSlot hands out the next slot of the connections whose events h raises. It
// may only be called while the pipeline is built.
func (h *Hooks) NewSlot() Slot {
	s := h.slots
	h.slots++
	if h.slots == 0 {
		panic("event: more than 255 connection slots")
	}
	return s
}

// Terminate marks the end of the run: memory that connections release from now on need
// not be kept for others. It cannot be undone.
func (h *Hooks) Terminate() { h.terminating = true }

// Terminating reports whether Terminate was called.
func (h *Hooks) Terminating() bool { return h.terminating }

// slotEnd is called at the end of a connection that has a value in a slot.
type slotEnd struct {
	slot  Slot
	fn    func(Conn)
	early func(Conn) // takes the place of fn in EndSlot, if not nil
}

// OnEnd registers fn for the end of connections that have a value in slot s at that time,
// so that a builder need not listen to ConnectionStateRemove, which every connection
// raises. It may only be called while the pipeline is built.
func (h *Hooks) OnEnd(s Slot, fn func(Conn)) { h.ends = append(h.ends, slotEnd{slot: s, fn: fn}) }

// End calls the functions of OnEnd for c, in the order of their registration. Whoever
// raises ConnectionStateRemove calls it next, for a connection whose slots may be in use.
// As in Hook.RaiseAll, all of them are called even if some panic.
func (h *Hooks) End(c Conn, panicked func(r any)) {
	for i := 0; i < len(h.ends); {
		i = h.endFrom(i, c, panicked)
	}
}

// EndSlot calls the functions of OnEnd for slot s of c before the connection ends, because
// too much memory is held. They write what there is and empty the slot.
func (h *Hooks) EndSlot(s Slot, c Conn, panicked func(r any)) {
	defer func() {
		if r := recover(); r != nil {
			panicked(r)
		}
	}()
	for i := range h.ends {
		if e := &h.ends[i]; e.slot == s && c.Slot(s) != nil {
			if e.early != nil {
				e.early(c)
			} else {
				e.fn(c)
			}
		}
	}
}

// OnEarlyEnd replaces the functions of OnEnd for slot s where EndSlot is called, for state
// of which something must stay.
func (h *Hooks) OnEarlyEnd(s Slot, fn func(Conn)) {
	for i := range h.ends {
		if h.ends[i].slot == s {
			h.ends[i].early = fn
		}
	}
}

// Ages are the ages at which somebody wants to hear of the connections that are still open.
type Ages struct {
	// First are the first ages, ascending. Every is the time between those that follow; 0 is
	// none.
	First []value.Time
	Every value.Time
	// Call is called at each of them. An age is counted from the run's clock at the first
	// packet, and reached when the clock is, whether or not the connection has a packet then.
	Call func(Conn)
}

// OnAges registers a, if it has an age. It may only be called while the pipeline is built,
// before the table of connections.
func (h *Hooks) OnAges(a Ages) { h.ages = append(h.ages, a) }

// Ages returns what OnAges has registered. The caller must not change it.
func (h *Hooks) Ages() []Ages { return h.ages }

// endFrom is to End what raiseFrom is to RaiseAll.
func (h *Hooks) endFrom(i int, c Conn, panicked func(r any)) (next int) {
	defer func() {
		if r := recover(); r != nil {
			panicked(r)
		}
	}()
	used := c.UsedSlots()
	for next = i; next < len(h.ends); {
		e := &h.ends[next]
		next++
		if used.Has(e.slot) {
			e.fn(c)
			used = c.UsedSlots() // fn may have changed others
		}
	}
	return next
}
