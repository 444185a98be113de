package watch

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// snapshot is a connection behind the merge, where it can no longer be asked or changed. It
// has its identity and the time at which it began; the rest is as at its first packet, or
// unknown.
type snapshot struct {
	uid   value.UID
	id    event.ConnID
	start value.Time
}

var _ event.Conn = (*snapshot)(nil)

func (s *snapshot) ID() event.ConnID                                           { return s.id }
func (s *snapshot) UID() value.UID                                             { return s.uid }
func (s *snapshot) Start() value.Time                                          { return s.start }
func (s *snapshot) Last() value.Time                                           { return s.start }
func (s *snapshot) FirstPacket() uint64                                        { return 0 }
func (s *snapshot) Orig() event.Endpoint                                       { return event.Endpoint{} }
func (s *snapshot) Resp() event.Endpoint                                       { return event.Endpoint{} }
func (s *snapshot) History() []byte                                            { return nil }
func (s *snapshot) VLAN() (id uint16, ok bool)                                 { return 0, false }
func (s *snapshot) InnerVLAN() (id uint16, ok bool)                            { return 0, false }
func (s *snapshot) Tunnel() []event.Encapsulation                              { return nil }
func (s *snapshot) Domain() uint32                                             { return 0 }
func (s *snapshot) Services(dst []string) []string                             { return dst }
func (s *snapshot) Slot(event.Slot) any                                        { return nil }
func (s *snapshot) SetSlot(event.Slot, any)                                    {}
func (s *snapshot) UsedSlots() event.SlotSet                                   { return event.SlotSet{} }
func (s *snapshot) Hold(event.Slot, int)                                       {}
func (s *snapshot) Weird(name, addl, source string)                            {}
func (s *snapshot) SetBytesThreshold(n uint64, isOrig bool)                    {}
func (s *snapshot) SetPacketsThreshold(n uint64, isOrig bool)                  {}
func (s *snapshot) BytesThreshold(isOrig bool) uint64                          { return 0 }
func (s *snapshot) PacketsThreshold(isOrig bool) uint64                        { return 0 }
func (s *snapshot) OrigSeq() uint64                                            { return 0 }
func (s *snapshot) RespSeq() uint64                                            { return 0 }
func (s *snapshot) SetContentsFile(event.Direction, event.ContentsWriter) bool { return false }
func (s *snapshot) ContentsFile(event.Direction) event.ContentsWriter          { return nil }
