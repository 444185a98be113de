package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/writers"
)

// summary adds up the counts of source, shards and merger.
func (r *run) summary() Summary {
	cap := r.source.Stats()
	s := Summary{
		Files: len(cap.Files) + cap.MoreFiles, Packets: cap.Packets + cap.Filtered + cap.Held + cap.HeldLost, Bytes: cap.Bytes,
		Filter: r.reloading.now.Filter, Interfaces: cap.Interfaces, Shards: len(r.shards),
		Clock: ClockCounts{Backwards: cap.Backwards, JumpsHeld: cap.JumpsHeld, Jumps: cap.Jumps,
			Clamped: cap.TimesClamped},
	}
	if r.last.Num != 0 {
		s.FirstPacket = time.Unix(0, r.first).UTC()
		s.LastPacket = time.Unix(0, r.last.Time).UTC()
	}
	for _, d := range r.source.Damage() {
		s.Damage = append(s.Damage, d.Error())
	}
	s.Records = RecordCounts{Empty: cap.Empty, Cut: cap.Cut, OverOriginal: cap.OverOriginal, CutToSnaplen: cap.CutToSnaplen}
	s.Damage = append(s.Damage, r.unknownLinks(cap.Files)...)
	drops := dropCounter{}
	drops.add(UnitPacket, "capture", "filter", cap.Filtered, false)
	r.addMirror(&s, &cap, drops)
	var dissected uint64
	for _, sh := range r.shards {
		st := sh.dissect.Stats()
		dissected += st.Packets
		s.Processed += st.Processed
		s.Connections += st.Conn.Created
		for _, n := range sh.hooks.Counts() {
			s.Events += n
		}
		for why, n := range st.Dropped {
			drops.add(UnitPacket, "dissect", packet.Drop(why).String(), n, packet.Drop(why) == packet.DropLinkType)
		}
		drops.add(UnitState, "connections", "limit", st.Conn.Evicted, true)
		drops.add(UnitState, "fragments", "expired", st.Fragments.Expired, false)
		drops.add(UnitState, "fragments", "limit", st.Fragments.Evicted, true)
		drops.add(UnitByte, "reassembly", "given_up", st.Conn.StreamDropped, false)
		drops.add(UnitState, "expected connections", "limit", st.Conn.Unexpected, false)
		for l, n := range st.Limits {
			drops.add(UnitState, l.Protocol, l.Name, n, false)
		}
		fs := &st.Files
		drops.add(UnitState, "files", "limit", fs.Evicted+fs.Refused, true)
		drops.add(UnitState, "extraction", "limit", fs.Extract.Refused, true)
		drops.add(UnitState, "extraction", "failed", fs.Extract.Failed, true)
		drops.add(UnitState, "extraction", "cut_off", fs.Extract.Cut, false)
		drops.add(UnitState, "extraction", "overload", fs.Extract.Shed, true)
		drops.add(UnitState, "hashes", "overload", fs.Unhashed, true)
		drops.add(UnitState, "streams", "overload", st.Conn.Shed, true)
		if n := st.Panics; n != 0 {
			s.addPanics("packet", n)
		}
		if n := st.Files.Panics; n != 0 {
			s.addPanics("file analyzer", n)
		}
		if n := sh.panics; n != 0 {
			s.addPanics("expiry", n)
		}
		if n := st.Conn.Panics; n != 0 {
			s.addPanics("analyzer", n)
		}
	}
	for _, n := range r.behind.hooks.Counts() {
		s.Events += n
	}
	if n := r.behind.panics; n != 0 {
		s.addPanics("listeners", n)
	}
	s.Outputs = r.places
	if r.opts.Tally {
		r.addTallies(&s)
	}
	// An interrupted run leaves packets that were read but not dissected.
	drops.add(UnitPacket, "run", "interrupted", cap.Packets-dissected, true)
	written := r.merger.Stats()
	for _, l := range written.Limits {
		drops.add(UnitState, strings.ToUpper(l.Log), l.Name, l.Count, false)
	}
	s.addStreams(written.Streams, drops)
	slices.SortFunc(s.Logs, func(a, b LogCount) int {
		return cmp.Or(cmp.Compare(a.Log, b.Log), cmp.Compare(a.Output, b.Output))
	})
	s.Dropped = drops.sorted()
	s.Checksums = r.checksums()
	return s
}

// addMirror adds what became of packets in the tunnels of mirrors.
func (r *run) addMirror(s *Summary, st *capture.Stats, drops dropCounter) {
	if r.unwrap == nil {
		return
	}
	s.Mirrored = st.Unwrapped
	drops.add(UnitPacket, "mirror", "mirror_fragment", st.Held, false)
	drops.add(UnitPacket, "mirror", "fragment_cut", st.HeldLost, true)
	f := r.unwrap.dec.Fragments()
	drops.add(UnitState, "mirrored packets", "fragments_missing", f.Expired+uint64(f.Held), true)
	drops.add(UnitState, "mirrored packets", "limit", f.Evicted, true)
}

// addStreams adds the counts of the writers. Outputs are named if there are several.
func (s *Summary) addStreams(streams []writers.StreamStats, drops dropCounter) {
	several := slices.ContainsFunc(streams, func(st writers.StreamStats) bool {
		return st.Output != "" && st.Output != streams[0].Output
	})
	for i := range streams {
		st := &streams[i]
		where, output := st.Log, ""
		if several {
			where, output = strings.TrimPrefix(st.Output+": "+st.Log, ": "), st.Output
		}
		for why, n := range st.Dropped {
			if n != 0 {
				drops.add(UnitRecord, where, writers.Reason(why).String(), n, writers.Reason(why).Lost())
			}
		}
		for _, m := range st.Marks {
			s.Marks = append(s.Marks, Mark{where, m.Name, m.Count, m.Bad})
		}
		if st.Built != 0 {
			s.Logs = append(s.Logs, LogCount{Log: st.Log, Output: output, Built: st.Built, Written: st.Written})
		}
	}
}

func (s *Summary) addPanics(where string, n uint64) {
	for i := range s.Panics {
		if s.Panics[i].Analyzer == where {
			s.Panics[i].Count += n
			return
		}
	}
	s.Panics = append(s.Panics, Panic{Analyzer: where, Count: n})
}

// dropCounter adds up drops over shards.
type dropCounter map[Drop]uint64

func (d dropCounter) add(u Unit, where, reason string, n uint64, lost bool) {
	if n != 0 {
		d[Drop{Unit: u, Where: where, Reason: reason, Lost: lost}] += n
	}
}

func (d dropCounter) sorted() []Drop {
	list := make([]Drop, 0, len(d))
	for k, n := range d {
		k.Count = n
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Drop) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}
