package pipeline

import (
	"runtime"
	"runtime/metrics"

	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/value"
)

// counters are those of the shard so far.
func (s *shard) counters() logs.Counters {
	st, files := s.dissect.Table().Stats(), s.dissect.Files()
	active := func(p value.Proto) uint64 { return st.Begun[p] - st.Ended[p] }
	c := logs.Counters{
		Packets: s.dissect.Packets(), Bytes: s.bytes, Acks: st.Acks, Gaps: st.Gaps,
		TCP: st.Begun[value.ProtoTCP], UDP: st.Begun[value.ProtoUDP], ICMP: st.Begun[value.ProtoICMP],
		ActiveTCP: active(value.ProtoTCP), ActiveUDP: active(value.ProtoUDP), ActiveICMP: active(value.ProtoICMP),
		Files: files.Stats().Files, ActiveFiles: uint64(files.Open()),
		HeldTCP: s.dissect.Table().StreamHeld(), HeldFiles: uint64(files.Held()), HeldFragments: uint64(s.dissect.FragmentsHeld()),
	}
	for _, n := range s.hooks.Counts() {
		c.Events += n
	}
	return c
}

// shardCount is the number of shards of the run.
func (o *Options) shardCount() int {
	n := o.Shards
	if cpus, err := o.shardCPUs(); err == nil && n <= 0 {
		n = len(cpus)
	}
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, maxShards)
}

// process is what stats.log has of the process.
func (r *run) process() logs.Process {
	p := logs.Process{Memory: memoryInUse()}
	if r.opts.live() {
		s := r.watcher.status()
		p.Live, p.Filtered, p.Lag = true, s.Source.Filtered, s.Lag
		p.Dropped, p.Link = s.KernelDropped, s.KernelSeen
	}
	return p
}

// memoryInUse returns how many bytes of memory the Go runtime has from the system.
func memoryInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
