package packet

import "maps"

// maxHosts bounds the hosts of a ChecksumStats.
const maxHosts = 4096

// ChecksumStats counts the packets whose checksums are not right, in all and by the
// host that sent them. The zero value is ready for use.
type ChecksumStats struct {
	ChecksumCounts
	// Hosts has the first hosts, at most 4,096. Unnamed reports that there are more.
	Hosts   map[Addr]ChecksumCounts
	Unnamed bool
}

// ChecksumCounts counts packets whose checksums are not right.
type ChecksumCounts struct {
	Wrong   uint64 // left out
	Partial uint64 // left out: the checksum is what offloading leaves
	Taken   uint64 // processed, although partial, because of ChecksumsAuto
}

// LeftOut is the number of packets that were left out.
func (c ChecksumCounts) LeftOut() uint64 { return c.Wrong + c.Partial }

func (c *ChecksumCounts) add(d ChecksumCounts) {
	c.Wrong += d.Wrong
	c.Partial += d.Partial
	c.Taken += d.Taken
}

// Count counts a packet of src that was dropped because of why. Other reasons than
// checksums do not count.
func (s *ChecksumStats) Count(src *[16]byte, why Drop) {
	switch why {
	case DropChecksum, DropTCPChecksum, DropUDPChecksum, DropICMPChecksum:
		s.add(AddrFrom16(src), ChecksumCounts{Wrong: 1})
	case DropPartialChecksum, dropNoLength:
		s.add(AddrFrom16(src), ChecksumCounts{Partial: 1})
	default:
	}
}

// CountTaken counts a packet of src with a partial checksum that was processed.
func (s *ChecksumStats) CountTaken(src *[16]byte) { s.add(AddrFrom16(src), ChecksumCounts{Taken: 1}) }

func (s *ChecksumStats) add(host Addr, n ChecksumCounts) {
	s.ChecksumCounts.add(n)
	s.addHost(host, n)
}

func (s *ChecksumStats) addHost(host Addr, n ChecksumCounts) {
	old, ok := s.Hosts[host]
	if !ok && len(s.Hosts) >= maxHosts {
		s.Unnamed = true
		return
	}
	if s.Hosts == nil {
		s.Hosts = make(map[Addr]ChecksumCounts)
	}
	old.add(n)
	s.Hosts[host] = old
}

// Merge adds the counts of o.
func (s *ChecksumStats) Merge(o *ChecksumStats) {
	s.ChecksumCounts.add(o.ChecksumCounts)
	s.Unnamed = s.Unnamed || o.Unnamed
	for host, n := range o.Hosts {
		s.addHost(host, n)
	}
}

// Clone returns a copy that shares no memory with s.
func (s *ChecksumStats) Clone() ChecksumStats {
	c := *s
	c.Hosts = maps.Clone(s.Hosts)
	return c
}
