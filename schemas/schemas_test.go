package schemas

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/value"
)

// A counter counts top-level columns by the method they came through.
type counter struct {
	groups Groups
	kinds  []Kind
	nested bool
	unset  int
}

func (c *counter) add(k Kind) {
	if !c.nested {
		c.kinds = append(c.kinds, k)
	}
}

func (c *counter) Groups() Groups       { return c.groups }
func (c *counter) Unset()               { c.unset++; c.add(0) }
func (c *counter) Bool(bool)            { c.add(KindBool) }
func (c *counter) Count(uint64)         { c.add(KindCount) }
func (c *counter) Int(int64)            { c.add(KindInt) }
func (c *counter) Double(float64)       { c.add(KindDouble) }
func (c *counter) Time(value.Time)      { c.add(KindTime) }
func (c *counter) Interval(float64)     { c.add(KindInterval) }
func (c *counter) String(string)        { c.add(KindString) }
func (c *counter) Enum(string)          { c.add(KindEnum) }
func (c *counter) Addr(netip.Addr)      { c.add(KindAddr) }
func (c *counter) Subnet(netip.Prefix)  { c.add(KindSubnet) }
func (c *counter) Port(uint16)          { c.add(KindPort) }
func (c *counter) Begin(Container, int) { c.add(KindString); c.nested = true }
func (c *counter) End()                 { c.nested = false }

const allGroups = GroupCommunityID | GroupMACLogging | GroupVLANLogging | GroupSource | GroupMirror | GroupHASSH

func TestEncodeMatchesSchema(t *testing.T) {
	for i, s := range All() {
		if s.ID != i || Lookup(s.Name) != s || s.New().Schema() != s || s.Doc == "" {
			t.Errorf("%s: ID %d at %d, or not found by its name or record", s.Name, s.ID, i)
		}
		for g := range allGroups + 1 {
			c := &counter{groups: g}
			s.New().Encode(c)
			fields := s.With(g).Fields
			if len(c.kinds) != len(fields) {
				t.Errorf("%s with %q: %d columns passed, %d in the schema", s.Name, g, len(c.kinds), len(fields))
				continue
			}
			for j, f := range fields {
				if f.Unsettable != (c.kinds[j] == 0) || c.kinds[j] != 0 && c.kinds[j] != f.Kind {
					t.Errorf("%s: %s is passed as %s, declared %s", s.Name, f.Name, c.kinds[j], f.Kind)
				}
				if f.Doc == "" {
					t.Errorf("%s: %s has no documentation", s.Name, f.Name)
				}
			}
		}
	}
	if Lookup("nonesuch") != nil {
		t.Error("found a log that there is not")
	}
}

func TestEncodeSetColumns(t *testing.T) {
	r := Conn{
		TunnelParents: value.Set[string]{"a", "b"},
		CommunityID:   value.Some("1:x"), OrigL2Addr: value.Some("m"), RespL2Addr: value.Some("m"),
		VLAN: value.Some(int64(1)), InnerVLAN: value.Some(int64(2)),
		Source: &Source{File: value.Some("x.pcap"), Interface: value.Some(uint64(0)), Packet: value.Some(uint64(1)),
			MirrorType: value.Some("vxlan"), MirrorID: value.Some(uint64(1)), InnerMirrorType: value.Some("gre"), InnerMirrorID: value.Some(uint64(1))},
		Service: value.Some("http"), Duration: value.Some(value.Interval(1)),
		OrigBytes: value.Some(uint64(0)), RespBytes: value.Some(uint64(0)), ConnState: value.Some("SF"),
		LocalOrig: value.Some(false), LocalResp: value.Some(false), History: value.Some(""),
		OrigPkts: value.Some(uint64(0)), OrigIPBytes: value.Some(uint64(0)),
		RespPkts: value.Some(uint64(0)), RespIPBytes: value.Some(uint64(0)), IPProto: value.Some(uint64(6)),
	}
	c := &counter{groups: allGroups}
	r.Encode(c)
	for i, f := range ConnSchema.Fields {
		if c.kinds[i] != f.Kind {
			t.Errorf("%s is passed as %s", f.Name, c.kinds[i])
		}
	}
	w := Weird{ID: value.Some(ID{})}
	c = &counter{}
	w.Encode(c)
	if !slices.Equal(c.kinds[2:6], []Kind{KindAddr, KindPort, KindAddr, KindPort}) {
		t.Errorf("a set record is passed as %v", c.kinds[2:6])
	}
}

func TestGroups(t *testing.T) {
	g, err := ParseGroups([]string{"vlan-logging", "community-id"})
	if err != nil || g != GroupCommunityID|GroupVLANLogging || g.String() != "community-id,vlan-logging" {
		t.Errorf("got %q, %v", g, err)
	}
	if _, err := ParseGroups([]string{"nonesuch"}); err == nil {
		t.Error("no error for an unknown group")
	}
	s := ConnSchema.With(GroupMACLogging)
	if last := s.Fields[len(s.Fields)-1]; last.Name != "resp_l2_addr" || !last.Optional() {
		t.Errorf("the last column is %s", last.Name)
	}
	if len(ConnSchema.With(allGroups).Fields) != len(ConnSchema.Fields) {
		t.Error("columns are missing with all groups")
	}
}

func TestZeekType(t *testing.T) {
	for want, f := range map[string]Field{
		"set[string]":      {Kind: KindString, Container: SetOf},
		"vector[interval]": {Kind: KindInterval, Container: VectorOf},
		"addr":             {Kind: KindAddr},
	} {
		if got := f.ZeekType(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestFlowColumns checks that every log with a connection embeds *Flow.
func TestFlowColumns(t *testing.T) {
	for _, s := range All() {
		has := func(name string) bool {
			return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Name == name })
		}
		_, flowing := s.New().(Flowing)
		for _, name := range []string{"community_id", "orig_l2_addr", "resp_l2_addr", "vlan", "inner_vlan", "source_file", "source_interface", "source_packet"} {
			if has(name) != has("uid") || flowing != has("uid") {
				t.Errorf("%s: column %s: %v, uid: %v: embed *Flow as the last field", s.Name, name, has(name), has("uid"))
			}
		}
	}
}
