package metrics

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/writers"
)

// desc describes a metric of the program.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wirelog_"+name, help, labels, nil)
}

var (
	packets    = desc("packets_total", "Packets read.")
	bytes      = desc("bytes_total", "Captured bytes of the packets read.")
	filtered   = desc("packets_filtered_total", "Packets that the filter has left out.")
	kernelDrop = desc("kernel_dropped_packets_total", "Packets that the kernel has dropped before they were read.")
	kernelSeen = desc("kernel_packets_total", "Packets that the kernel has seen.")
	ofPackets  = desc("interface_packets_total", "Packets that the kernel has seen, by interface.", "interface")
	ofDrops    = desc("interface_dropped_packets_total", "Packets that the kernel has dropped because the ring was full, by interface.", "interface")
	ofGone     = desc("interface_gone_total", "How often the interface went down or away.", "interface")
	ring       = desc("ring_bytes", "Size of the ring, by interface.", "interface")
	fill       = desc("ring_fill_ratio", "Largest share of the ring that waited to be read or was in use, since the run told its state before.", "interface")
	filter     = desc("filter_info", "The filter in force, and where it is applied: kernel or program.", "interface", "filter", "by")
	jobs       = desc("shard_queue_batches", "Batches of packets that wait for the shard.", "shard")
	results    = desc("shard_results", "Results of the shard that wait to be merged.", "shard")
	level      = desc("overload_level", "What is left out because of overload: 0 nothing, 1 hashes and extraction of files, 2 long streams, too.")
	overloads  = desc("overloads_total", "How often the level of overload went up.")
	shed       = desc("shed_total", "What was left out because of overload, by kind.", "kind")
	limit      = desc("memory_limit_bytes", "What the program should take in all (limits.memory).")
	processed  = desc("packets_processed_total", "Packets dissected.")
	dropped    = desc("packets_dropped_total", "Packets left out, by reason.", "reason")
	ofShard    = desc("shard_packets_total", "Packets of each shard.", "shard")
	conns      = desc("connections_total", "Connections begun, by transport.", "proto")
	active     = desc("connections_active", "Connections that are open, by transport.", "proto")
	files      = desc("files_total", "Files begun.")
	openFiles  = desc("files_active", "Files that are being analyzed.")
	acks       = desc("tcp_acks_total", "Acknowledgements of something new, on established connections.")
	gaps       = desc("tcp_gaps_total", "Those of them that reveal bytes which were not captured.")
	state      = desc("state_bytes", "Bytes held, by kind.", "kind")
	events     = desc("events_total", "Events raised.")
	built      = desc("rows_built_total", "Rows built, by log and output.", "log", "output")
	written    = desc("rows_written_total", "Rows written or acknowledged, by log and output.", "log", "output")
	rowsGone   = desc("rows_dropped_total", "Rows not written, by log, output and reason; lost tells those that no option asks to leave out.", "log", "output", "reason", "lost")
	rowBytes   = desc("written_bytes_total", "Bytes written or sent, by log and output.", "log", "output")
	marks      = desc("output_marks_total", "What outputs count besides rows, such as retries and files that could not be rotated.", "log", "output", "mark", "bad")
	held       = desc("output_held", "What outputs hold, such as bytes of the spool and bytes that wait to be acknowledged.", "output", "kind")
	lag        = desc("lag_seconds", "Seconds between the clock and the time of the latest packet.")
	started    = desc("start_time_seconds", "When the run began.")
	reloads    = desc("config_reloads_total", "New configurations, by what became of them: done or refused.", "result")
	reloaded   = desc("config_last_reload_success_timestamp_seconds", "When the configuration was last exchanged; that of the start until then.")
	stuck      = desc("shards_stuck", "Shards that make no progress.")
	told       = desc("status_time_seconds", "When the run told its state last.")
)

// collector makes metrics of the latest status.
type collector struct {
	s               *Server
	version, config string // config is that of the start
}

// newBuildInfo returns the metric whose labels say what runs.
func newBuildInfo(version, config string) prometheus.Metric {
	d := desc("build_info", "What runs: version, hash of the configuration, Go's version.", "version", "config", "go")
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1, version, config, runtime.Version())
}

// Describe describes nothing: which metrics there are depends on the run.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	st := c.s.status.Load()
	if st == nil {
		ch <- newBuildInfo(c.version, c.config)
		return
	}
	ch <- newBuildInfo(c.version, cmp.Or(st.Config, c.config))
	m := sender{ch}
	m.traffic(st)
	m.held(st)
	for i := range st.Streams {
		m.stream(&st.Streams[i])
	}
}

type sender struct{ ch chan<- prometheus.Metric }

func (m sender) count(d *prometheus.Desc, n uint64, labels ...string) {
	m.ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (m sender) gauge(d *prometheus.Desc, v float64, labels ...string) {
	m.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (m sender) traffic(st *pipeline.Status) {
	c := &st.Counters
	for _, x := range []struct {
		d *prometheus.Desc
		n uint64
	}{
		{packets, st.Source.Packets}, {bytes, st.Source.Bytes}, {filtered, st.Source.Filtered},
		{kernelDrop, st.KernelDropped}, {kernelSeen, st.KernelSeen}, {processed, st.Processed},
		{files, c.Files}, {acks, c.Acks}, {gaps, c.Gaps}, {events, c.Events},
	} {
		m.count(x.d, x.n)
	}
	for _, reason := range slices.Sorted(maps.Keys(st.Dropped)) {
		m.count(dropped, st.Dropped[reason], reason)
	}
	for i, n := range st.Shards {
		m.count(ofShard, n, strconv.Itoa(i))
	}
	for i := range st.Source.Interfaces {
		m.tap(&st.Source.Interfaces[i], st.Filter)
	}
	if len(st.Source.Interfaces) == 0 && st.Filter != "" {
		m.gauge(filter, 1, "", st.Filter, pipeline.FilterProgram)
	}
	m.gauge(level, float64(st.Overload))
	m.count(overloads, st.Overloads)
	for _, kind := range slices.Sorted(maps.Keys(st.Shed)) {
		m.count(shed, st.Shed[kind], kind)
	}
	for _, x := range []struct {
		proto       string
		begun, open uint64
	}{{"tcp", c.TCP, c.ActiveTCP}, {"udp", c.UDP, c.ActiveUDP}, {"icmp", c.ICMP, c.ActiveICMP}} {
		m.count(conns, x.begun, x.proto)
		m.gauge(active, float64(x.open), x.proto)
	}
	m.gauge(openFiles, float64(c.ActiveFiles))
	if !st.LastPacket.IsZero() {
		m.gauge(lag, st.Lag.Seconds())
	}
	m.count(reloads, st.Reloads.Done, "done")
	m.count(reloads, st.Reloads.Refused, "refused")
	last := st.Reloads.Last
	if last.IsZero() {
		last = st.Start
	}
	m.gauge(reloaded, float64(last.UnixNano())/1e9)
	m.gauge(stuck, float64(len(st.Stuck)))
	m.gauge(started, float64(st.Start.UnixNano())/1e9)
	m.gauge(told, float64(st.Time.UnixNano())/1e9)
}

func (m sender) tap(i *pipeline.InterfaceStats, expression string) {
	m.count(ofPackets, i.Kernel, i.Name)
	m.count(ofDrops, i.Dropped, i.Name)
	m.count(ofGone, i.Gone, i.Name)
	m.gauge(ring, float64(i.Ring), i.Name)
	m.gauge(fill, float64(i.Fill), i.Name)
	if i.Filter != "" {
		m.gauge(filter, 1, i.Name, expression, i.Filter)
	}
}

func (m sender) held(st *pipeline.Status) {
	m.gauge(limit, float64(st.MemoryLimit))
	for i, n := range st.Jobs {
		m.gauge(jobs, float64(n), strconv.Itoa(i))
	}
	for i, n := range st.Results {
		m.gauge(results, float64(n), strconv.Itoa(i))
	}
	for _, kind := range slices.Sorted(maps.Keys(st.State)) {
		m.gauge(state, float64(st.State[kind]), kind)
	}
	for _, output := range slices.Sorted(maps.Keys(st.Gauges)) {
		for _, kind := range slices.Sorted(maps.Keys(st.Gauges[output])) {
			m.gauge(held, float64(st.Gauges[output][kind]), output, kind)
		}
	}
}

func (m sender) stream(s *writers.StreamStats) {
	m.count(built, s.Built, s.Log, s.Output)
	m.count(written, s.Written, s.Log, s.Output)
	m.count(rowBytes, s.Bytes, s.Log, s.Output)
	for why, n := range s.Dropped {
		if r := writers.Reason(why); n > 0 {
			m.count(rowsGone, n, s.Log, s.Output, r.String(), strconv.FormatBool(r.Lost()))
		}
	}
	for _, x := range s.Marks {
		m.count(marks, x.Count, s.Log, s.Output, x.Name, strconv.FormatBool(x.Bad))
	}
}
